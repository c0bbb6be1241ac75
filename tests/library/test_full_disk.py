"""A disk that is full while a library is built: an error that names the file, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

import sos_online as sos
from tests.conftest import resize_disk
from tests.library.conftest import ENCODING, Listed, tree

pytestmark = pytest.mark.usefixtures("small_shards")


def build(out: Path, workers: int = 0) -> sos.SegmentLibrary:
    source = Listed("s", ["cat", "dog", "bee", ""] * 6)
    return sos.build_library(out, [source], encoding=ENCODING, name="n", workers=workers)


def test_a_build_on_a_disk_that_grows(small_disk: Path, tmp_path: Path) -> None:
    """It fails in every kind of file, and goes on from there whenever there is a page more."""
    build(tmp_path / "whole")
    expected = tree(tmp_path / "whole")
    failed: set[str] = set()
    for kilobytes in range(16, 1024, 4):
        resize_disk(small_disk, kilobytes)
        try:
            build(small_disk / "out")
            break
        except sos.LibraryError as caught:
            error = str(caught)
        failed.add(error.split(":")[0].removeprefix(str(small_disk)))
        assert "cannot be written: No space left on device" in error
        with pytest.raises(sos.LibraryError, match="not a segment library"):
            sos.SegmentLibrary.open(small_disk / "out")
    assert tree(small_disk / "out") == expected
    assert {Path(name).parent.name for name in failed} >= {"pixels", "rows", "columns"}


def test_an_append_on_a_full_disk_leaves_the_library(small_disk: Path) -> None:
    resize_disk(small_disk, 1024)
    build(small_disk / "out")
    before = tree(small_disk / "out")
    used = sum(path.stat().st_blocks * 512 for path in small_disk.rglob("*")) // 1024
    resize_disk(small_disk, used + 24)
    with pytest.raises(sos.LibraryError, match="No space left on device"):
        sos.append_to_library(small_disk / "out", [Listed("t", ["ant"] * 20)])
    assert {name: data for name, data in tree(small_disk / "out").items() if name in before} == before
    assert len(sos.SegmentLibrary.open(small_disk / "out")) == 18
    resize_disk(small_disk, 1024)
    assert len(sos.append_to_library(small_disk / "out", [Listed("t", ["ant"] * 20)])) == 38
