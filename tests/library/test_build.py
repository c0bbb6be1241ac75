"""Building: the same bytes however it is done, what is in the result, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.library.sources import LeftOut, RawSegment, Unit
from sos_online.plan import SegmentChoice
from sos_online.plan.choice import Chooser
from sos_online.rng import sample_generator
from sos_online.types import Words
from tests.library.conftest import ENCODING, TABLES, Listed, build_cutouts, disc, tree, write_files

# the same to the byte


@pytest.mark.usefixtures("small_shards")
def test_two_workers_build_the_same_bytes_as_none(cutouts: Path, tmp_path: Path) -> None:
    build_cutouts(tmp_path / "none", cutouts)
    build_cutouts(tmp_path / "two", cutouts, workers=2)
    assert len(list((tmp_path / "none/pixels").iterdir())) == 3
    assert tree(tmp_path / "none") == tree(tmp_path / "two")


def test_nothing_but_the_library_is_left(cutouts: Path, tmp_path: Path) -> None:
    build_cutouts(tmp_path / "out", cutouts)
    shard = {"pixels/00000.arrow", "rows/00000.arrow", "rows/00000.left_out.arrow"}
    assert set(tree(tmp_path / "out")) == {"library.json", *TABLES, *shard}
    folders = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "out").rglob("*") if path.is_dir()}
    assert folders == {"out/pixels", "out/rows", "out/tables", "out/tables/1"}


@pytest.mark.usefixtures("small_shards")
def test_progress_grows_to_the_whole(cutouts: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    sos.build_library(
        tmp_path / "out", [sos.CategoryFolders(cutouts)], progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(0, 12), (5, 12), (10, 12), (12, 12)]


# what is in it

NAMES = st.lists(st.sampled_from(["cat", "Cat", "CAT", "dog", "\u00e4ffchen", "Zebra", "zebra finch", ""]), max_size=12)


def slow_rows(sources: list[Listed]) -> list[tuple[str, int, str]]:
    """(category as shown, source, key) of every row: by category whatever its case, then source, then order."""
    entries = [
        (category, position, key)
        for position, source in enumerate(sources)
        for key, category in source.category_of.items()
        if category
    ]
    shown = {
        name.casefold(): min(other for other, _, _ in entries if other.casefold() == name.casefold())
        for name, _, _ in entries
    }
    in_order = sorted(entries, key=lambda entry: (entry[0].casefold(), entry[1]))  # sorted() is stable
    return [(shown[category.casefold()], position, key) for category, position, key in in_order]


@settings(max_examples=25)
@given(names=st.tuples(NAMES, NAMES, NAMES), shard=st.integers(1, 6))
def test_several_sources_against_a_sorted_list(
    names: tuple[list[str], ...], shard: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Categories joined whatever their case, each one range; groups are the ranges of one source in it."""
    sources = [Listed(f"s{position}", [*of_source, "last"]) for position, of_source in enumerate(names)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sos_online.library.shard_plan.SEGMENTS_PER_SHARD", shard)
        library = sos.build_library(tmp_path_factory.mktemp("several") / "out", sources, encoding=ENCODING)
    rows = slow_rows(sources)
    categories = list(dict.fromkeys(category for category, _, _ in rows))
    assert library.category_names == categories
    assert [
        (library.category_names[library.category_of(row) - 1], library.source_of(row), library.key(row))
        for row in range(len(library))
    ] == rows
    starts = [next(row for row, entry in enumerate(rows) if entry[0] == category) for category in categories]
    assert library.category_starts.tolist() == [*starts, len(rows)]
    for position in range(3):
        group_starts, before = library.group_starts(position)
        nth_row = [
            int(start + nth) for start, size in zip(group_starts, np.diff(before), strict=True) for nth in range(size)
        ]
        assert nth_row == [row for row, entry in enumerate(rows) if entry[1] == position]
        assert library.manifest.sources[position].taken == len(nth_row)
        assert library.manifest.sources[position].left_out == (
            {"empty": names[position].count("")} if "" in names[position] else {}
        )


def test_pixels_stay_with_their_keys(tmp_path: Path) -> None:
    """Rows are sorted after their pixels were stored: each must still find its own."""
    pictures = {f"{category}/{seed}.png": disc(20 + seed, 15, seed) for seed, category in enumerate("dacbadcb")}
    source = sos.CategoryFolders(write_files(tmp_path / "in", dict(pictures)))
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    for row in range(len(library)):
        assert (library.alpha(row, len(library.level_sizes(row)) - 1) == pictures[library.key(row)][..., 3]).all()


def test_words_are_stored_once_in_a_shard(tmp_path: Path) -> None:
    red, blue = Words("red mug", "A red mug.", "mug", ("red", "round")), Words(features=("b\u00e4u",))
    source = Listed("s", ["mug"] * 5, words=[red, blue, red, Words(), red])
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    assert [library.words(row) for row in range(5)] == [red, blue, red, Words(), red]
    assert (tmp_path / "out/rows/00000.arrow").read_bytes().count(b"A red mug.") == 1


def test_the_folder_gives_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sos.build_library("my library", [Listed("s", ["a"])]).manifest.name == "my library"


@pytest.mark.parametrize("max_side", [1024, 64], ids=["as it is", "shrunk"])
def test_opaque_is_counted_at_the_largest_level(tmp_path: Path, max_side: int) -> None:
    rgba = np.full((256, 256, 4), 90, np.uint8)
    rgba[::2, ::2, 3] = rgba[1::2, 1::2, 3] = 255  # a fine check pattern: all of it is 172 when shrunk
    source = sos.CategoryFolders(write_files(tmp_path / "in", {"c/a.png": rgba}))
    library = sos.build_library(tmp_path / "out", [source], encoding=sos.Encoding(max_side=max_side))
    stored = library.alpha(0, len(library.level_sizes(0)) - 1)
    assert library.opaque(0) == np.count_nonzero(stored >= 128)


def test_a_source_of_which_nothing_was_taken_can_be_drawn_with(tmp_path: Path) -> None:
    """Refused when it is built, or never drawn; the default rule draws a source first."""
    try:
        library = sos.build_library(tmp_path / "out", [Listed("good", ["a", "b"]), Listed("bad", ["", ""])])
    except sos.SOSError:
        return
    Chooser(SegmentChoice(), library).draw(50, sample_generator(0, 0, 0))


# refusals


@contextmanager
def refused(folder: Path, match: str) -> Iterator[None]:
    """With an error that names the folder, and without touching it."""
    before = tree(folder) if folder.is_dir() else {"": folder.read_bytes()}
    with pytest.raises(sos.LibraryError, match=match) as caught:
        yield
    assert str(folder) in str(caught.value)
    assert (tree(folder) if folder.is_dir() else {"": folder.read_bytes()}) == before


OTHER: dict[str, dict[str, Any]] = {
    "name": {"name": "other"},
    "licence": {"licence": "MIT"},
    "encoding": {"encoding": sos.Encoding(jpeg_quality=80)},
    "source's name": {"sources": [Listed("t", ["a"])]},
    "segments": {"sources": [Listed("s", ["a", "a"])]},
    "payload": {"sources": [Listed("s", ["b"])]},
    "vocabulary": {"vocabulary": sos.Vocabulary(("a",))},
    "order of sources": {"sources": [Listed("t", ["a"]), Listed("s", ["a"])]},
}


@pytest.mark.parametrize("other", OTHER)
@pytest.mark.parametrize("finished", [True, False], ids=["finished", "unfinished"])
def test_exception_for_other_arguments(tmp_path: Path, other: str, finished: bool) -> None:
    arguments: dict[str, Any] = {"sources": [Listed("s", ["a"])], "name": "n"}
    if other == "order of sources":
        arguments["sources"] = OTHER[other]["sources"][::-1]

    def interrupt(done: int, total: int) -> None:
        if not finished:
            raise InterruptedError

    try:
        sos.build_library(tmp_path / "out", **arguments, progress=interrupt)
    except InterruptedError:
        assert not finished
    with refused(tmp_path / "out", "of other sources or settings"):
        sos.build_library(tmp_path / "out", **{**arguments, **OTHER[other]})


@pytest.mark.parametrize("name", ["letter.txt", ".hidden", "pixels/00000.arrow"])
def test_exception_for_a_folder_of_somebody_else(tmp_path: Path, name: str) -> None:
    write_files(tmp_path / "out", {name: b"mine"})
    with refused(tmp_path / "out", "not empty"):
        sos.build_library(tmp_path / "out", [Listed("s", ["a"])])


def test_exception_for_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"mine")
    with refused(tmp_path / "out", "is a file"):
        sos.build_library(tmp_path / "out", [Listed("s", ["a"])])


