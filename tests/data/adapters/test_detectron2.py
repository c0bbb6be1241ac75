"""Dicts for Detectron2, whose fields are those that its ``detection_utils`` reads. The library itself is not run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask

from sos_online.data.adapters import Detectron2Collate, detectron2_dict
from tests.data.exporting.shapes import Shapes
from tests.targets.made_up import KINDS, visible_masks


@pytest.mark.parametrize("index", range(len(KINDS)), ids=lambda index: KINDS[index].__name__)
def test_fields(index: int) -> None:
    image, target = Shapes(6).sample(index)
    found = detectron2_dict(image.as_subclass(torch.Tensor), target)
    assert (found["height"], found["width"]) == tuple(image.shape[1:])
    assert torch.equal(found["image"][0], image[2])  # BGR
    assert len(found["annotations"]) == len(target["labels"])
    masks = visible_masks(target)
    for row, annotation in enumerate(found["annotations"]):
        assert annotation["bbox"] == target["boxes"][row].tolist()
        assert annotation["bbox_mode"] == 0
        assert annotation["category_id"] == target["labels"][row] - 1
        decoded = coco_mask.decode(annotation["segmentation"])
        assert np.array_equal(decoded.astype(bool), masks[row])


def test_batches() -> None:
    samples = [Shapes(6).sample(index) for index in range(6)]
    given: list[tuple[int, tuple[int, int]]] = []

    def to_instances(annotations: list[dict[str, Any]], size_hw: tuple[int, int]) -> str:
        given.append((len(annotations), size_hw))
        return "instances"

    batch = Detectron2Collate(to_instances, channels="RGB")(samples)
    assert [count for count, _ in given] == [0, 5, 3, 300, 3, 1]  # the crowd region is left out
    assert [size for _, size in given] == [tuple(image.shape[1:]) for image, _ in samples]
    assert {entry["instances"] for entry in batch} == {"instances"}
    assert "annotations" not in batch[0]
    assert torch.equal(batch[2]["image"], samples[2][0])
    assert len(Detectron2Collate()(samples)[5]["annotations"]) == 2
