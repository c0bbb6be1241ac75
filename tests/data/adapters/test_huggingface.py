"""Batches for Hugging Face: real processors take them, and tiny models with random weights learn on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

import sos_online as sos
from sos_online.data.adapters import (
    HuggingFaceDetectionCollate,
    HuggingFaceSegmentationCollate,
    huggingface_detection,
    huggingface_segmentation,
    id2label,
)
from tests.conftest import small_recipe
from tests.data.exporting.shapes import Shapes
from tests.targets.made_up import many, nothing, overlapping, visible_masks, with_crowd

transformers = pytest.importorskip("transformers")

SIDE = 64


@pytest.fixture(autouse=True, scope="module")
def no_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="module")
def dataset(library: sos.SegmentLibrary) -> sos.SOSDataset:
    return sos.SOSDataset(library, small_recipe(SIDE, light=sos.Recipe().light), length=8, block_size=4)


@pytest.mark.parametrize("family", ["Detr", "ConditionalDetr", "DeformableDetr", "GroundingDino", "RTDetr", "Yolos"])
def test_boxes_and_classes_are_what_they_were(family: str) -> None:
    processor = getattr(transformers, f"{family}ImageProcessor")(do_resize=False, do_pad=False)
    image, target = Shapes(6).sample(2)
    batch = HuggingFaceDetectionCollate(processor)([(image, target)])
    (labels,) = batch["labels"]
    assert labels["class_labels"].tolist() == (target["labels"] - 1).tolist()
    height, width = image.shape[-2:]
    centre, sides = labels["boxes"].split(2, dim=1)
    corners = torch.cat([centre - sides / 2, centre + sides / 2], dim=1) * torch.tensor([width, height] * 2)
    assert torch.allclose(corners, target["boxes"].as_subclass(Tensor), atol=1e-4)
    assert labels["area"].tolist() == target["area"].tolist()
    assert labels["orig_size"].tolist() == [height, width]


@pytest.mark.parametrize("kind", [overlapping, many, nothing, with_crowd], ids=lambda kind: kind.__name__)
def test_masks_are_what_they_were(kind: Any) -> None:
    processor = transformers.DetrImageProcessor(do_resize=False, do_pad=False)
    target = kind()
    image = torch.zeros(3, *target["instance_map"].shape, dtype=torch.uint8)
    (labels,) = HuggingFaceDetectionCollate(processor, masks=True)([(image, target)])["labels"]
    kept = (target["iscrowd"] == 0).nonzero().flatten().tolist()
    masks = visible_masks(target)
    expected = [masks[row] for row in kept]
    assert len(labels["masks"]) == len(labels["class_labels"]) == len(expected)
    for mask, wanted in zip(labels["masks"].numpy(), expected, strict=True):
        assert np.array_equal(mask.astype(bool), wanted)


@pytest.mark.parametrize("kind", [overlapping, many, nothing, with_crowd], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("family", ["Mask2Former", "MaskFormer"])
def test_instance_maps_become_masks_and_classes(kind: Any, family: str) -> None:
    processor = getattr(transformers, f"{family}ImageProcessor")(do_resize=False)
    target = kind()
    image = torch.zeros(3, *target["instance_map"].shape, dtype=torch.uint8)
    batch = HuggingFaceSegmentationCollate(processor)([(image, target)])
    ids = target["instance_map"].numpy()
    owners = [row for row in range(len(target["labels"])) if (ids == row + 1).any() and not target["iscrowd"][row]]
    assert batch["class_labels"][0].tolist() == (target["labels"][owners] - 1).tolist()
    assert [mask.numpy().astype(bool).tolist() for mask in batch["mask_labels"][0]] == [
        (ids == row + 1).tolist() for row in owners
    ]


def test_images_of_several_sizes_are_padded_with_nothing() -> None:
    samples = [Shapes(6).sample(index) for index in (2, 4)]
    batch = HuggingFaceSegmentationCollate(transformers.Mask2FormerImageProcessor(do_resize=False))(samples)
    assert batch["pixel_values"].shape == (2, 3, 60, 64)
    for masks, (image, target) in zip(batch["mask_labels"], samples, strict=True):
        height, width = image.shape[-2:]
        assert not masks[:, height:].any() and not masks[:, :, width:].any()
        assert masks.sum() == (target["instance_map"] > 0).sum()


def test_light_is_made_in_the_collate(dataset: sos.SOSDataset) -> None:
    """As the loader makes it, to the byte; also when the loader has made it already."""
    processor = transformers.DetrImageProcessor(do_resize=False, do_normalize=False, do_pad=False)
    collate = HuggingFaceDetectionCollate(processor)
    (found,) = DataLoader(dataset, batch_size=8, collate_fn=collate)
    ((images, targets),) = sos.make_loader(dataset, 8, dtype=torch.uint8)
    assert torch.equal((found["pixel_values"] * 255).round().to(torch.uint8), images)
    again = collate(list(zip(images, targets, strict=True)))
    assert torch.equal(again["pixel_values"], found["pixel_values"])
    unlit, target = dataset.sample(0)
    assert "light" in target and not torch.equal(images[0], unlit)


def test_a_model_of_detection_learns(dataset: sos.SOSDataset) -> None:
    names = id2label(dataset.category_names)
    backbone = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1], out_features=["stage4"]
    )
    config = transformers.DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=backbone, d_model=16,
        encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, num_queries=50, id2label=names, label2id={name: number for number, name in names.items()},
    )  # fmt: skip
    model = transformers.DetrForObjectDetection(config).train()
    collate = HuggingFaceDetectionCollate(transformers.DetrImageProcessor(), size={"height": SIDE, "width": SIDE})
    for batch in DataLoader(dataset, batch_size=4, num_workers=1, collate_fn=collate):
        loss = model(**batch).loss
        loss.backward()
        assert torch.isfinite(loss)
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert any(bool(gradient.abs().sum() > 0) for gradient in gradients)
    batch = collate([Shapes(6).sample(0)])  # no object at all
    assert torch.isfinite(model(**batch).loss)


def test_a_model_of_masks_learns(dataset: sos.SOSDataset) -> None:
    backbone = transformers.SwinConfig(
        image_size=32, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], window_size=2,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = transformers.Mask2FormerConfig(
        backbone_config=backbone, feature_size=32, mask_feature_size=32, hidden_dim=32, encoder_feedforward_dim=16,
        dim_feedforward=16, encoder_layers=1, decoder_layers=2, num_attention_heads=2, num_queries=20,
        train_num_points=64, id2label=id2label(dataset.category_names),
    )  # fmt: skip
    model = transformers.Mask2FormerForUniversalSegmentation(config).train()
    collate = HuggingFaceSegmentationCollate(transformers.Mask2FormerImageProcessor(), size={"height": 32, "width": 32})
    batch = collate([dataset.sample(0), Shapes(6).sample(0)])  # of two sizes, and one of them without an object
    assert len(batch["class_labels"][0]) > 0 and len(batch["class_labels"][1]) == 0
    loss = model(**batch).loss
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert any(bool(gradient.abs().sum() > 0) for gradient in gradients)


def test_diffusion_light_is_refused_with_what_to_do_instead(library: sos.SegmentLibrary) -> None:
    light = sos.Recipe().replace(light={"relighters": {"iclight": 1.0}}).light
    dataset = sos.SOSDataset(library, small_recipe(SIDE, light=light), length=1)
    collate = HuggingFaceDetectionCollate(transformers.DetrImageProcessor())
    with pytest.raises(sos.StreamError, match=r"relighter 'iclight' is not loaded: use .* make_loader"):
        collate([dataset.sample(0)])


def test_images_that_are_no_pictures_any_more_are_refused() -> None:
    collate = HuggingFaceDetectionCollate(transformers.DetrImageProcessor())
    for image in (torch.full((3, 40, 50), -1.0), torch.zeros(1, 40, 50)):
        with pytest.raises(sos.StreamError, match=r"image: expected \[3, H, W\], uint8 or float in 0 … 1, found"):
            collate([(image, nothing())])


def test_without_a_processor() -> None:
    target = with_crowd()
    assert huggingface_detection(target) == {
        "image_id": 0,
        "annotations": [
            {"image_id": 0, "category_id": 1, "bbox": [2.0, 2.0, 8.0, 28.0], "area": 224, "iscrowd": 0},
        ],
    }
    ids, classes = huggingface_segmentation(target)
    assert ids.dtype is torch.int32 and set(ids.unique().tolist()) == {0, 1}
    assert classes[1] == 1