def test_an_empty_folder_is_welcome(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert len(sos.build_library(tmp_path / "out", [Listed("s", ["a"])])) == 1


def test_exception_for_sources_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(sos.LibraryError, match="'s'"):
        sos.build_library(tmp_path / "out", [Listed("s", ["a"]), Listed("t", ["a"]), Listed("s", ["b"])])
    assert not (tmp_path / "out").exists()


def test_exception_for_no_source(tmp_path: Path) -> None:
    with pytest.raises(sos.LibraryError, match="at least one"):
        sos.build_library(tmp_path / "out", [])


def test_exception_where_nothing_could_be_taken_says_why(tmp_path: Path) -> None:
    with pytest.raises(sos.LibraryError, match="2 x empty"):
        sos.build_library(tmp_path / "out", [Listed("s", ["", ""])])


@pytest.mark.usefixtures("small_shards")
def test_after_nothing_could_be_taken_the_folder_is_free(tmp_path: Path) -> None:
    """The same again would not help; others may."""
    with pytest.raises(sos.LibraryError, match="no segment could be taken"):
        sos.build_library(tmp_path / "out", [Listed("s", [""] * 12)])
    assert tree(tmp_path / "out") == {}
    assert len(sos.build_library(tmp_path / "out", [Listed("t", ["a"])])) == 1


def test_exception_for_a_damaged_mark_of_a_build(tmp_path: Path) -> None:
    write_files(tmp_path / "out", {"building.json": b"{"})
    with pytest.raises(sos.LibraryError, match=r"building\.json"):
        sos.build_library(tmp_path / "out", [Listed("s", ["a"])])


# what cannot be read


class Failing(Listed):
    """Reads all but its second segment."""

    def __init__(self, error: Exception) -> None:
        super().__init__("s", ["a", "b", "c"])
        self.error = error

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if unit.name == "s1":
            raise self.error
        return super().read(unit)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied", "/secret/path"), "cannot be read: Permission denied"),
        (OSError("about /secret/path"), "cannot be read: OSError"),
        (cv2.error("about /secret/path"), "cannot be read: refused by OpenCV"),
    ],
    ids=str,
)
def test_a_file_that_cannot_be_read_is_left_out(tmp_path: Path, error: Exception, reason: str) -> None:
    library = sos.build_library(tmp_path / "out", [Failing(error)], encoding=ENCODING)
    assert [library.key(row) for row in range(len(library))] == ["s0", "s2"]
    assert library.manifest.sources[0].left_out == {reason: 1}


