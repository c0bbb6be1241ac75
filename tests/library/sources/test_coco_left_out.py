"""What a COCO source leaves out and why, and how it is limited to some images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from tests.library.conftest import ENCODING, SQUARE, left_out, taken, write_coco

HALF = {"size": [30, 40], "counts": [600, 600]}


def reasons(source: sos.CocoInstances) -> list[str]:
    return list(left_out(source).values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"iscrowd": 1}, "crowd"),
        ({"iscrowd": 1, "segmentation": HALF}, "crowd"),
        ({"id": 7}, "two annotations of one id"),
        ({"category_id": 99}, "category id not in the file"),
        ({"segmentation": []}, "no valid segmentation"),
        ({"segmentation": None}, "no valid segmentation"),
        ({"segmentation": [[4, 5, 24, 5]]}, "no valid segmentation"),  # two points
        ({"segmentation": {"size": [40, 30], "counts": [600, 600]}}, "no valid segmentation"),  # sides swapped
        ({"segmentation": [[90, 90, 99, 90, 99, 99]]}, "smaller than 1 pixels"),  # outside the picture
    ],
)
def test_what_is_left_out_and_why(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    source = write_coco(tmp_path, annotations=[SQUARE, {**SQUARE, "id": 8, **change}])
    assert reasons(source) == [reason]
    assert len(taken(source)) == 1


@pytest.mark.parametrize(("min_area", "count"), [(0, 1), (299, 1), (300, 1), (301, 0)])
def test_min_area_counts_mask_pixels(tmp_path: Path, min_area: int, count: int) -> None:
    """300 pixels: fewest, not fewer; the JSON's own ``area`` is not believed."""
    write_coco(tmp_path, annotations=[{**SQUARE, "area": 1e9 if count == 0 else 1}])
    assert len(taken(sos.CocoInstances(tmp_path, tmp_path / "instances.json", min_area=min_area))) == count


def test_only_images(tmp_path: Path) -> None:
    images = [{"id": number, "file_name": name} for number, name in enumerate(("a.png", "b.png", "c.png"), 1)]
    write_coco(tmp_path, images=images, annotations=[{**SQUARE, "id": n, "image_id": n} for n in (1, 2, 3)])
    for name in ("b.png", "c.png"):
        (tmp_path / name).write_bytes((tmp_path / "a.png").read_bytes())

    def keys(only: list[str] | None) -> list[str]:
        source = sos.CocoInstances(tmp_path, tmp_path / "instances.json", min_area=1, only_images=only)
        return [item.key for item in taken(source)]

    assert keys(None) == ["a.png#1", "b.png#2", "c.png#3"]
    assert keys(["c.png", "a.png"]) == ["a.png#1", "c.png#3"]
    assert keys([]) == []
    with pytest.raises(sos.SourceError, match=r"instances\.json.*'d\.png'"):
        keys(["a.png", "d.png"])


def test_a_picture_that_cannot_be_read_leaves_out_its_annotations(tmp_path: Path) -> None:
    source = write_coco(tmp_path, annotations=[SQUARE, {**SQUARE, "id": 8}])
    whole = (tmp_path / "a.png").read_bytes()
    broken = {
        b"": "empty file",
        b"no picture": "not a readable image",
        whole[: len(whole) // 2]: "not a readable image",
    }
    for data, reason in broken.items():
        (tmp_path / "a.png").write_bytes(data)
        assert reasons(source) == [reason] * 2


@pytest.mark.parametrize("size", [{"width": 30, "height": 40}, {"width": 41}, {"height": 0}], ids=str)
def test_a_picture_of_another_size_than_the_json_says_is_left_out(tmp_path: Path, size: dict[str, int]) -> None:
    source = write_coco(tmp_path, images=[{"id": 1, "file_name": "a.png", **size}])
    assert reasons(source) == ["image size differs from the annotation file"]


def test_two_images_of_one_file_name_do_not_give_one_key_twice(tmp_path: Path) -> None:
    """The second one's annotations are left out by name, whatever their numbers; one without annotations is nothing."""
    images = [{"id": number, "file_name": "a.png"} for number in (3, 1, 2)]
    annotations = [{**SQUARE, "id": id_, "image_id": image} for id_, image in ((7, 1), (7, 2), (8, 2))]
    source = write_coco(tmp_path, images=images, annotations=annotations)
    assert [item.key for item in taken(source)] == ["a.png#7"]
    assert left_out(source) == dict.fromkeys(["a.png#7", "a.png#8"], "two images of one file name")


UNKNOWN = [{**SQUARE, "id": number, "image_id": image} for number, image in ((9, 5), (8, 1), (2, "x"), (4, 5))]


def test_annotations_of_images_that_the_file_lacks_are_left_out_by_name(tmp_path: Path) -> None:
    """Whatever the order of the JSON, and counted in the report of a build."""
    source = write_coco(tmp_path, annotations=UNKNOWN)
    reason = "image id not in the file"
    assert list(left_out(source).items()) == [("x#2", reason), ("5#4", reason), ("5#9", reason)]
    assert [item.key for item in taken(source)] == ["a.png#8"]
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    assert (len(library), library.manifest.sources[0].left_out) == (1, {reason: 3})


def test_annotations_of_no_image_are_of_none_that_is_wanted(tmp_path: Path) -> None:
    """What is kept out by a list of images is not counted, whatever is wrong with it."""
    write_coco(tmp_path, annotations=UNKNOWN)
    limited = sos.CocoInstances(tmp_path, tmp_path / "instances.json", min_area=1, only_images=["a.png"])
    assert left_out(limited) == {}


@pytest.mark.parametrize("name", ["", " ", "_"])
def test_a_category_without_a_name_is_not_taken_for_an_unknown_one(tmp_path: Path, name: str) -> None:
    source = write_coco(tmp_path, categories=[{"id": 3, "name": name}])
    assert reasons(source) == ["category has an empty name"]


@pytest.mark.parametrize("one", ["a.png", b"a.png", Path("a.png")], ids=repr)
def test_exception_for_one_name_in_the_place_of_several(tmp_path: Path, one: Any) -> None:
    """A text is a collection too, of letters."""
    with pytest.raises(sos.SourceError, match=r"only_images: expected a collection of file names, found .*a\.png"):
        sos.CocoInstances(tmp_path, tmp_path / "instances.json", only_images=one)
