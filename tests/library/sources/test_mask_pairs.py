"""Photos and instance masks in two folders: pairs, numbers, sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sos_online as sos
from sos_online.library.sources import MaskPairs
from tests.library.conftest import left_out, read_all, taken, write_files
from tests.library.sources.made_up import BOXES, as_png, numbered, palette_png, photo, pil_bytes, write_masks


def make(root: Path, files: dict[str, Any], **settings: Any) -> MaskPairs:
    write_files(root, files)
    return MaskPairs(root / "i", root / "m", "person", min_area=1, **settings)


def test_smoke(tmp_path: Path) -> None:
    """Each object cut out where it lies; the rest is named."""
    source = write_masks(tmp_path)
    items = taken(source)
    assert [item.key for item in items] == [f"{name}.png#{number}" for name in "ab" for number in BOXES]
    assert {item.category for item in items} == {"person"}
    for item, (x1, y1, x2, y2) in zip(items, BOXES.values(), strict=False):
        assert (item.rgba[..., :3] == photo()[y1:y2, x1:x2]).all()
        assert (item.rgba[..., 3] == 255).all()
    assert left_out(source) == {"lone.png": "no mask", "none.png": "no photo"}


@pytest.mark.parametrize("write", [as_png, palette_png], ids=["grey", "palette"])
def test_numbers_that_are_no_object(tmp_path: Path, write: Any) -> None:
    files = {"i/a.jpg": as_png(photo()), "m/a.png": write(numbered({3: 255}))}
    assert [item.key for item in taken(make(tmp_path, files))] == ["a.jpg#1", "a.jpg#2", "a.jpg#255"]
    assert [item.key for item in taken(make(tmp_path, files, not_objects=(255,)))] == ["a.jpg#1", "a.jpg#2"]


@pytest.mark.parametrize(
    ("suffix", "masks", "found"),
    [
        (None, ["a.png"], 3),
        (None, ["a_mask.png"], 3),
        (None, ["a.png", "a_mask.png"], 3),  # the first
        ("", ["a.png"], 3),
        ("_m", ["a_m.png"], 3),
    ],
)
def test_names_of_masks(tmp_path: Path, suffix: str | None, masks: list[str], found: int) -> None:
    files = {"i/deep/a.jpg": as_png(photo()), **{f"m/deep/{name}": as_png(numbered()) for name in masks}}
    source = make(tmp_path, files, mask_suffix=suffix)
    assert len(taken(source)) == found
    assert left_out(source) == {}


def test_photos_and_masks_in_one_folder(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.png": as_png(photo()), "a_mask.png": as_png(numbered())})
    source = MaskPairs(tmp_path, tmp_path / ".", "person", min_area=1)
    assert [item.key for item in read_all(source)] == ["a.png#1", "a.png#2", "a.png#3"]
    with pytest.raises(sos.SourceError, match="share a folder: expected a mask suffix"):
        read_all(MaskPairs(tmp_path, tmp_path, "person", mask_suffix=""))


def test_a_photo_is_turned_as_its_mask_is(tmp_path: Path) -> None:
    """40 x 60 as stored, 60 x 40 as shown: the mask was drawn on what was shown."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.rot90(photo()).copy()
    files = {"i/a.png": pil_bytes(Image.fromarray(stored), "PNG", exif=exif), "m/a.png": as_png(numbered())}
    x1, y1, x2, y2 = BOXES[1]
    assert (taken(make(tmp_path, files))[0].rgba[..., :3] == photo()[y1:y2, x1:x2]).all()


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"m/a.png": as_png(numbered()[1:])}, "image size differs from the annotation file"),
        ({"m/a.png": b""}, "mask is no PNG"),
        ({"m/a.png": as_png(numbered())[:-9]}, "mask not readable"),
        ({"m/a.png": as_png(photo())}, "mask of more than one channel"),
        ({"i/a.jpg": b""}, "empty file"),
        ({"i/a.jpg": as_png(photo())[:-9]}, "not a readable image"),
    ],
)
def test_a_broken_pair_is_left_out_once(tmp_path: Path, files: dict[str, bytes], reason: str) -> None:
    whole = {"i/a.jpg": as_png(photo()), "m/a.png": as_png(numbered())}
    others = {"i/b.jpg": as_png(photo()), "m/b.png": as_png(numbered())}
    source = make(tmp_path, {**whole, **others, **files})
    assert left_out(source) == {"a.jpg": reason}
    assert len(taken(source)) == 3


def test_a_mask_out_of_its_folder_is_none(tmp_path: Path) -> None:
    source = make(tmp_path, {"i/a.jpg": as_png(photo()), "m/b.png": b"", "o/a.png": as_png(numbered())})
    (tmp_path / "m/a.png").symlink_to(tmp_path / "o/a.png")
    with pytest.raises(sos.SourceError, match=r"m: expected a mask NAME\.png or NAME_mask\.png for a photo NAME of"):
        read_all(source)


def test_exception_for_nothing_to_pair(tmp_path: Path) -> None:
    with pytest.raises(sos.SourceError, match=r"expected a mask NAME_x\.png for a photo NAME of .*i"):
        read_all(make(tmp_path, {"i/a.jpg": b"", "m/a.png": b""}, mask_suffix="_x"))
    with pytest.raises(sos.SourceError, match="expected the name of a category, found ' '"):
        MaskPairs(tmp_path, tmp_path, " ")
    with pytest.raises(sos.SourceError, match=r"none: the mask folder of mask pairs must be a folder"):
        read_all(MaskPairs(tmp_path / "i", tmp_path / "none", "person"))


def test_min_area(tmp_path: Path) -> None:
    files = {"i/a.png": as_png(photo()), "m/a.png": as_png(numbered())}
    write_files(tmp_path, files)
    source = MaskPairs(tmp_path / "i", tmp_path / "m", "person", min_area=65)
    assert left_out(source) == {"a.png#3": "smaller than 65 pixels"}
