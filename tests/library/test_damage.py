"""Damaged libraries: what is missing, cut or flipped is refused or skipped by name, and no other segment suffers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library.file_marks import mark_file
from sos_online.types import Words
from tests.library.conftest import ENCODING, Listed, all_pixels, reseal, snapshot, write_files

TABLES = [f"tables/1/{name}.arrow" for name in ("aliases", "categories", "groups", "index", "quality", "shards")]
ROWS = "rows/00000.arrow"
SHARD = "pixels/00000.arrow"


@pytest.fixture(scope="module")
def worded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources, three categories, some words: something to lose in every table."""
    red, blue = Words("red mug", "A red mug.", "mug", ("red", "round")), Words(description="Blau, \u00e4ndert sich.")
    sources = [Listed("s", ["mug", "cup", "mug"], words=[red, blue]), Listed("t", ["cup", "jar"], words=[red])]
    return sos.build_library(tmp_path_factory.mktemp("worded") / "built", sources, encoding=ENCODING).root


@pytest.fixture
def worded_copy(worded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(worded, tmp_path / "worded"))


def replace(path: Path, data: bytes) -> None:
    """By a new file: the old one may be mapped."""
    path.unlink()
    path.write_bytes(data)


def flipped(data: bytes, position: int, mask: int = 0xFF) -> bytes:
    return data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]


def use_every_table(root: Path) -> None:
    library = sos.SegmentLibrary.open(root)
    library.key(0)
    library.words(0)


def exit_code(processes: ForkServerContext, target: Callable[..., None], *args: object) -> int | None:
    """Of a process of its own: it may crash. 0 if ``target`` returned."""
    process = processes.Process(target=target, args=args)
    process.start()
    process.join()
    return process.exitcode


# tables


@pytest.mark.parametrize("name", TABLES)
def test_exception_for_a_missing_table(worded_copy: Path, name: str) -> None:
    """When it is opened, not in mid-stream."""
    (worded_copy / name).unlink()
    with pytest.raises(sos.LibraryError, match=name):
        sos.SegmentLibrary.open(worded_copy)


@pytest.mark.parametrize("damage", ["empty", "cut", "another table", "text"])
@pytest.mark.parametrize("name", TABLES)
def test_exception_for_a_damaged_table(worded_copy: Path, name: str, damage: str) -> None:
    """At the latest when it is used."""
    data = (worded_copy / name).read_bytes()
    other = (worded_copy / TABLES[TABLES.index(name) - 1]).read_bytes()
    replace(worded_copy / name, {"empty": b"", "cut": data[:-20], "another table": other, "text": b"hello"}[damage])
    with pytest.raises(sos.LibraryError, match=name):
        use_every_table(worded_copy)


def believe(root: Path, name: str) -> None:
    """Let ``library.json`` say that a table is as it should be, as if the damage lay where no checksum looks."""
    content = json.loads((root / "library.json").read_bytes())
    reseal(root, {"tables": {**content["tables"], Path(name).name: mark_file(root / name).model_dump()}})


@pytest.mark.parametrize("name", TABLES)
def test_a_flipped_byte_in_a_table_is_refused(worded_copy: Path, name: str) -> None:
    data = (worded_copy / name).read_bytes()
    for position in range(0, len(data), 3):
        replace(worded_copy / name, flipped(data, position))
        with pytest.raises(sos.LibraryError, match=name):
            sos.SegmentLibrary.open(worded_copy)


def flip_every_byte(root: Path, name: str) -> None:
    """Each must be refused or do no harm but another answer."""
    data = (root / name).read_bytes()
    for position in range(0, len(data), 3):
        for mask in (0xFF, 1):
            replace(root / name, flipped(data, position, mask))
            believe(root, name)
            with suppress(sos.SOSError):
                library = sos.SegmentLibrary.open(root)
                snapshot(library)
                all_pixels(library)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text", "a folder", "of another library"])
