"""SA-1B: masks without categories, thresholds, files that are not as they should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sos_online as sos
from sos_online.library.sources import Sa1b, base
from tests.library.conftest import left_out, read_all, taken, write_files
from tests.library.sources.made_up import BOXES, HEIGHT, WIDTH, numbered, photo, rle, write_sa1b


def write(root: Path, *annotations: Any, **image: Any) -> Sa1b:
    """One photo with these annotations."""
    source = write_sa1b(root, **image)
    content = json.loads((root / "x/sa_1.json").read_bytes())
    content["annotations"] = list(annotations)
    (root / "x/sa_1.json").write_text(json.dumps(content))
    (root / "x/sa_2.json").unlink()
    return source


def test_smoke(tmp_path: Path) -> None:
    source = write_sa1b(tmp_path)
    items = taken(source)
    assert [(item.key, item.category) for item in items] == [(f"x/sa_1#{10 + number}", "object") for number in BOXES]
    for item, (x1, y1, x2, y2) in zip(items, BOXES.values(), strict=True):
        assert (item.rgba[..., :3] == photo()[y1:y2, x1:x2]).all()
        assert (item.rgba[..., 3] == 255).all()
    assert left_out(source) == {"x/sa_2.json": "not readable as JSON"}
    assert {item.category for item in taken(Sa1b(tmp_path, category="some_thing", min_area=1))} == {"some thing"}


GOOD = {"id": 1, "segmentation": rle(numbered() == 1), "predicted_iou": 0.9, "stability_score": 0.96}


@pytest.mark.parametrize(
    ("change", "settings", "reason"),
    [
        ({}, {"min_iou": 0.9, "min_stability": 0.96}, ""),
        ({}, {"min_iou": 0.91}, "predicted_iou below 0.91"),
        ({}, {"min_stability": 0.97}, "stability_score below 0.97"),
        ({"predicted_iou": float("nan")}, {"min_iou": 0.5}, "predicted_iou below 0.5"),
        ({"predicted_iou": "0.9"}, {"min_iou": 0.5}, "no predicted_iou"),
        ({"stability_score": None}, {"min_stability": 0.5}, "no stability_score"),
        ({"stability_score": None}, {}, ""),
        ({"segmentation": None}, {}, "no valid segmentation"),
        ({"segmentation": rle(np.ones((3, 3)))}, {}, "no valid segmentation"),
        ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": "garbage!!"}}, {}, "no valid segmentation"),
        ({}, {"min_area": 487}, "smaller than 487 pixels"),
        ({"area": 1}, {"min_area": 486}, ""),  # counted and not believed
    ],
)
def test_what_is_left_out_and_why(
    tmp_path: Path, change: dict[str, Any], settings: dict[str, Any], reason: str
) -> None:
    write(tmp_path, {**GOOD, **change})
    source = Sa1b(tmp_path, **{"min_area": 1, **settings})
    assert left_out(source) == ({"x/sa_1#1": reason} if reason else {})
    assert len(taken(source)) == (not reason)


def test_annotations_that_are_none(tmp_path: Path) -> None:
    """They have a place in their list, if nothing else."""
    source = write(tmp_path, 5, {**GOOD, "id": "x"}, {"id": 3}, GOOD)
    assert left_out(source) == {"x/sa_1#[0]": "annotation is no object", "x/sa_1#3": "no valid segmentation"}
    assert [item.key for item in taken(source)] == ["x/sa_1#[1]", "x/sa_1#1"]


def test_a_number_that_comes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are unique, also where the annotations of a file are cut into several units."""
    source = write(tmp_path, GOOD, {**GOOD, "id": 2}, {**GOOD, "id": 2}, 5, 5, GOOD)
    for per_unit in (256, 2, 1):
        monkeypatch.setattr(base, "SEGMENTS_PER_UNIT", per_unit)
        assert [item.key for item in taken(source)] == ["x/sa_1#1", "x/sa_1#2"]
        reasons = [reason for reason in left_out(source).values() if reason != "annotation is no object"]
        assert reasons == ["two annotations of one id"] * 2


def test_files_that_differ_in_the_case_of_their_suffix(tmp_path: Path) -> None:
    source = write(tmp_path, GOOD)
    (tmp_path / "x/sa_1.JSON").write_bytes((tmp_path / "x/sa_1.json").read_bytes())
    assert [item.key for item in taken(source)] == ["x/sa_1.JSON#1", "x/sa_1#1"]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"file_name": "../y.jpg"}, "leads out of its folder"),
        ({"file_name": "/etc/hostname"}, "leads out of its folder"),
        ({"file_name": "none.jpg"}, "photo is not there"),
        ({"file_name": 5}, "no SA-1B annotations: expected image and annotations"),
        ({"width": WIDTH + 1}, "image size differs from the annotation file"),
        ({"width": "60"}, "image size differs from the annotation file"),
    ],
)
def test_a_broken_image_is_left_out_once(tmp_path: Path, image: dict[str, Any], reason: str) -> None:
    assert left_out(write(tmp_path, GOOD, **image)) == {"x/sa_1.json": reason}


@pytest.mark.parametrize("content", [b"[]", b"{}", b"5", b'{"image": 5, "annotations": []}', b'{"image": {}}'])
def test_json_of_something_else(tmp_path: Path, content: bytes) -> None:
    source = Sa1b(write_files(tmp_path, {"a.json": content}))
    assert left_out(source) == {"a.json": "no SA-1B annotations: expected image and annotations"}


def test_exceptions(tmp_path: Path) -> None:
    with pytest.raises(sos.SourceError, match=r"expected sa_N\.json below it, found none"):
        read_all(Sa1b(tmp_path))
    with pytest.raises(sos.SourceError, match="expected the name of a category"):
        Sa1b(tmp_path, category=" ")
