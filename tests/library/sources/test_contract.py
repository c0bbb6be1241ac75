"""What holds for every kind of source: fixed order, small plain units, reading that depends on the unit alone."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sos_online.library.sources as sources
from sos_online.library.sources import LeftOut, RawSegment, Source
from sos_online.library.sources.base import SEGMENTS_PER_UNIT
from sos_online.library.sources.listing import make_sources
from tests.library.conftest import SQUARE, disc, png, write_coco, write_files
from tests.library.sources.made_up import (
    EVERY_KIND,
    ade_object,
    as_png,
    photo,
    rle,
    write_ade,
    write_parquet,
    write_tar,
)


@pytest.fixture(params=EVERY_KIND)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    made: Source = EVERY_KIND[request.param](tmp_path / "in")
    return made


def plain(item: RawSegment | LeftOut) -> Any:
    if isinstance(item, LeftOut):
        return item
    return item.key, item.category, item.rgba.tobytes(), item.words, dict(item.flags), item.at_border


def test_listing_and_reading_give_the_same_twice(source: Source) -> None:
    """In whatever order the units are read."""
    units = list(source.units())
    assert units == list(source.units())
    forwards = [[plain(item) for item in source.read(unit)] for unit in units]
    backwards = [[plain(item) for item in source.read(unit)] for unit in units[::-1]]
    assert forwards == backwards[::-1]


def test_source_and_units_travel(source: Source) -> None:
    """To another process, by pickling between our own."""
    other = pickle.loads(pickle.dumps(source))
    for unit in source.units():
        sent = pickle.loads(pickle.dumps(unit))
        assert sent == unit
        assert list(map(plain, other.read(sent))) == list(map(plain, source.read(unit)))


def test_segments_are_as_promised(source: Source) -> None:
    """Keys are unique, pixels are RGBA, categories have names; and something is left out for a reason, or nothing."""
    items = [item for unit in source.units() for item in source.read(unit)]
    segments = [item for item in items if isinstance(item, RawSegment)]
    assert segments
    assert len({item.key for item in items}) == len(items)
    for item in segments:
        assert item.rgba.dtype == np.uint8
        assert item.rgba.ndim == 3 and item.rgba.shape[2] == 4
        assert item.category == item.category.strip() != ""
    assert all(item.reason for item in items if isinstance(item, LeftOut))


def test_units_are_plain_and_small(source: Source) -> None:
    """They are hashed through JSON, and are not what is read."""
    for unit in source.units():
        assert unit.segments <= SEGMENTS_PER_UNIT
        assert json.dumps(unit.payload, default=asdict)
        assert len(pickle.dumps(unit)) < 20_000


def test_units_are_listed_one_by_one(source: Source) -> None:
    """The first is there before the last was looked for."""
    listing = source.units()
    assert isinstance(listing, Iterator)
    assert next(listing) == next(iter(source.units()))


def test_settings_are_plain(source: Source) -> None:
    assert json.dumps(source.settings())


def test_a_changed_file_makes_another_unit(source: Source, tmp_path: Path) -> None:
    """Of whichever file: each is part of a unit's fingerprint."""
    before = list(source.units())
    for path in sorted((tmp_path / "in").rglob("*")):
        if path.is_file():
            status = path.stat()
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))
            # the JSON of annotations is in the units as far as it counts; unpaired files are not read
            if path.name not in ("instances.json", "lone.png", "none.png"):
                assert list(source.units()) != before, path
            before = list(source.units())


def many(kind: str, root: Path, count: int) -> Source:
    """A source with ``count`` segments in one file."""
    if kind == "coco":
        return write_coco(root, annotations=[{**SQUARE, "id": number} for number in range(count)])
    if kind == "parquet":
        image = png(disc(4, 4))
        columns = dict.fromkeys(("sub_category", "description", "short_phrase", "features"))
        return write_parquet(root / "p.parquet", count, count, image_path=[image] * count, **columns)
    if kind == "tars":
        image = png(disc(4, 4))
        listed = [(f"{number}.{end}", data) for number in range(count) for end, data in (("png", image), ("cls", b"a"))]
        return sources.WebDatasetTars(write_tar(root / "s.tar", listed))
    if kind == "masks":
        labels = np.zeros((40, 60), np.uint16)
        labels.ravel()[: 2 * count] = np.repeat(np.arange(1, count + 1), 2) * 100
        write_files(root, {"i/a.png": as_png(photo()), "m/a.png": as_png(labels)})
        return sources.MaskPairs(root / "i", root / "m", "cell", min_area=1)
    if kind == "sa1b":
        mask = np.zeros((40, 60), np.uint8)
        mask[:3, :3] = 1
        annotations = [{"id": number, "segmentation": rle(mask)} for number in range(count)]
        content = {"image": {"file_name": "a.jpg", "width": 60, "height": 40}, "annotations": annotations}
        write_files(root, {"a.json": json.dumps(content).encode(), "a.jpg": as_png(photo())})
        return sources.Sa1b(root, min_area=1)
    objects = [ade_object(number, "cup", instance_mask="one/instance_001_one.png") for number in range(count)]
    return write_ade(root, objects)


@pytest.mark.parametrize("kind", ["coco", "parquet", "tars", "masks", "sa1b", "ade20k"])
@pytest.mark.parametrize("count", [SEGMENTS_PER_UNIT, SEGMENTS_PER_UNIT + 1, 600])
def test_a_file_of_many_segments_is_many_units(tmp_path: Path, kind: str, count: int) -> None:
    source = many(kind, tmp_path, count)
    units = list(source.units())
    assert [unit.segments for unit in units][:-1] == [SEGMENTS_PER_UNIT] * (len(units) - 1)
    assert sum(unit.segments for unit in units) == count
    items = [item for unit in units for item in source.read(unit)]
    assert len(items) == len({item.key for item in items}) == count
    assert all(isinstance(item, RawSegment) for item in items)


def test_lists_of_images_do_not_travel(tmp_path: Path) -> None:
    """They may be long, and a source is sent with every piece of work."""
    names = [f"{number:012d}.jpg" for number in range(5000)]
    entries = [
        {"kind": kind, "images": tmp_path, "annotations": tmp_path / "a.json", "only_images": names}
        for kind in ("coco", "lvis")
    ]
    limited = make_sources([*entries, {"kind": "folders", "root": tmp_path, "only_images": names}], "test")
    assert all(len(pickle.dumps(source)) < 1000 for source in limited)


RGBA_KINDS = {"sos", "folders", "cutouts", "parquet", "tars"}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_at_border_is_known_of_what_is_cut_out_of_photos(tmp_path: Path, kind: str) -> None:
    """Box 1 begins two pixels from the border, which is at it; box 2 is five away from it."""
    source = EVERY_KIND[kind](tmp_path)
    items = [item for unit in source.units() for item in source.read(unit) if isinstance(item, RawSegment)]
    if kind in RGBA_KINDS:
        assert {item.at_border for item in items} == {None}
    elif kind in ("coco", "lvis"):
        assert [item.at_border for item in items] == [False]
    else:
        assert [item.at_border for item in items][:2] == [True, False]
