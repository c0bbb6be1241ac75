"""COCO-format sets that are damaged: each is an error that names the file and the field."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest

import sos_online as sos
from sos_online.data.real import CocoDataset
from tests.data.real.small_set import SmallSet


def damaged(small: SmallSet, **changes: Any) -> None:
    small.add(0, (0, 0, 10, 10))
    small.add(0, (0, 0, 10, 10), **changes)


DAMAGE = [
    ({"segmentation": [[1, 2, 3, 4, 5, "6"]]}, r"annotations\[1\]: field 'segmentation'"),
    ({"segmentation": [[1, 2, 3, 4, 5, float("nan")]]}, r"annotations\[1\]: field 'segmentation'"),
    ({"segmentation": [[1, 2, 3, 4, 5, 1e9]]}, r"annotations\[1\]: field 'segmentation'"),
    ({"segmentation": [1, 2, 3, 4, 5, 6]}, r"annotations\[1\]: field 'segmentation'"),
    ({"segmentation": "1 2 3"}, r"annotations\[1\]: field 'segmentation'"),
    ({"segmentation": {"counts": [5, 5]}}, r"annotations\[1\]: field 'segmentation'"),
    ({"segmentation": {"size": [30, 40], "counts": [5, 5]}}, r"annotations\[1\]: field 'segmentation'"),
    ({"segmentation": {"size": [30, 40], "counts": 5.5}}, r"annotations\[1\]: field 'segmentation'"),
    ({"segmentation": {"size": [3, 4, 5], "counts": "abc"}}, r"annotations\[1\]: field 'segmentation'"),
    ({"bbox": [1, 2, 3]}, r"annotations\[1\]: field 'bbox'"),
    ({"bbox": [1, 2, 3, float("inf")]}, r"annotations\[1\]: field 'bbox'"),
    ({"area": "5"}, r"annotations\[1\]: field 'area'"),
    ({"area": -1}, r"annotations\[1\]: field 'area'"),
    ({"iscrowd": 2}, r"annotations\[1\]: field 'iscrowd'"),
    ({"category_id": 99}, r"annotations\[1\]: category_id 99"),
    ({"category_id": None}, r"annotations\[1\]: field 'category_id'"),
]


@pytest.mark.parametrize(("changes", "message"), DAMAGE, ids=lambda value: str(value)[:50])
def test_damaged_annotations_are_refused(small: SmallSet, changes: dict[str, Any], message: str) -> None:
    damaged(small, **changes)
    with pytest.raises(sos.SourceError, match=f"instances.json: {message}"):
        CocoDataset(*small.write())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": 11}, r"images\[0\]: id 11|images\[1\]: id 11 is that of another image"),
        ({"id": 2**70}, "images: field 'id'"),
        ({"id": "text"}, "images: field 'id'"),
        ({"height": 0}, r"images\[0\]: field 'height'"),
        ({"width": "40"}, r"images\[0\]: field 'width'"),
        ({"file_name": 5}, r"images\[0\]: field 'file_name'"),
    ],
)
def test_damaged_images_are_refused(small: SmallSet, changes: dict[str, Any], message: str) -> None:
    small.content["images"][0].update(changes)
    with pytest.raises(sos.SourceError, match=f"instances.json: {message}"):
        CocoDataset(*small.write())


def test_files_that_are_none(small: SmallSet) -> None:
    folder, path = small.write()
    with pytest.raises(sos.SourceError, match="nowhere"):
        CocoDataset(folder / "nowhere", path)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(sos.SourceError, match=r"instances\.json: cannot be read as JSON"):
        CocoDataset(folder, path)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda path: path.unlink(), "0.png.*is not there"),
        (lambda path: path.write_bytes(b""), "0.png: empty file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), "0.png: "),
        (lambda path: cv2.imwrite(str(path), np.zeros((7, 7, 3), np.uint8)), "0.png: image size differs"),
    ],
)
def test_broken_images_are_named(small: SmallSet, break_it: Any, message: str) -> None:
    given = small.write()
    dataset = CocoDataset(*given)
    break_it(small.folder / "0.png")
    with pytest.raises(sos.errors.BrokenSampleError, match=message):
        dataset[0]
    assert dataset[1][1]["image_id"] == 11


def test_a_name_that_leaves_the_folder(small: SmallSet) -> None:
    (small.folder.parent / "secret.png").write_bytes((small.folder / "0.png").read_bytes())
    small.content["images"][0]["file_name"] = "../secret.png"
    with pytest.raises(sos.errors.BrokenSampleError, match="leaves the image folder"):
        CocoDataset(*small.write())[0]


@pytest.mark.parametrize("counts", ["", "abc", "0", "~~~~", "o" * 9])
def test_a_run_length_that_is_not_of_its_size(small: SmallSet, counts: str) -> None:
    """Found when it is drawn: to check all of a file's would take longer than to read it."""
    small.add(0, (0, 0, 10, 10), segmentation={"size": [30, 40], "counts": counts})
    dataset = CocoDataset(*small.write())
    with pytest.raises(sos.errors.BrokenSampleError, match=r"annotations\[0\]: field 'segmentation'"):
        dataset[0]


def test_one_json_of_two_million_characters_is_not_needed_to_say_what_is_wrong(small: SmallSet) -> None:
    damaged(small, segmentation=[["x"] * 10**6])
    with pytest.raises(sos.SourceError) as raised:
        CocoDataset(*small.write())
    assert len(str(raised.value)) < 400
    json.dumps(str(raised.value))
