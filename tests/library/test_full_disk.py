"""A disk that is full while a library is built: an error that names the file, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import sos_online as sos
from tests.library.conftest import ENCODING, Listed, tree

pytestmark = pytest.mark.usefixtures("small_shards")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory that holds nothing yet."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)  # files of it are still mapped


def resize(disk: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", disk], check=True)


def build(out: Path, workers: int = 0) -> sos.SegmentLibrary:
    source = Listed("s", ["cat", "dog", "bee", ""] * 6)
    return sos.build_library(out, [source], encoding=ENCODING, name="n", workers=workers)


def test_a_build_on_a_disk_that_grows(small_disk: Path, tmp_path: Path) -> None:
    """It fails in every kind of file, and goes on from there whenever there is a page more."""
    build(tmp_path / "whole")
    expected = tree(tmp_path / "whole")
    failed: set[str] = set()
    for kilobytes in range(16, 1024, 4):
        resize(small_disk, kilobytes)
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
    resize(small_disk, 1024)
    build(small_disk / "out")
    before = tree(small_disk / "out")
    used = sum(path.stat().st_blocks * 512 for path in small_disk.rglob("*")) // 1024
    resize(small_disk, used + 24)
    with pytest.raises(sos.LibraryError, match="No space left on device"):
        sos.append_to_library(small_disk / "out", [Listed("t", ["ant"] * 20)])
    assert {name: data for name, data in tree(small_disk / "out").items() if name in before} == before
    assert len(sos.SegmentLibrary.open(small_disk / "out")) == 18
    resize(small_disk, 1024)
    assert len(sos.append_to_library(small_disk / "out", [Listed("t", ["ant"] * 20)])) == 38