def test_exception_for_broken_rows(worded_copy: Path, tmp_path: Path, damage: str) -> None:
    """Met when a key or words are asked for, and named; pixels need no rows."""
    data = (worded_copy / ROWS).read_bytes()
    other = sos.build_library(tmp_path / "other", [Listed("s", ["mug", "cup", "mug"])], encoding=ENCODING).root
    (worded_copy / ROWS).unlink()
    if damage == "a folder":
        (worded_copy / ROWS).mkdir()
    elif damage != "missing":
        damaged = {"empty": b"", "cut": data[:-20], "text": b"hello", "of another library": (other / ROWS).read_bytes()}
        (worded_copy / ROWS).write_bytes(damaged[damage])
    library = sos.SegmentLibrary.open(worded_copy)
    row = next(row for row in range(len(library)) if library.source_of(row) == 0)
    for use in (library.key, library.words):
        with pytest.raises(sos.BrokenSegmentError, match=r"rows/00000\.arrow"):
            use(row)
    assert library.alpha(row, 0).size


def test_a_flipped_byte_in_the_rows_is_refused(worded_copy: Path) -> None:
    data = (worded_copy / ROWS).read_bytes()
    for position in range(0, len(data), 3):
        replace(worded_copy / ROWS, flipped(data, position))
        with pytest.raises(sos.BrokenSegmentError, match=r"rows/00000\.arrow: does not match its checksum"):
            sos.SegmentLibrary.open(worded_copy).key(0)


@pytest.mark.parametrize("name", TABLES)
def test_a_flipped_byte_that_no_checksum_sees_never_crashes(
    worded_copy: Path, name: str, processes: ForkServerContext
) -> None:
    """Tables that grow with the library are not read when it is opened. Never another exception, never a crash."""
    assert exit_code(processes, flip_every_byte, worded_copy, name) == 0


