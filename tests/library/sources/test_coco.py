"""COCO instances: polygons and RLE, on a made-up picture, against pycocotools, on real data, and broken."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

import sos_online as sos
from sos_online.library.sources import CategoryFacts, LeftOut, RawSegment
from sos_online.library.sources.reading.segmentation import decode_segmentation
from tests.library.conftest import SQUARE, read_all, taken, write_coco


def test_smoke_polygon(tmp_path: Path) -> None:
    """Cut out along its polygon: 20 x 15 pixels from (4, 5), all opaque, colours as stored."""
    source = write_coco(tmp_path)
    (item,) = taken(source)
    image = cv2.cvtColor(cv2.imread(str(tmp_path / "a.png")), cv2.COLOR_BGR2RGB)
    assert (item.key, item.category, source.name) == ("a.png#7", "cat", "instances")
    assert (item.rgba[..., 3] == 255).all()
    assert (item.rgba[..., :3] == image[5:20, 4:24]).all()


def test_annotations_come_by_file_name_then_id(tmp_path: Path) -> None:
    """Whatever the order of the JSON: what is built may not depend on it."""
    images = [{"id": 5, "file_name": "b.png"}, {"id": 1, "file_name": "a.png"}]
    annotations = [{**SQUARE, "id": number, "image_id": image} for number, image in ((9, 5), (8, 1), (2, 1), (1, 5))]
    source = write_coco(tmp_path, images=images, annotations=annotations)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    assert [item.key for item in taken(source)] == ["a.png#2", "a.png#8", "b.png#1", "b.png#9"]


def test_exif_rotation_is_not_applied(tmp_path: Path) -> None:
    """Annotations refer to the pixels as stored."""
    source = write_coco(tmp_path, images=[{"id": 1, "file_name": "a.jpg"}])
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[5:20, 4:24] = 200
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=98, exif=exif)
    (item,) = taken(source)
    assert item.rgba[2:-2, 2:-2, :3].min() > 180


def test_annotations_made_on_the_turned_picture(tmp_path: Path) -> None:
    """Their size says so: 30 x 40 as stored, 40 x 30 as shown."""
    source = write_coco(tmp_path, images=[{"id": 1, "file_name": "a.jpg", "width": 40, "height": 30}])
    shown = np.zeros((30, 40, 3), np.uint8)
    shown[5:20, 4:24] = 200
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(shown).copy()).save(tmp_path / "a.jpg", quality=98, exif=exif)
    (item,) = taken(source)
    assert item.rgba[2:-2, 2:-2, :3].min() > 180


def test_what_is_known_of_categories(tmp_path: Path) -> None:
    """Images are counted, not annotations; names that are the same when shown are one."""
    images = [{"id": number, "file_name": f"{number}.png"} for number in range(4)]
    annotations = [
        {**SQUARE, "id": number, "image_id": image, "category_id": category}
        for number, (image, category) in enumerate(((0, 3), (0, 3), (1, 3), (2, 4)))
    ]
    categories = [{"id": number, "name": name} for number, name in ((3, "teddy_bear"), (4, "teddy bear"), (5, "cat"))]
    source = write_coco(tmp_path, images=images, annotations=annotations, categories=categories)
    assert source.categories() == {
        "teddy bear": CategoryFacts(images=3, of_images=4),
        "cat": CategoryFacts(of_images=4),
    }


def test_exception_for_an_image_behind_a_link_that_leads_out(tmp_path: Path) -> None:
    source = write_coco(tmp_path / "in")
    (tmp_path / "in/a.png").rename(tmp_path / "a.png")
    (tmp_path / "in/a.png").symlink_to(tmp_path / "a.png")
    with pytest.raises(sos.SourceError, match=r"instances\.json: images: file name 'a\.png' leaves the image folder"):
        read_all(source)


# masks


@given(seed=st.integers(0, 2**32 - 1), size_hw=st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_rle_round_trip(seed: int, size_hw: tuple[int, int]) -> None:
    """Counts down the columns, beginning with zeros; and the compressed form of them."""
    rng = np.random.default_rng(seed)
    mask = (rng.random(size_hw) < rng.random()).astype(np.uint8)
    flat = mask.T.ravel()
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat, [2]])))
    counts = np.diff(np.concatenate([[0], changes])).tolist()
    compressed = coco_mask.encode(np.asfortranarray(mask))
    for segmentation in (
        {"size": list(size_hw), "counts": counts},
        {"size": list(size_hw), "counts": compressed["counts"].decode()},
    ):
        decoded = decode_segmentation(segmentation, size_hw)
        assert decoded is not None
        assert (decoded == mask).all()


def test_several_polygons_are_one_object() -> None:
    decoded = decode_segmentation([[0, 0, 4, 0, 4, 4, 0, 4], [2, 2, 8, 2, 8, 8, 2, 8], [1, 1, 2, 2]], (10, 12))
    expected = np.zeros((10, 12), np.uint8)
    expected[:4, :4] = expected[2:8, 2:8] = 1
    assert decoded is not None
    assert (decoded == expected).all()


@pytest.mark.parametrize(
    "segmentation",
    [
        *("text", 5, [5], ["ab"], [["a"] * 6], [1, 2, 3, 4, 5, 6], {}),  # no list of polygons, no RLE
        {"size": [10, 10]},
        {"size": 5, "counts": [100]},
        {"size": [10, 10], "counts": None},
        {"size": [10, 10], "counts": "\u00e9"},
        {"size": [10, 10], "counts": "garbage!!"},
        {"size": [10, 10], "counts": [50, 500]},  # more than there is
    ],
    ids=str,
)
def test_what_is_no_segmentation_is_none(segmentation: object) -> None:
    assert decode_segmentation(segmentation, (10, 10)) is None


@pytest.mark.parametrize("counts", [[], [5, 5], [99], ""], ids=str)
def test_counts_that_do_not_fill_the_picture_are_none(counts: object) -> None:
    assert decode_segmentation({"size": [10, 10], "counts": counts}, (10, 10)) is None


@pytest.mark.parametrize("counts", [[110, -10], [50, 2**40]], ids=str)
def test_counts_beyond_32_bits_are_none(counts: list[int]) -> None:
    assert decode_segmentation({"size": [10, 10], "counts": counts}, (10, 10)) is None


# JSON that is not as it should be


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"images": None}, "images"),
        ({"annotations": None}, "annotations"),
        ({"categories": None}, "categories"),
        ({"annotations": {}}, "annotations"),
        ({"images": [{"id": 1}]}, r"images\[0\].*file_name"),
        ({"images": [{"id": 1, "file_name": "a.png"}, {"file_name": "b.png"}]}, r"images\[1\].*'id'"),
        ({"images": [5]}, r"images\[0\]"),
        ({"annotations": [{"id": 1, "image_id": 1}]}, r"annotations\[0\].*category_id"),
        ({"annotations": [SQUARE, {"id": 1, "category_id": 3}]}, r"annotations\[1\].*image_id"),
        ({"categories": [{"id": 3}]}, r"categories\[0\].*name"),
        ({"images": [{"id": 1, "file_name": "../a.png"}]}, r"'\.\./a\.png' leaves"),
        ({"images": [{"id": 1, "file_name": "x/../../a.png"}]}, "leaves"),
        ({"images": [{"id": 1, "file_name": "/etc/hostname"}]}, "'/etc/hostname' leaves"),
        ({"images": [{"id": 1, "file_name": "gone.png"}]}, r"gone\.png"),
    ],
)
def test_exception_names_file_and_field(tmp_path: Path, fields: dict[str, Any], named: str) -> None:
    with pytest.raises(sos.SourceError, match=rf"(?s)instances\.json.*{named}|{named}.*instances\.json"):
        read_all(write_coco(tmp_path, **fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"categories": [{"id": 3, "name": None}]},
        {"categories": [{"id": [3], "name": "cat"}]},
        {"annotations": [SQUARE, {**SQUARE, "id": "8"}]},
    ],
    ids=str,
)
def test_exception_for_fields_of_a_wrong_type(tmp_path: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(sos.SourceError, match=r"instances\.json"):
        read_all(write_coco(tmp_path, **fields))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"images": [{"id": 1, "file_name": 5}]}, r"images\[0\]: field 'file_name': expected a text, found 5"),
        ({"images": [{"id": 1, "file_name": "a.png", "width": "40"}]}, r"images\[0\]: field 'width'"),
        ({"annotations": [SQUARE, {**SQUARE, "id": None}]}, r"annotations\[1\]: field 'id'"),
        ({"categories": [{"id": 3, "name": None}]}, r"categories\[0\]: field 'name': expected a text, found None"),
    ],
)
def test_exception_for_a_wrong_type_names_list_position_and_field(
    tmp_path: Path, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(sos.SourceError, match=rf"instances\.json: {named}"):
        read_all(write_coco(tmp_path, **fields))


def test_an_edge_that_leads_to_the_moon_is_no_segmentation() -> None:
    """pycocotools walks along it: memory for every step."""
    for far in (1e9, float("inf"), float("nan")):
        assert decode_segmentation([[0, 0, far, 0, far, 5, 0, 5]], (10, 10)) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_exception_for_what_is_no_coco_json(tmp_path: Path, content: bytes) -> None:
    source = write_coco(tmp_path)
    source.annotations.write_bytes(content)
    with pytest.raises(sos.SourceError, match=r"instances\.json"):
        read_all(source)


def test_exception_for_absent_paths(tmp_path: Path) -> None:
    source = write_coco(tmp_path)
    with pytest.raises(sos.SourceError, match=r"absent\.json"):
        read_all(sos.CocoInstances(tmp_path, tmp_path / "absent.json"))
    with pytest.raises(sos.SourceError, match="nowhere"):
        read_all(sos.CocoInstances(tmp_path / "nowhere", source.annotations))


# real data


def test_coco_train_against_pycocotools(real_data: Path) -> None:
    """2,099 annotations: 20 crowds, the smaller ones and the rest, each exactly where pycocotools puts it."""
    annotations = real_data / "coco/instances_train.json"
    items = read_all(sos.CocoInstances(real_data / "coco/train", annotations))
    truth = COCO(str(annotations))
    expected = {}
    for annotation in json.loads(annotations.read_bytes())["annotations"]:
        rle = truth.annToRLE(annotation)
        key = f"{truth.imgs[annotation['image_id']]['file_name']}#{annotation['id']}"
        small = "smaller than 256 pixels" if coco_mask.area(rle) < 256 else ""
        box = coco_mask.toBbox(rle)
        expected[key] = (
            "crowd" if annotation["iscrowd"] else small or (int(box[2]), int(box[3]), int(coco_mask.area(rle)))
        )
    found = {
        item.key: item.reason
        if isinstance(item, LeftOut)
        else (item.rgba.shape[1], item.rgba.shape[0], np.count_nonzero(item.rgba[..., 3] == 255))
        for item in items
    }
    assert len(items) == 2099
    assert found == expected
    reasons = Counter(reason for reason in found.values() if isinstance(reason, str))
    assert reasons == {"crowd": 20, "smaller than 256 pixels": 438}
    assert sum(item.at_border is True for item in items if isinstance(item, RawSegment)) == 356
    assert all(set(np.unique(item.rgba[..., 3])) <= {0, 255} for item in items if isinstance(item, RawSegment))


def test_exception_for_two_categories_of_one_id(tmp_path: Path) -> None:
    """The last would win, and every label of the first be wrong."""
    source = write_coco(tmp_path, categories=[{"id": 3, "name": "cat"}, {"id": 3, "name": "dog"}])
    with pytest.raises(sos.SourceError, match=r"categories\[1\]: id 3 is that of another category too"):
        list(source.units())


LONG = {f"key {number}": number for number in range(99)}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"images": [LONG | {"id": LONG, "file_name": "a.png"}]}, "images[0]: field 'id'"),
        ({"images": [{"id": 1, "file_name": LONG}]}, "images[0]: field 'file_name'"),
        ({"annotations": [{**SQUARE, "category_id": LONG}]}, "annotations[0]: field 'category_id'"),
        ({"categories": [[LONG]]}, "categories[0]"),
    ],
)
def test_exception_shows_the_beginning_of_what_is_found(tmp_path: Path, fields: dict[str, Any], named: str) -> None:
    with pytest.raises(sos.SourceError) as caught:
        list(write_coco(tmp_path, **fields).units())
    place, _, found = str(caught.value).partition(", found ")
    assert place.startswith(f"{tmp_path / 'instances.json'}: {named}: expected ") and len(found) == 80


def test_exception_for_a_missing_picture_whose_name_would_steer_a_terminal(tmp_path: Path) -> None:
    with pytest.raises(sos.SourceError, match=r"/\\x1b\[2J\.png: named in .*, but it is not there"):
        list(write_coco(tmp_path, images=[{"id": 1, "file_name": "\x1b[2J.png"}]).units())
