"""LVIS instances: where images lie, what is known of categories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library.sources import CategoryFacts, LvisInstances
from sos_online.library.sources.lvis import lvis_image_names
from tests.library.conftest import SQUARE, read_all, taken, write_coco
from tests.library.sources.made_up import write_lvis

URL = "http://images.cocodataset.org/train2017/a.png"


def write(root: Path, **fields: Any) -> LvisInstances:
    write_coco(root, **fields)
    return LvisInstances(root, root / "instances.json", min_area=1)


@pytest.mark.parametrize(
    ("image", "place"),
    [
        ({"coco_url": URL}, "a.png"),  # v1, the folder of one set
        ({"coco_url": URL}, "train2017/a.png"),  # v1, the folder that holds them
        ({"file_name": "a.png"}, "a.png"),  # v0.5
        ({"file_name": "COCO_train2014_a.png"}, "COCO_train2014_a.png"),
        ({"file_name": "COCO_train2014_a.png"}, "a.png"),  # the same in COCO 2017
        ({"file_name": "", "coco_url": URL}, "a.png"),
        ({"file_name": "other.png", "coco_url": URL}, "train2017/a.png"),
    ],
)
def test_where_an_image_lies(tmp_path: Path, image: dict[str, str], place: str) -> None:
    source = write(tmp_path, images=[{"id": 1, **image}])
    (tmp_path / "train2017").mkdir()
    (tmp_path / "a.png").rename(tmp_path / place)
    (item,) = taken(source)
    assert (item.key, item.category) == (f"{place}#7", "cat")


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ({}, r"images\[0\]: field 'file_name' or 'coco_url' is missing"),
        ({"coco_url": ""}, r"images\[0\]: field 'file_name' or 'coco_url' is missing"),
        ({"coco_url": 5}, r"images\[0\]: field 'coco_url': expected a text, found 5"),
        ({"coco_url": "http://x.org"}, "an image whose address names no file"),
        ({"coco_url": "http://x.org/train2017/none.png"}, r"train2017/none\.png: named in .*instances\.json"),
        ({"coco_url": "http://x.org/../.."}, r"'\.\./\.\.' leaves the image folder"),
        ({"file_name": "../a.png"}, r"'\.\./a\.png' leaves the image folder"),
    ],
)
def test_exception_names_the_image(tmp_path: Path, image: dict[str, Any], named: str) -> None:
    source = write(tmp_path, images=[{"id": 1, **image}])
    with pytest.raises(sos.SourceError, match=rf"instances\.json.*{named}|{named}"):
        read_all(source)


def test_what_is_known_of_categories(tmp_path: Path) -> None:
    assert write_lvis(tmp_path).categories() == {
        "cat": CategoryFacts("cat.n.01", "f", 1, 1, ("cat", "true_cat")),
        "dog (animal)": CategoryFacts("dog.n.01", "r", 0, 1, ()),
    }


def test_images_are_counted_and_not_annotations(tmp_path: Path) -> None:
    """And the file's own counts, which may be those of a larger set, are not believed."""
    images = [{"id": number, "coco_url": URL} for number in (1, 2, 3)]
    annotations = [{**SQUARE, "id": number, "image_id": image} for number, image in enumerate((1, 1, 2))]
    source = write(
        tmp_path, images=images, annotations=annotations, categories=[{"id": 3, "name": "cat", "image_count": 99}]
    )
    assert source.categories() == {"cat": CategoryFacts(images=2, of_images=3)}


@pytest.mark.parametrize("field", [{"frequency": "x"}, {"frequency": 5}, {"synset": 5}, {"synonyms": "cat"}])
def test_exception_names_the_category(tmp_path: Path, field: dict[str, Any]) -> None:
    source = write(tmp_path, categories=[{"id": 3, "name": "cat", **field}])
    with pytest.raises(sos.SourceError, match=rf"instances\.json: categories\[0\]: field '{next(iter(field))}'"):
        source.categories()


@pytest.mark.parametrize("name", ["a.png", "train2017/a.png"])
def test_only_images_by_either_name(tmp_path: Path, name: str) -> None:
    images = [{"id": 1, "coco_url": URL}, {"id": 2, "coco_url": URL.replace("a.png", "b.png")}]
    source = write(tmp_path, images=images, annotations=[SQUARE, {**SQUARE, "id": 8, "image_id": 2}])
    limited = LvisInstances(source.images, source.annotations, min_area=1, only_images=[name])
    assert [item.key for item in taken(limited)] == ["a.png#7"]
    assert name in lvis_image_names(source.annotations)
    with pytest.raises(sos.SourceError, match=r"no image is named 'c\.png'"):
        read_all(LvisInstances(source.images, source.annotations, only_images=["c.png"]))
