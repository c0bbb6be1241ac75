"""ADE20K's original files: objects by their own masks or by the common one, parts, what is hidden."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sos_online as sos
from sos_online.library.sources import Ade20k, CategoryFacts, LeftOut, RawSegment, base
from sos_online.types import Words
from tests.library.conftest import left_out, read_all, taken, write_files
from tests.library.sources.made_up import BOXES, ade_object, as_png, numbered, photo, write_ade


def mask(visible: int, hidden: int = 0) -> bytes:
    """Box 1 with some pixels hidden."""
    pixels = np.zeros((40, 60), np.uint8)
    pixels[3:30, 2:20].flat[: visible + hidden] = 255
    window = pixels[3:30, 2:20]
    window[np.unravel_index(np.arange(visible, visible + hidden), window.shape)] = 128
    return as_png(pixels)


def test_objects_by_their_own_masks(tmp_path: Path) -> None:
    source = write_ade(tmp_path)
    items = taken(source)
    assert [(item.key, item.category) for item in items] == [("deep/one#1", "cup"), ("deep/one#2", "table")]
    for item, (x1, y1, x2, y2) in zip(items, BOXES.values(), strict=False):
        assert (item.rgba[..., :3] == photo()[y1:y2, x1:x2]).all()
    assert left_out(source) == {"deep/one#3": "part of an object"}
    parts = taken(Ade20k(tmp_path, parts=True, min_area=1))
    assert [item.category for item in parts] == ["cup", "table", "leg"]


def test_objects_by_the_common_mask(tmp_path: Path) -> None:
    """Where the folder of their own masks was left behind: the same pixels, whole objects alone."""
    own = taken(write_ade(tmp_path / "own"))
    common = taken(write_ade(tmp_path / "common", own_masks=False))
    assert [(item.key, item.category) for item in common] == [("deep/one#301-80", "cup"), ("deep/one#302-160", "table")]
    assert [item.rgba.tobytes() for item in common] == [item.rgba.tobytes() for item in own]


def test_a_class_of_the_common_mask_that_no_object_has(tmp_path: Path) -> None:
    source = write_ade(tmp_path, [ade_object(1, "cup")], own_masks=False)
    assert left_out(source) == {"deep/one#302-160": "class of the object is not in its JSON"}


def test_words(tmp_path: Path) -> None:
    objects = [
        ade_object(1, "minibike, motorbike", raw_name="scooter", attributes="parked, red"),
        ade_object(2, "person, individual", raw_name="person", attributes=["standing"]),
    ]
    first, second = taken(write_ade(tmp_path, objects))
    assert first.words == Words("scooter", features=("parked", "red"))
    assert second.words == Words(features=("standing",))


@pytest.mark.parametrize(
    ("fields", "visible", "hidden", "whole"),
    [
        ({}, 400, 0, None),
        ({"occluded": "no"}, 400, 0, True),
        ({"occluded": "no"}, 400, 4, True),  # outlines that overlap by some pixels
        ({"occluded": "no"}, 400, 40, False),
        ({"occluded": "yes"}, 400, 0, False),
        ({"crop": "1", "occluded": "no"}, 400, 0, False),
        ({"crop": 1}, 400, 0, False),
    ],
)
def test_integrity(tmp_path: Path, fields: dict[str, Any], visible: int, hidden: int, whole: bool | None) -> None:
    source = write_ade(tmp_path, [ade_object(1, "cup", **fields)])
    write_files(tmp_path, {"deep/one/instance_001_one.png": mask(visible, hidden)})
    (item,) = taken(source)
    assert item.flags == ({} if whole is None else {"Integrity": whole})
    assert np.count_nonzero(item.rgba[..., 3]) == visible
    assert item.at_border is True or "crop" not in fields


def test_cropped_is_at_the_border(tmp_path: Path) -> None:
    """Though something else hides it there."""
    source = write_ade(tmp_path, [ade_object(2, "cup", crop="1"), ade_object(2, "cup", id=4)])
    assert [item.at_border for item in taken(source)] == [True, False]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"instance_mask": "one/none.png"}, "mask is not there"),
        ({"instance_mask": ""}, "mask is not there"),
        ({"instance_mask": None}, "mask is not there"),
        ({"instance_mask": "../secret.png"}, "leads out of its folder"),
        ({"instance_mask": "/etc/hostname"}, "leads out of its folder"),
        ({"instance_mask": "one/broken.png"}, "mask is no PNG"),
        ({"instance_mask": "one/small.png"}, "mask and photo differ in size"),
        ({"instance_mask": "one/hidden.png"}, "smaller than 1 pixels"),
        ({"name": " , "}, "object without id or name"),
        ({"name": None}, "object without id or name"),
        ({"id": "x"}, "object without id or name"),
        ({"id": float("inf")}, "object without id or name"),
        ({"parts": {"part_level": "x"}}, "object without id or name"),
        ({"attributes": {}}, "object without id or name"),
        ({"parts": {"part_level": "2"}}, "part of an object"),
    ],
)
def test_a_broken_object_does_not_stop_the_others(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    source = write_ade(tmp_path, [{**ade_object(1, "cup"), **fields}, ade_object(2, "table")])
    files = {"broken": b"", "small": as_png(numbered()[1:]), "hidden": mask(0, 300)}
    write_files(tmp_path, {"secret.png": mask(9), **{f"deep/one/{name}.png": data for name, data in files.items()}})
    assert list(left_out(source).values()) == [reason]
    assert [item.category for item in taken(source)] == ["table"]


def test_a_number_that_comes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are unique, also where the objects of a photo are cut into several units."""
    source = write_ade(tmp_path, [ade_object(1, "cup"), ade_object(2, "table"), ade_object(3, "leg", id=1)])
    for per_unit in (256, 1):
        monkeypatch.setattr(base, "SEGMENTS_PER_UNIT", per_unit)
        assert [(item.key, item.category) for item in taken(source)] == [("deep/one#1", "cup"), ("deep/one#2", "table")]
        assert left_out(source) == {"deep/one#1": "two objects of one id"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("deep/one.json", b"{", "not readable as JSON"),
        ("deep/one.json", b"[]", "no ADE20K annotation: expected annotation.object"),
        ("deep/one.json", b'{"annotation": 5}', "no ADE20K annotation: expected annotation.object"),
        ("deep/one.json", b"[" * 100_000, "not readable as JSON"),
        ("deep/one.jpg", b"", "empty file"),
        ("deep/one.jpg", None, "photo is not there"),
    ],
)
def test_a_broken_image_is_left_out_once(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    source = write_ade(tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    assert left_out(source) == {"deep/one.json": reason}
    assert taken(source) == []


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "mask is not there"), (as_png(numbered()), "mask without three channels")]
)
def test_a_broken_common_mask(tmp_path: Path, content: bytes | None, reason: str) -> None:
    source = write_ade(tmp_path, own_masks=False)
    path = tmp_path / "deep/one_seg.png"
    path.unlink() if content is None else path.write_bytes(content)
    assert left_out(source) == {"deep/one": reason}


