"""Parquet files: columns and their types, row groups in slices, damage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sos_online as sos
from sos_online.library.sources import ParquetSegments
from sos_online.types import Words
from tests.library.conftest import disc, left_out, png, read_all, taken
from tests.library.sources.made_up import flip_byte, write_parquet

IMAGES = [png(disc(seed=row)) for row in range(2)]


def test_smoke(tmp_path: Path) -> None:
    """The published columns; rows are numbered through the file, whatever its row groups."""
    source = write_parquet(tmp_path / "part.parquet", rows=5, row_group_size=2)
    items = taken(source)
    assert source.name == "part"
    assert [item.key for item in items] == [f"part.parquet#{row}" for row in range(5)]
    assert all((item.rgba == disc(seed=row)).all() for row, item in enumerate(items))
    assert {(item.category, item.words) for item in items} == {
        ("coffee mug", Words("red", "A mug.", "", ("round", "red")))
    }
    assert [(unit.segments, unit.payload.first) for unit in source.units()] == [(2, 0), (2, 2), (1, 4)]


def test_a_folder_of_files(tmp_path: Path) -> None:
    for name in ("b/2.parquet", "b/1.parquet", "a.parquet"):
        write_parquet(tmp_path / "set" / name, rows=1)
    source = ParquetSegments(tmp_path / "set")
    assert source.name == "set"
    assert [item.key for item in taken(source)] == ["a.parquet#0", "b/1.parquet#0", "b/2.parquet#0"]


@pytest.mark.parametrize(
    "images",
    [
        pa.array(IMAGES, pa.large_binary()),
        pa.array([{"bytes": image, "path": "x.png"} for image in IMAGES]),  # as Hugging Face writes them
    ],
    ids=["large", "struct"],
)
def test_images_of_every_form(tmp_path: Path, images: pa.Array) -> None:
    source = write_parquet(tmp_path / "p.parquet", rows=2, image_path=images)
    assert [(item.rgba == disc(seed=row)).all() for row, item in enumerate(taken(source))] == [True, True]


@pytest.mark.parametrize(
    ("features", "found"),
    [
        (["a, b", None], [("a", "b"), ()]),
        (["['a', 'b']", '["a"]'], [("a", "b"), ("a",)]),
        ([["a", "b"], []], [("a", "b"), ()]),
        (None, [(), ()]),
    ],
)
def test_features_of_every_form(tmp_path: Path, features: Any, found: list[tuple[str, ...]]) -> None:
    source = write_parquet(tmp_path / "p.parquet", rows=2, features=features)
    assert [item.words.features for item in taken(source)] == found


def test_flags_and_a_category_as_a_dictionary(tmp_path: Path) -> None:
    category = pa.array(["a", "b"]).dictionary_encode()
    flags = {"IsInstance": [True, None], "Integrity": ["no", "yes"], "QualityAndRegularity": [1, 0]}
    first, second = taken(write_parquet(tmp_path / "p.parquet", rows=2, category=category, **flags))
    assert (first.category, second.category) == ("a", "b")
    assert first.flags == {"IsInstance": True, "Integrity": False, "QualityAndRegularity": True}
    assert second.flags == {"Integrity": True, "QualityAndRegularity": False}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"image_path": [b"", IMAGES[1]]}, "empty file"),
        ({"image_path": [None, IMAGES[1]]}, "image bytes are not in the file"),
        (
            {"image_path": [{"bytes": None, "path": "x"}, {"bytes": IMAGES[1], "path": None}]},
            "image bytes are not in the file",
        ),
        ({"image_path": [IMAGES[0][:-9], IMAGES[1]]}, "not a readable image"),
        ({"category": [None, "cat"]}, "no category"),
        ({"category": [" ", "cat"]}, "no category"),
        ({"Integrity": ["maybe", "yes"]}, "flag Integrity: expected true, false, 1, 0, yes or no"),
        ({"description": [["a"], None]}, "description: expected a text"),
        ({"features": [{"a": 1}, None]}, "features: expected a list of texts or one text"),
    ],
)
def test_a_broken_row_does_not_stop_the_others(tmp_path: Path, columns: dict[str, Any], reason: str) -> None:
    source = write_parquet(tmp_path / "p.parquet", rows=2, **columns)
    assert left_out(source) == {"p.parquet#0": reason}
    assert len(taken(source)) == 1


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"image_path": None}, "expected one column 'image_path', found category, "),
        ({"category": None}, "expected one column 'category', found image_path, "),
        ({"image_path": ["a.png"]}, "column 'image_path': expected the bytes of images, found string"),
        ({"image_path": [{"path": "a.png"}]}, "column 'image_path': expected the bytes of images, found struct"),
        ({"category": [5]}, "column 'category': expected texts, found int64"),
    ],
)
def test_exception_names_file_and_column(tmp_path: Path, columns: dict[str, Any], named: str) -> None:
    with pytest.raises(sos.SourceError, match=rf"p\.parquet: {named}"):
        read_all(write_parquet(tmp_path / "p.parquet", rows=1, **columns))


def test_exception_for_two_columns_of_one_name(tmp_path: Path) -> None:
    table = pa.table(
        [pa.array(IMAGES), pa.array(["a", "b"]), pa.array(["c", "d"])], ["image_path", "category", "category"]
    )
    pq.write_table(table, tmp_path / "p.parquet")
    with pytest.raises(sos.SourceError, match=r"p\.parquet: expected one column 'category'"):
        read_all(ParquetSegments(tmp_path / "p.parquet"))


@pytest.mark.parametrize("content", [b"", b"no Parquet", None])
def test_a_file_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    """Left out beside a good one; an error where there is no other."""
    good = write_parquet(tmp_path / "good.parquet", rows=1).path
    bad = good.read_bytes()[:-20] if content is None else content
    (tmp_path / "bad.parquet").write_bytes(bad)
    source = ParquetSegments(tmp_path)
    assert left_out(source) == {"bad.parquet": "not a readable Parquet file"}
    assert [item.key for item in taken(source)] == ["good.parquet#0"]
    good.unlink()
    with pytest.raises(sos.SourceError, match=r"found none\. bad\.parquet: not a readable Parquet file"):
        read_all(source)


def test_exception_for_no_rows_and_no_files(tmp_path: Path) -> None:
    empty = {"image_path": pa.array([], pa.binary()), "category": pa.array([], pa.string())}
    with pytest.raises(sos.SourceError, match=r"expected rows in \*\.parquet, found none"):
        read_all(write_parquet(tmp_path / "p.parquet", rows=0, **empty))
    with pytest.raises(sos.SourceError, match=r"expected rows in \*\.parquet, found none"):
        read_all(ParquetSegments((tmp_path / "p.parquet").rename(tmp_path / "p.arrow").parent))
    with pytest.raises(sos.SourceError, match="nowhere: a source that is no file must be a folder"):
        read_all(ParquetSegments(tmp_path / "nowhere"))


def test_damaged_pages_lose_their_rows_and_no_more(tmp_path: Path) -> None:
    """Every row is there or named, whatever byte is damaged."""
    whole = write_parquet(tmp_path / "p.parquet", rows=6, row_group_size=3)
    content = whole.path.read_bytes()
    expected = {item.key: item.rgba for item in taken(whole)}
    units = list(whole.units())
    damaged = 0
    for place in np.linspace(4, len(content) - 2000, 60).astype(int):
        whole.path.write_bytes(flip_byte(content, place))
        items = [item for unit in units for item in whole.read(unit)]
        assert sorted(item.key for item in items) == sorted(expected)
        for item in items:
            if isinstance(item, sos.library.sources.RawSegment):
                assert (item.rgba == expected[item.key]).all()
            damaged += not isinstance(item, sos.library.sources.RawSegment)
    assert damaged


def test_a_link_out_of_the_folder_is_left_out(tmp_path: Path) -> None:
    """As in caches that keep files elsewhere: the file itself may be named."""
    target = write_parquet(tmp_path / "blobs/1.parquet", rows=1).path
    write_parquet(tmp_path / "in/a.parquet", rows=1)
    (tmp_path / "in/b.parquet").symlink_to(target)
    source = ParquetSegments(tmp_path / "in")
    assert left_out(source) == {"b.parquet": "leads out of its folder"}
    assert [item.key for item in taken(ParquetSegments(tmp_path / "in/b.parquet"))] == ["b.parquet#0"]


def test_memory_does_not_grow_with_the_row_group(tmp_path: Path) -> None:
    """Sixty images of 400 KB in one row group are read a few at a time."""
    image = png(np.random.default_rng(0).integers(0, 256, (320, 320, 4)).astype(np.uint8))
    source = write_parquet(tmp_path / "p.parquet", rows=60, row_group_size=60, image_path=[image] * 60)
    (unit,) = source.units()
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in source.read(unit)]
    assert len(held) == 60
    assert max(held) < 20 * len(image)
