"""A training step on one batch of everything: the stream, a cache of it, photographs of COCO and of LVIS."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torchvision.models.detection import MaskRCNN, maskrcnn_resnet50_fpn

import sos_online as sos
from tests.conftest import small_recipe


@pytest.fixture
def tiny_mask_rcnn() -> MaskRCNN:
    torch.manual_seed(0)
    small = {"min_size": 64, "max_size": 64, "box_batch_size_per_image": 8, "rpn_post_nms_top_n_train": 20}
    model = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=1300, **small)
    return model.train()


def test_a_step_of_mask_rcnn(
    library: sos.SegmentLibrary, real_data: Path, tmp_path: Path, tiny_mask_rcnn: MaskRCNN
) -> None:
    stream = sos.SOSDataset(library, small_recipe(96, light={"strength": [1, 1]}), length=4)
    sos.write_cache(stream, tmp_path / "cache", samples=4)
    coco = sos.CocoDataset(real_data / "coco/val", real_data / "coco/instances_val.json")
    lvis = sos.LvisDataset(real_data / "lvis/images", real_data / "lvis/lvis_v0.5_val_subset.json")
    cached = sos.CachedDataset.open(tmp_path / "cache")
    mixed = sos.mix({"stream": stream, "cache": cached, "coco": coco, "lvis": lvis}, weights=[1, 1, 1, 1])
    images, targets = next(iter(sos.make_loader(mixed, 8, num_workers=1, masks=True)))
    assert {target["source"] for target in targets} == {0, 1, 2, 3}
    for image, target in zip(images, targets, strict=True):
        assert image.dtype is torch.float32 and 0 <= image.min() <= image.max() <= 1
        assert target["masks"].shape == (len(target["labels"]), *image.shape[1:])
        assert {key: target[key].dtype for key in ("labels", "area", "iscrowd")} == dict.fromkeys(
            ("labels", "area", "iscrowd"), torch.int64
        )
    losses = tiny_mask_rcnn(list(images), targets)
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    assert all(bool(loss.isfinite()) for loss in losses.values())
    assert any(parameter.grad is not None for parameter in tiny_mask_rcnn.parameters())
