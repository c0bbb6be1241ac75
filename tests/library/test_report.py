"""The report of a build: what was taken, what was left out, why, and the first of it by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.library.left_out import LeftOutCounts
from sos_online.library.sources import LeftOut
from tests.library.conftest import ENCODING, Listed, disc, tree, write_files


def test_report_adds_up(tmp_path: Path) -> None:
    """All-zero alpha too."""
    invisible = disc()
    invisible[..., 3] = 0
    files = {"c/good.png": disc(), "c/void.png": invisible, "c/empty.png": b"", "d/empty.png": b"", "d/x.png": b"x"}
    source = sos.CategoryFolders(write_files(tmp_path / "in", files))
    library = sos.build_library(tmp_path / "out", [source], name="n", licence="CC0", encoding=ENCODING)
    report = json.loads((tmp_path / "out/library.json").read_bytes())
    left_out = {"alpha is zero everywhere": 1, "empty file": 2, "not a readable image": 1}
    examples = {
        "alpha is zero everywhere": ["c/void.png"],
        "empty file": ["c/empty.png", "d/empty.png"],
        "not a readable image": ["d/x.png"],
    }
    assert report["sources"] == [
        {"name": "in", "taken": 1, "near_duplicates": 0, "left_out": left_out, "examples": examples}
    ]
    assert (report["name"], report["licence"], report["segments"], report["categories"]) == ("n", "CC0", 1, 1)
    assert library.category_names == ["c"]


@pytest.mark.usefixtures("small_shards")
def test_the_first_of_each_reason_are_named_whatever_shard_they_are_in(tmp_path: Path) -> None:
    """Seven in three shards: all are counted, five are named, in the order of the source."""
    source = Listed("s", ["a", *[""] * 3, "a", "", "a", "", "a", "a", *[""] * 2])
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING)
    assert len(tree(tmp_path / "out/pixels")) == 3
    assert library.manifest.sources[0].left_out == {"empty": 7}
    assert library.manifest.sources[0].examples == {"empty": ("s1", "s2", "s3", "s5", "s7")}


STEERING = {"a\x1b[31m": "a\\x1b[31m", "b\nerror: c": "b\\nerror: c", "d\u202eg": "d\\u202eg", "e\x9b1m": "e\\x9b1m"}


@pytest.mark.parametrize(("name", "shown"), STEERING.items(), ids=map(repr, STEERING))
def test_names_of_files_that_would_steer_a_terminal_are_spelt_out(tmp_path: Path, name: str, shown: str) -> None:
    """Of what is taken and of what is left out; in the library, and in the message that nothing could be taken."""
    files = {f"c/{name}.png": disc(), f"c/{name}x.png": b""}
    library = sos.build_library(tmp_path / "out", [sos.CategoryFolders(write_files(tmp_path / "in", files))])
    assert library.key(0) == f"c/{shown}.png"
    assert library.manifest.sources[0].examples == {"empty file": (f"c/{shown}x.png",)}
    nothing = sos.CategoryFolders(write_files(tmp_path / "none", {f"c/{name}x.png": b""}))
    with pytest.raises(sos.LibraryError) as caught:
        sos.build_library(tmp_path / "empty", [nothing])
    assert f"1 x empty file: c/{shown}x.png" in str(caught.value)


def test_each_source_names_its_own(tmp_path: Path) -> None:
    sources = [Listed("s", ["a", ""]), Listed("t", ["", "b"]), Listed("u", ["c"])]
    library = sos.build_library(tmp_path / "out", sources, encoding=ENCODING)
    assert [source.examples for source in library.manifest.sources] == [{"empty": ("s1",)}, {"empty": ("t0",)}, {}]


def test_exception_where_nothing_could_be_taken_names_the_first(tmp_path: Path) -> None:
    with pytest.raises(sos.LibraryError, match=r"\(7 x empty: s0, s1, s2, s3, s4 and 2 more; 1 x empty: t0\)"):
        sos.build_library(tmp_path / "out", [Listed("s", [""] * 7), Listed("t", [""])])


def test_a_name_that_is_no_valid_unicode_can_be_written(tmp_path: Path) -> None:
    """As Python gives those of files in an old encoding."""
    LeftOutCounts([LeftOut("c/caf\udce9.png", "empty file")]).write(tmp_path / "left_out.arrow")
    read = LeftOutCounts()
    read.add_file(tmp_path / "left_out.arrow")
    assert (read.counts, read.examples) == ({"empty file": 1}, {"empty file": ("c/caf\\udce9.png",)})