def test_the_encoding_of_the_published_files(tmp_path: Path) -> None:
    """ISO 8859-1; and one object alone without its list."""
    source = write_ade(tmp_path, [])
    content = {"annotation": {"object": ade_object(1, "café, bistro")}}
    for encoding in ("iso-8859-1", "utf-8", "utf-8-sig"):
        (tmp_path / "deep/one.json").write_bytes(json.dumps(content, ensure_ascii=False).encode(encoding))
        assert [item.category for item in taken(source)] == ["café"]
    assert source.categories() == {"café": CategoryFacts(images=1, of_images=1, synonyms=("bistro",))}


def test_what_is_known_of_categories(tmp_path: Path) -> None:
    source = write_ade(tmp_path)
    expected = {
        "cup": CategoryFacts(images=1, of_images=1, synonyms=("mug",)),
        "table": CategoryFacts(images=1, of_images=1),
    }
    assert source.categories() == expected
    write_ade(tmp_path / "more", [ade_object(1, "cup"), ade_object(2, "cup")])
    (tmp_path / "broken.json").write_bytes(b"{")
    assert source.categories()["cup"] == CategoryFacts(images=2, of_images=2, synonyms=("mug",))


def test_exception_for_a_folder_without_json(tmp_path: Path) -> None:
    with pytest.raises(sos.SourceError, match=r"expected NAME\.json of ADE20K below it"):
        read_all(Ade20k(tmp_path))


# real data


def test_ade20k(real_data: Path) -> None:
    """Three photos with 139 objects, 30 of them parts."""
    source = Ade20k(real_data / "ade20k", parts=True)
    items = read_all(source)
    by_key = {item.key: item for item in items if isinstance(item, RawSegment)}
    assert (len(items), len(by_key)) == (139, 134)
    assert Counter(item.reason for item in items if isinstance(item, LeftOut)) == {"smaller than 256 pixels": 5}
    assert by_key["ADE_train_00016869#0"].category == "traffic light"
    assert np.count_nonzero(by_key["ADE_train_00016900#2"].rgba[..., 3]) == 202_449, "visible pixels of the car"
    assert by_key["ADE_train_00016900#2"].flags == {"Integrity": False}
    assert source.categories()["car"].images == 3
    assert "auto" in source.categories()["car"].synonyms


def test_ade20k_without_the_masks_of_objects(real_data: Path, tmp_path: Path) -> None:
    """The common mask holds the same objects; of four it has some pixels more, which their own masks call hidden."""
    for path in (real_data / "ade20k").glob("ADE_train_*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    common, own = taken(Ade20k(tmp_path)), taken(Ade20k(real_data / "ade20k"))

    def opaque(items: Iterable[tuple[str, bytes]]) -> list[tuple[str, int]]:
        return sorted((category, rgba[3::4].count(255)) for category, rgba in items)

    pictures = [Counter((item.category, item.rgba.tobytes()) for item in items) for items in (common, own)]
    assert (len(common), len(own), (pictures[0] & pictures[1]).total()) == (109, 109, 105)
    more = opaque((pictures[0] - pictures[1]).elements())
    fewer = opaque((pictures[1] - pictures[0]).elements())
    assert [name for name, _ in more] == [name for name, _ in fewer] == ["building", "car", "traffic light", "van"]
    assert all(1 < one / two < 1.04 for (_, one), (_, two) in zip(more, fewer, strict=True))
