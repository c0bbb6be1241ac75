"""Libraries built on several machines, merged."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from tests.library.conftest import ENCODING, Listed, all_pixels, tree
from tests.library.test_build_resume import Killed, killed_at

pytestmark = pytest.mark.usefixtures("small_shards")


class Part(Listed):
    """A machine's part of a source: its keys begin with a number of its own."""

    def __init__(self, name: str, part: int, categories: Sequence[str]) -> None:
        super().__init__(name, categories)
        self.category_of = {f"{part}/{key}": category for key, category in self.category_of.items()}


def build(out: Path, *sources: Listed, **options: Any) -> Path:
    return sos.build_library(out, sources, **{"encoding": ENCODING, "licence": "MIT", **options}).root


@pytest.fixture
def machines(tmp_path: Path) -> list[Path]:
    return [
        build(tmp_path / "a", Part("s", 0, ["cat", "dog", "cat", "", "bee", "cat", "cat"]), Listed("t", ["dog"])),
        build(tmp_path / "b", Part("s", 1, ["ant", "Cat", "dog", "", "fox"])),
        build(tmp_path / "c", Listed("u", ["Dog"] * 7)),
    ]


def test_all_segments_of_all_of_them(machines: list[Path], tmp_path: Path) -> None:
    """Against one library of the same segments: the same but for the ids of new names and the order of sources."""
    merged = sos.merge_libraries(tmp_path / "out", machines)
    assert merged.source_names == ["s", "t", "u"]
    assert merged.category_names == ["bee", "cat", "dog", "ant", "fox"]
    assert [source.taken for source in merged.manifest.sources] == [10, 1, 7]
    assert [source.left_out for source in merged.manifest.sources] == [{"empty": 2}, {}, {}]
    libraries = [sos.SegmentLibrary.open(root) for root in machines]
    expected = {
        (library.source_names[library.source_of(row)], library.key(row)): library.category_names[
            library.category_of(row) - 1
        ].casefold()
        for library in libraries
        for row in range(len(library))
    }
    found = {
        (merged.source_names[merged.source_of(row)], merged.key(row)): merged.category_names[
            merged.category_of(row) - 1
        ]
        for row in range(len(merged))
    }
    assert found == expected
    assert len(all_pixels(merged)) == sum(len(all_pixels(library)) for library in libraries)
    assert merged.manifest.licence == "MIT"


def test_shards_are_shared_not_copied(machines: list[Path], tmp_path: Path) -> None:
    merged = sos.merge_libraries(tmp_path / "out", machines)
    assert (merged.root / "pixels/00000.arrow").stat().st_ino == (machines[0] / "pixels/00000.arrow").stat().st_ino
    sos.append_to_library(merged.root, [Listed("v", ["ant"])])
    assert sos.SegmentLibrary.open(machines[0]).source_names == ["s", "t"]


def test_copied_where_links_cannot_be_made(
    machines: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = tree(sos.merge_libraries(tmp_path / "linked", machines, name="n").root)

    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    copied = sos.merge_libraries(tmp_path / "copied", machines, name="n").root
    assert tree(copied) == expected
    assert (copied / "pixels/00000.arrow").stat().st_nlink == 1


def test_killed_at_any_moment_it_goes_on_to_the_same_files(machines: list[Path], tmp_path: Path) -> None:
    expected = tree(sos.merge_libraries(tmp_path / "whole", machines, name="n").root)
    for moment in itertools.count(1):
        folder = tmp_path / str(moment)
        try:
            with killed_at(moment):
                sos.merge_libraries(folder, machines, name="n")
            break
        except Killed:
            pass
        sos.merge_libraries(folder, machines, name="n")
        assert tree(folder) == expected
    assert moment > 15


def test_the_same_again_changes_nothing(machines: list[Path], tmp_path: Path) -> None:
    before = tree(sos.merge_libraries(tmp_path / "out", machines).root)
    sos.merge_libraries(tmp_path / "out", machines)
    assert tree(tmp_path / "out") == before
    with pytest.raises(sos.LibraryError, match="finished library of other sources"):
        sos.merge_libraries(tmp_path / "out", machines[:2])


def test_an_unfinished_append_to_it_goes_on(machines: list[Path], tmp_path: Path) -> None:
    """A script that merges and then appends, begun anew after it was killed, loses nothing."""
    out = tmp_path / "out"
    sos.merge_libraries(out, machines)
    with pytest.raises(Killed), killed_at(12):
        sos.append_to_library(out, [Listed("v", ["ant"] * 20)])
    before = {name: data for name, data in tree(out).items() if name != ".building.lock"}
    sos.merge_libraries(out, machines)
    assert tree(out) == before
    assert len(sos.append_to_library(out, [Listed("v", ["ant"] * 20)])) == 38


def test_progress(machines: list[Path], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    sos.merge_libraries(tmp_path / "out", machines, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 6) for done in range(1, 7)]


def test_exceptions(machines: list[Path], tmp_path: Path) -> None:
    first = machines[0]
    free = build(tmp_path / "free", Listed("v", ["a"]), licence="CC0")
    finer = build(tmp_path / "finer", Listed("v", ["a"]), encoding=sos.Encoding(jpeg_quality=99))
    again = build(tmp_path / "again", Part("s", 0, ["cat"]))
    joined = build(tmp_path / "joined", Listed("v", ["a"]), vocabulary=sos.Vocabulary.of({"animal": ["bee"]}))
    cases: list[tuple[list[Path], str]] = [
        ([first], "at least two libraries"),
        ([first, first], "holds the same as"),
        ([first, free], r"licences differ \(MIT, CC0\)"),
        ([first, finer], "finer: its encoding is"),
        ([first, again], "again: 0/s0 of source 's' is in another of the libraries too"),
        ([first, joined], "joined: .*'bee' is joined in 'bee' already, not in 'animal'"),
        ([first, tmp_path / "absent"], "absent.*not a segment library"),
    ]
    for libraries, match in cases:
        with pytest.raises(sos.LibraryError, match=match):
            sos.merge_libraries(tmp_path / "out", libraries)
        assert tree(tmp_path / "out") == {}
    assert sos.merge_libraries(tmp_path / "free to all", [first, free], licence="CC0").manifest.licence == "CC0"
