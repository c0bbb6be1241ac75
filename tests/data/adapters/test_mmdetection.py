"""Dicts for MMDetection, whose fields are those that its loading transforms read. The library itself is not run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask

from sos_online.data.adapters import MMDetectionCollate, mmdetection_dict
from tests.data.exporting.shapes import Shapes
from tests.targets.made_up import KINDS, visible_masks


@pytest.mark.parametrize("index", range(len(KINDS)), ids=lambda index: KINDS[index].__name__)
def test_fields(index: int) -> None:
    image, target = Shapes(6).sample(index)
    found = mmdetection_dict(image.as_subclass(torch.Tensor), target)
    assert found["img"].dtype == np.uint8 and found["img"].flags.c_contiguous
    assert np.array_equal(found["img"][..., ::-1], image.permute(1, 2, 0).numpy())
    size_hw = tuple(image.shape[1:])
    assert (found["height"], found["width"]) == found["ori_shape"] == found["img_shape"] == size_hw
    masks = visible_masks(target)
    for row, instance in enumerate(found["instances"]):
        assert set(instance) == {"bbox", "bbox_label", "mask", "ignore_flag"}
        assert instance["bbox"] == target["boxes"][row].tolist()
        assert instance["bbox_label"] == target["labels"][row] - 1
        assert instance["ignore_flag"] == target["iscrowd"][row]
        assert isinstance(instance["mask"]["counts"], str)  # bytes would make it ignore the object
        decoded = coco_mask.decode(instance["mask"])
        assert np.array_equal(decoded.astype(bool), masks[row])


def test_batches() -> None:
    def pipeline(results: dict[str, Any]) -> dict[str, Any] | None:
        """What FilterAnnotations and PackDetInputs do."""
        if not results["instances"]:
            return None
        return {"inputs": results["img"].shape, "data_samples": len(results["instances"])}

    batch = MMDetectionCollate(pipeline)([Shapes(6).sample(index) for index in range(6)])
    assert batch["data_samples"] == [5, 3, 300, 3, 2]
    assert len(batch["inputs"]) == 5
    assert MMDetectionCollate(pipeline)([Shapes(6).sample(0)]) == {}
