"""COCO panoptic: decoded as the panoptic API does, pictures and JSON say the same as the target."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import numpy as np
import pytest

from sos_online.errors import StreamError
from sos_online.targets.coco import coco_image
from sos_online.targets.panoptic import (
    MAX_SEGMENTS,
    PanopticWriter,
    panoptic_annotation,
    panoptic_colours,
    segment_id,
)
from sos_online.targets.row_masks import row_masks
from sos_online.types import Target
from tests.targets.made_up import KINDS, many, overlapping, size_of


def decoded(colours: np.ndarray) -> np.ndarray:
    """rgb2id of the panoptic API."""
    wide = colours.astype(np.int64)
    return np.asarray(wide[..., 0] + 256 * wide[..., 1] + 256 * 256 * wide[..., 2])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_pictures_and_segments_agree(kind: Callable[[], Target]) -> None:
    target = kind()
    ids = decoded(panoptic_colours(target))
    segments = panoptic_annotation(target, "7.png")["segments_info"]
    instance_map = target["instance_map"].numpy()
    assert np.array_equal(ids == 0, instance_map == 0)
    assert sorted(segment["id"] for segment in segments) == sorted(set(ids.ravel().tolist()) - {0})
    for segment in segments:
        mask = ids == segment["id"]
        (row,) = {number - 1 for number in instance_map[mask].tolist()}
        rows, columns = np.nonzero(mask)
        assert segment["area"] == mask.sum()
        x, y, width, height = segment["bbox"]
        assert (x, y, x + width, y + height) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert segment["category_id"] == target["labels"][row]
        assert segment["iscrowd"] == target["iscrowd"][row]


def test_more_than_255_segments() -> None:
    assert len(panoptic_annotation(many(), "")["segments_info"]) == 300


def test_a_row_without_pixels_of_its_own_is_no_segment() -> None:
    target = overlapping()
    assert len(target["labels"]) == 3
    assert len(panoptic_annotation(target, "")["segments_info"]) == 2


def test_ids_are_never_black_and_never_twice() -> None:
    ids = {segment_id(row) for row in range(40_000)} | {segment_id(MAX_SEGMENTS - 1)}
    assert len(ids) == 40_001 and min(ids) > 0 and max(ids) < 2**24


def test_a_document() -> None:
    file = io.StringIO()
    writer = PanopticWriter(file, ["cat", "Käse 🧀"])
    for number, kind in enumerate(KINDS):
        target = {**kind(), "image_id": number}
        name = f"{number}.jpg"
        writer.add_entries(coco_image(target, size_of(target), name), panoptic_annotation(target, f"{number}.png"))
    writer.close()
    content = json.loads(file.getvalue())
    assert [category["name"] for category in content["categories"]] == ["cat", "Käse 🧀"]
    assert {category["isthing"] for category in content["categories"]} == {1}
    assert [image["id"] for image in content["images"]] == list(range(len(KINDS)))
    assert [entry["image_id"] for entry in content["annotations"]] == list(range(len(KINDS)))


@pytest.mark.parametrize(("number", "name"), [({"image_id": 7}, "sample 7"), ({}, "target")])
def test_boxes_alone_are_named(number: Target, name: str) -> None:
    target = {key: value for key, value in many().items() if key not in ("instance_map", "masks", "image_id")}
    message = f"^{name}: expected masks, which this format is made of; found boxes alone$"
    for made_of_masks in (panoptic_colours, row_masks):
        with pytest.raises(StreamError, match=message):
            made_of_masks({**target, **number})
