"""PASCAL VOC: objects of one map, classes of another."""

from __future__ import annotations

from pathlib import Path

import pytest

import sos_online as sos
from sos_online.library.sources import VocSegmentation
from sos_online.library.sources.voc import CLASSES
from tests.library.conftest import left_out, read_all, taken, write_files
from tests.library.sources.made_up import BOXES, numbered, palette_png, photo, write_voc


def test_smoke(tmp_path: Path) -> None:
    """The border of 255 belongs to no object; a class that VOC does not have is named."""
    source = write_voc(tmp_path)
    items = taken(source)
    assert [(item.key, item.category) for item in items] == [("a#1", "person"), ("a#2", "tv monitor")]
    for item, (x1, y1, x2, y2) in zip(items, BOXES.values(), strict=False):
        assert (item.rgba[..., :3] == photo()[y1:y2, x1:x2]).all()
    reason = "class of the object is none of the twenty"
    assert left_out(source) == {"b#1": reason, "b#2": reason}


def test_twenty_classes_in_the_order_of_their_numbers() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 20
    assert list(CLASSES) == sorted(CLASSES)


def test_the_class_is_that_of_most_pixels(tmp_path: Path) -> None:
    source = write_voc(tmp_path)
    classes = numbered({1: 15, 2: 20, 3: 255})
    classes[3:8, 2:20] = 8
    classes[8:20, 2:20] = 255  # a border counts for nothing
    write_files(tmp_path, {"SegmentationClass/a.png": palette_png(classes)})
    assert taken(source)[0].category == "person"
    classes[20:28, 2:20] = 8
    write_files(tmp_path, {"SegmentationClass/a.png": palette_png(classes)})
    assert taken(source)[0].category == "cat"


@pytest.mark.parametrize(("content", "ids"), [("a\n", ["a"]), ("b -1\na 1\n\na 1\n", ["a", "b"])])
def test_an_image_set(tmp_path: Path, content: str, ids: list[str]) -> None:
    write_voc(tmp_path)
    (tmp_path / "train.txt").write_text(content)
    source = VocSegmentation(tmp_path, tmp_path / "train.txt", min_area=1)
    assert [unit.name for unit in source.units()] == ids
    (tmp_path / "train.txt").write_text("a\nmissing\n")
    assert left_out(source) == {"missing": "mask is not there"}


@pytest.mark.parametrize("name", ["../a", "x/../../a"])
def test_exception_for_an_image_set_that_leaves(tmp_path: Path, name: str) -> None:
    write_voc(tmp_path)
    (tmp_path / "train.txt").write_text(f"{name}\n")
    with pytest.raises(sos.SourceError, match=r"train\.txt: .* leaves the folder"):
        read_all(VocSegmentation(tmp_path, tmp_path / "train.txt"))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("SegmentationObject/a.png", b"", "mask is no PNG"),
        ("SegmentationClass/a.png", palette_png(numbered())[:-9], "mask not readable"),
        ("SegmentationClass/a.png", palette_png(numbered()[1:]), "masks of objects and of classes differ in size"),
        ("JPEGImages/a.jpg", b"", "empty file"),
        ("JPEGImages/a.jpg", None, "photo is not there"),
        ("SegmentationClass/a.png", None, "mask is not there"),
    ],
)
def test_a_broken_image_is_left_out_once(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    source = write_voc(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert left_out(source)["a"] == reason


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    source = write_voc(tmp_path / "in")
    (tmp_path / "in/JPEGImages/a.jpg").rename(tmp_path / "a.jpg")
    (tmp_path / "in/JPEGImages/a.jpg").symlink_to(tmp_path / "a.jpg")
    assert left_out(source)["a"] == "leads out of its folder"


@pytest.mark.parametrize("folder", ["JPEGImages", "SegmentationClass", "SegmentationObject"])
def test_exception_for_an_absent_folder(tmp_path: Path, folder: str) -> None:
    source = write_voc(tmp_path)
    (tmp_path / folder).rename(tmp_path / "elsewhere")
    with pytest.raises(sos.SourceError, match=f"{folder}: a folder of a VOC source must be a folder"):
        read_all(source)