def test_exception_for_any_other_error_names_source_and_unit(tmp_path: Path) -> None:
    error = KeyError("x")
    with pytest.raises(sos.SourceError, match=r"'s': s1: .*KeyError: 'x'") as caught:
        sos.build_library(tmp_path / "out", [Failing(error)])
    assert caught.value.__cause__ is error


def test_exception_for_a_unit_whose_name_would_steer_a_terminal(tmp_path: Path) -> None:
    class Named(Listed):
        def units(self) -> Iterator[Unit]:
            yield Unit("a\x1b[31m.png", size=0, segments=1, payload=None)

        def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
            raise KeyError("x")

    with pytest.raises(sos.SourceError, match=r"'s': a\\x1b\[31m\.png: .*KeyError: 'x'"):
        sos.build_library(tmp_path / "out", [Named("s", [])])


def test_what_is_nowhere_opaque_is_left_out(tmp_path: Path) -> None:
    """It would never have a pixel of a label. Half transparent at one pixel is enough to stay."""
    faint, nearly = disc(), disc()
    faint[..., 3] = np.minimum(faint[..., 3], 127)
    nearly[..., 3] = np.minimum(nearly[..., 3], 128)
    source = sos.CategoryFolders(write_files(tmp_path / "in", {"c/faint.png": faint, "c/nearly.png": nearly}))
    library = sos.build_library(tmp_path / "out", [source])
    assert [library.key(row) for row in range(len(library))] == ["c/nearly.png"]
    assert library.manifest.sources[0].left_out == {"never opaque": 1}
