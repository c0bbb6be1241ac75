"""Adding to a finished library: old shards stay, ids stay, whatever stops it."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library.sources import CategoryFacts
from sos_online.types import Words
from tests.library.conftest import ENCODING, Listed, all_pixels, snapshot, tree
from tests.library.test_build_resume import Killed, killed_at

pytestmark = pytest.mark.usefixtures("small_shards")

FIRST = ["cat", "dog", "cat", "", "bee", "dog", "cat"]
MORE = ["dog", "ant", "CAT", "zebra", "", "ant", "cat"]


def base(out: Path, **options: Any) -> sos.SegmentLibrary:
    words = [Words(short_phrase=f"number {number}") for number in range(7)]
    return sos.build_library(out, [Listed("s", FIRST, words)], encoding=ENCODING, name="n", **options)


def append(root: Path, name: str = "t", **options: Any) -> sos.SegmentLibrary:
    return sos.append_to_library(root, [Listed(name, MORE)], **options)


def test_old_shards_stay_and_new_ones_follow(tmp_path: Path) -> None:
    before = base(tmp_path / "out")
    files = {path: path.stat() for path in before.root.rglob("*.arrow") if path.parent.name in ("rows", "pixels")}
    pixels = dict(zip(map(before.key, range(len(before))), all_pixels(before), strict=False))
    after = append(tmp_path / "out")
    for path, status in files.items():
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (status.st_ino, status.st_mtime_ns)
    assert after.category_names == ["bee", "cat", "dog", "ant", "zebra"]
    assert [(after.category_of(row), after.source_of(row), after.key(row)) for row in range(len(after))] == [
        (1, 0, "s4"), (2, 0, "s0"), (2, 0, "s2"), (2, 0, "s6"), (2, 1, "t2"), (2, 1, "t6"),
        (3, 0, "s1"), (3, 0, "s5"), (3, 1, "t0"), (4, 1, "t1"), (4, 1, "t5"), (5, 1, "t3"),
    ]  # fmt: skip
    assert [source.left_out for source in after.manifest.sources] == [{"empty": 1}, {"empty": 1}]
    assert [after.words(row).short_phrase for row in range(4)] == ["number 4", "number 0", "number 2", "number 6"]
    found = dict(zip(map(after.key, range(len(after))), all_pixels(after), strict=False))
    assert {key: found[key] for key in pixels} == pixels
    assert {name.split("/")[1] for name in tree(after.root) if name.startswith("tables/")} == {"2"}


def test_appended_twice_and_again(tmp_path: Path) -> None:
    """The same call again changes nothing, in any order, nor does the build that it began with."""
    base(tmp_path / "out")
    append(tmp_path / "out")
    append(tmp_path / "out", "u", workers=2)
    before = tree(tmp_path / "out")
    for again in (append(tmp_path / "out", "u"), append(tmp_path / "out"), base(tmp_path / "out")):
        assert again.source_names == ["s", "t", "u"]
        assert tree(tmp_path / "out") == before


def test_what_is_open_stays_usable_but_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    before = base(tmp_path / "out")
    expected = snapshot(before)
    append(tmp_path / "out")
    assert snapshot(before)["rows"] == expected["rows"]
    with pytest.raises(sos.LibraryError, match="has changed since it was opened"):
        pickle.loads(pickle.dumps(before))


def test_facts_of_categories_are_kept_and_added(tmp_path: Path) -> None:
    first = Listed("s", ["cup", "jar"], facts={"cup": CategoryFacts("cup.n.01", "f", 3, 10)})
    more = Listed("t", ["Cup"], facts={"Cup": CategoryFacts("", "c", 1, 10)})
    sos.build_library(tmp_path / "out", [first], encoding=ENCODING)
    library = sos.append_to_library(tmp_path / "out", [more])
    assert library.category_image_shares[0] == pytest.approx(4 / 20)


def test_synonyms_of_new_names(tmp_path: Path) -> None:
    base(tmp_path / "out")
    library = append(tmp_path / "out", vocabulary=sos.Vocabulary.of({"dog": ["ant"]}))
    assert library.category_names == ["bee", "cat", "dog", "zebra"]


def test_exception_for_joining_categories_that_there_are(tmp_path: Path) -> None:
    base(tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(sos.LibraryError, match="'bee' is joined in 'bee' already, not in 'dog'"):
        append(tmp_path / "out", vocabulary=sos.Vocabulary.of({"dog": ["bee"]}))
    assert tree(tmp_path / "out") == before


def test_exception_for_a_source_of_a_name_that_there_is(tmp_path: Path) -> None:
    base(tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(sos.LibraryError, match="has a source named 's' already"):
        append(tmp_path / "out", "s")
    assert tree(tmp_path / "out") == before


def test_exception_where_there_is_no_library(tmp_path: Path) -> None:
    with pytest.raises(sos.LibraryError, match="not a segment library"):
        append(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_killed_at_any_moment_it_goes_on_to_the_same_files(tmp_path: Path) -> None:
    """And until the last moment the library is there as it was."""
    base(tmp_path / "whole")
    append(tmp_path / "whole")
    expected = tree(tmp_path / "whole")
    for moment in itertools.count(1):
        folder = tmp_path / str(moment)
        base(folder)
        try:
            with killed_at(moment):
                append(folder)
            break
        except Killed:
            pass
        assert sos.SegmentLibrary.open(folder).source_names in (["s"], ["s", "t"])
        base(folder)  # a script that begins anew leaves what was done alone
        append(folder)
        assert tree(folder) == expected
    assert moment > 30


def test_an_unfinished_append_can_be_given_up(tmp_path: Path) -> None:
    base(tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(Killed), killed_at(12):
        append(tmp_path / "out")
    assert tree(tmp_path / "out") != before
    with pytest.raises(sos.LibraryError, match=r"building\.json: an unfinished build of other sources.*to give it up"):
        append(tmp_path / "out", "u")
    (tmp_path / "out/building.json").unlink()
    append(tmp_path / "out", "u")
    base(tmp_path / "other")
    append(tmp_path / "other", "u")
    assert tree(tmp_path / "out") == tree(tmp_path / "other")
