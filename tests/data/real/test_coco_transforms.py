"""Transforms of real images: what they leave of a target, and what they may not do to it."""

from __future__ import annotations

from typing import Any

import pytest
from torchvision.transforms import v2

import sos_online as sos
from sos_online.data.real import CocoDataset
from tests.data.real.small_set import SmallSet


@pytest.mark.parametrize("masks", [True, False])
def test_rows_that_a_transform_drops_are_the_right_ones(small: SmallSet, masks: bool) -> None:
    """SanitizeBoundingBoxes drops boxes, masks and labels, and leaves areas and crowds."""
    small.add(0, (0, 0, 3, 3), category=3)
    small.add(0, (10, 10, 30, 20), category=7)
    clean = v2.SanitizeBoundingBoxes(min_size=5)
    _, target = CocoDataset(*small.write(), transforms=clean, masks=masks)[0]
    assert target["labels"].tolist() == [2]
    assert target["area"].tolist() == [200] and target["iscrowd"].tolist() == [0]
    small.content["annotations"][0]["iscrowd"] = 1
    mixed = CocoDataset(*small.write(), transforms=clean, masks=masks, crowds=True)
    with pytest.raises(sos.StreamError, match="iscrowd: expected 1 rows"):
        mixed[0]


@pytest.mark.parametrize(
    ("transforms", "message"),
    [
        (lambda image, _: image, "expected .image, target., found Image"),
        (lambda image, _: (image, {}), "labels: expected a tensor"),
        (lambda image, target: (image[:, :5], target), "masks: expected the image's size"),
        (lambda image, target: (image, {**target, "masks": target["masks"][:0]}), "masks: expected 1 rows"),
        (lambda image, target: (image.numpy(), target), "image: expected a tensor"),
    ],
)
def test_transforms_that_break_the_target(small: SmallSet, transforms: Any, message: str) -> None:
    small.add(0, (0, 0, 10, 10))
    with pytest.raises(sos.StreamError, match=message):
        CocoDataset(*small.write(), transforms=transforms)[0]