def test_only_the_ends_of_a_large_table_are_read(tmp_path: Path) -> None:
    """A flipped byte in the middle of a large index costs nothing to miss; one near an end, or a cut, is noticed."""
    path = tmp_path / "index.arrow"
    data = bytes(range(256)) * 1024
    path.write_bytes(data)
    whole = mark_file(path)
    path.write_bytes(flipped(data, len(data) // 2))
    assert mark_file(path) == whole
    for position in (0, 65535, len(data) - 65536, len(data) - 1):
        path.write_bytes(flipped(data, position))
        assert mark_file(path) != whole
    path.write_bytes(data[:100_000] + data[100_256:])
    assert mark_file(path).size != whole.size
    small = tmp_path / "categories.arrow"  # as large, but of those that are read whole anyway
    small.write_bytes(data)
    whole = mark_file(small)
    small.write_bytes(flipped(data, len(data) // 2))
    assert mark_file(small) != whole


@pytest.mark.parametrize(
    ("column", "value"),
    [("shard", 0), ("category", 1), ("source", 0), ("row", 0), ("slot", 0), ("width", 6), ("height", 5), ("check", 0)],
)
def test_a_wrong_value_in_the_index_is_a_broken_segment(worded: Path, column: str, value: int) -> None:
    """However plausible it is: met when it is used, named by its row; the others are as they were."""
    library = sos.SegmentLibrary.open(worded)
    values = library._columns[column].copy()
    assert values[2] != value
    values[2] = value
    library._columns[column] = values
    uses = (library.category_of, library.source_of, library.words, library.key, library.size_wh, library.level_sizes)
    for use in uses:
        use(0)
        with pytest.raises(sos.BrokenSegmentError, match=r"index\.arrow: row 2: does not match its checksum"):
            use(2)
    for read in (library.alpha, library.colour):
        read(0, 0)
        with pytest.raises(sos.BrokenSegmentError, match=r"index\.arrow: row 2: does not match its checksum"):
            read(2, 0)


# shards


@pytest.mark.parametrize("part", ["alpha", "colour"])
def test_a_flipped_bit_breaks_one_level_of_one_segment(copy: Path, part: str) -> None:
    """The shard is named. The checksum catches it: a damaged JPEG may well decode. All others still read."""
    row, level = 7, 1
    whole = sos.SegmentLibrary.open(copy)
    encoded = bytes(whole._encoded(0, int(whole._columns["slot"][row]) + level, part))  # type: ignore[arg-type]
    data, expected = (copy / SHARD).read_bytes(), all_pixels(whole)
    assert data.count(encoded) == 1
    start = data.index(encoded)
    for position in (start, start + len(encoded) // 2, start + len(encoded) - 1):
        replace(copy / SHARD, flipped(data, position, mask=1))
        library = sos.SegmentLibrary.open(copy)
        read: Callable[[int, int], Any] = getattr(library, part)
        with pytest.raises(sos.BrokenSegmentError, match=r"pixels/00000\.arrow.*checksum"):
            read(row, level)
        read_other = library.colour if part == "alpha" else library.alpha
        assert read_other(row, level).size
        assert read(row, level - 1).size
        assert read(row + 1, 0).size
    replace(copy / SHARD, data)
    assert all_pixels(sos.SegmentLibrary.open(copy)) == expected


def flip_description(root: Path, expected: list[bytes]) -> None:
    """The first bytes hold the columns' lengths and offsets, the last ones the footer."""
    data = (root / SHARD).read_bytes()
    for position in [*range(0, 700, 3), *range(len(data) - 700, len(data), 9)]:
        replace(root / SHARD, flipped(data, position))
        library = sos.SegmentLibrary.open(root)
        levels = [(row, level) for row in range(len(library)) for level in range(len(library.level_sizes(row)))]
        for (row, level), pixels in zip(levels, expected, strict=True):
            with suppress(sos.BrokenSegmentError):
                assert library.alpha(row, level).tobytes() + library.colour(row, level).tobytes() == pixels


def test_a_flipped_byte_in_the_description_of_a_shard(copy: Path, processes: ForkServerContext) -> None:
    assert exit_code(processes, flip_description, copy, all_pixels(sos.SegmentLibrary.open(copy))) == 0


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text", "a folder"])
def test_a_broken_shard_is_met_when_it_is_read(copy: Path, damage: str) -> None:
    """Opening never reads pixels; reading names the shard, as a broken segment, which a stream can skip."""
    data = (copy / SHARD).read_bytes()
    (copy / SHARD).unlink()
    if damage == "a folder":
        (copy / SHARD).mkdir()
    elif damage != "missing":
        (copy / SHARD).write_bytes({"empty": b"", "cut": data[: len(data) // 2], "text": b"hello"}[damage])
    library = sos.SegmentLibrary.open(copy)
    assert snapshot(library)["names"] == ["coin", "dot", "plate", "post"]
    for read in (library.alpha, library.colour):
        with pytest.raises(sos.BrokenSegmentError, match=r"pixels/00000\.arrow"):
            read(0, 0)


def test_opening_needs_no_pixels(copy: Path) -> None:
    expected = snapshot(sos.SegmentLibrary.open(copy))
    shutil.rmtree(copy / "pixels")
    assert snapshot(sos.SegmentLibrary.open(copy)) == expected


def test_a_shard_of_another_library_is_noticed(copy: Path, tmp_path: Path) -> None:
    """Whole, with true checksums, but it is not the one that the library was made with."""
    other = sos.build_library(tmp_path / "other", [Listed("s", ["a"] * 40)], encoding=ENCODING)
    write_files(copy, {SHARD: (other.root / SHARD).read_bytes()})
    with pytest.raises(sos.BrokenSegmentError, match=r"pixels/00000\.arrow: is not the shard that the library"):
        sos.SegmentLibrary.open(copy).alpha(0, 0)
