"""Opening and reading a library: what comes out is what was stored, in other processes too."""

from __future__ import annotations

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import sos_online as sos
from sos_online.library.encode import level_sizes
from sos_online.library.format import FORMAT_VERSION
from tests.library.conftest import ENCODING, all_pixels, crop, reseal, snapshot, write_files


def test_pixels_are_those_of_the_source(built: Path, cutouts: Path) -> None:
    """Sizes as promised; alpha without loss and colours close at the largest level."""
    library = sos.SegmentLibrary.open(built)
    for row in range(len(library)):
        sizes = library.level_sizes(row)
        assert sizes == level_sizes(library.size_wh(row), ENCODING.ladder)
        for level, (width, height) in enumerate(sizes):
            assert library.alpha(row, level).shape == (height, width)
            assert library.colour(row, level).shape == (height, width, 3)
        stored = cv2.imread(str(cutouts / library.key(row)), cv2.IMREAD_UNCHANGED)
        cropped = crop(np.asarray(cv2.cvtColor(stored, cv2.COLOR_BGRA2RGBA), np.uint8))
        assert (library.alpha(row, len(sizes) - 1) == cropped[..., 3]).all()
        off = np.abs(library.colour(row, len(sizes) - 1).astype(int) - cropped[..., :3])[cropped[..., 3] == 255]
        assert off.size == 0 or off.mean() < 6
        assert {array.dtype for array in (library.alpha(row, 0), library.colour(row, 0))} == {np.dtype(np.uint8)}


def test_smoke(built: Path) -> None:
    library = sos.SegmentLibrary.open(str(built))
    assert (len(library), library.num_categories, library.num_sources) == (12, 4, 1)
    assert library.category_names == ["coin", "dot", "plate", "post"]
    assert library.key(0) == "coin/0.png"
    assert repr(library) == f"SegmentLibrary('c': 12 segments, 4 categories, 1 source, at {str(built)!r})"


def test_real_objects(coco_library: sos.SegmentLibrary) -> None:
    """COCO, 1,641 objects: every promise about rows and ranges, and pixels of every hundredth."""
    library = coco_library
    categories = [library.category_of(row) for row in range(len(library))]
    assert len(library) == 1641
    assert categories == sorted(categories)
    assert np.bincount(categories)[1:].tolist() == np.diff(library.category_starts).tolist()
    assert library.category_names == sorted(library.category_names)
    assert len({library.key(row) for row in range(len(library))}) == 1641
    for row in range(0, len(library), 100):
        last = len(library.level_sizes(row)) - 1
        assert max(library.size_wh(row)) <= 640
        assert set(np.unique(library.alpha(row, last))) <= {0, 255}
        assert library.opaque(row) == np.count_nonzero(library.alpha(row, last))


# across processes


def test_pickling_crosses_processes(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spawned, so that nothing is inherited; opened by a relative path, which means nothing where the other works."""
    monkeypatch.chdir(built.parent)
    library = sos.SegmentLibrary.open(built.name)
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned, initializer=os.chdir, initargs=("/",)) as pool:
        there, pixels = pool.submit(snapshot, library).result(), pool.submit(all_pixels, library).result()
    assert there == snapshot(library)
    assert pixels == all_pixels(library)


def test_a_library_stays_where_it_is_when_the_process_goes_elsewhere(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(built.parent)
    library = sos.SegmentLibrary(built.name)  # text will do
    monkeypatch.chdir(tmp_path)
    assert library.alpha(0, 0).size and library.key(0)
    assert library.root == built


@pytest.mark.parametrize("row", [-1, 12, 10**9])
def test_exception_for_a_row_that_is_none(built: Path, row: int) -> None:
    library = sos.SegmentLibrary.open(built)
    for use in (library.category_of, library.source_of, library.size_wh, library.key, library.words, library.opaque):
        with pytest.raises(IndexError, match=rf"segment {row}: the library has 12"):
            use(row)


@pytest.mark.parametrize("level", [-1, 9])
def test_exception_for_a_level_that_is_none(built: Path, level: int) -> None:
    """Counted from the end, it would be one of another segment."""
    library = sos.SegmentLibrary.open(built)
    for read in (library.alpha, library.colour):
        with pytest.raises(IndexError, match=rf"level {level}: segment 3 has"):
            read(3, level)


# library.json


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"format_version": FORMAT_VERSION + 1}, rf"is {FORMAT_VERSION + 1}.* reads {FORMAT_VERSION}: install"),
        ({"format_version": 99, "unknown": 1}, rf"format_version: is 99.* reads {FORMAT_VERSION}"),  # newer fields too
        ({"format_version": 0}, "format_version: is 0.*build the library anew"),
        ({"format_version": None}, "format_version"),
        ({"unknown": 1}, "unknown"),
        ({"segments": ...}, "segments"),
        ({"segments": 13}, r"index\.arrow.*12.*13"),
        ({"sources": 5}, "sources"),
        ({"encoding": {"ladder": "x"}}, r"encoding\.ladder"),
    ],
)
def test_exception_for_a_manifest_that_does_not_fit(copy: Path, change: dict[str, Any], named: str) -> None:
    reseal(copy, change)
    with pytest.raises(sos.LibraryError, match=named):
        sos.SegmentLibrary.open(copy)


@pytest.mark.parametrize("change", [{"categories": 99}, {"sources": []}, {"shards": 0}], ids=str)
def test_exception_for_a_manifest_that_contradicts_its_tables(copy: Path, change: dict[str, Any]) -> None:
    reseal(copy, change)
    with pytest.raises(sos.LibraryError):
        sos.SegmentLibrary.open(copy)


@pytest.mark.parametrize("name", ["name", "licence"])
def test_exception_for_a_text_that_has_changed(copy: Path, name: str) -> None:
    content = json.loads((copy / "library.json").read_bytes())
    (copy / "library.json").write_text(json.dumps({**content, name: "other"}, indent=2))
    with pytest.raises(sos.LibraryError, match=r"library\.json: checksum: \d+ does not fit the content"):
        sos.SegmentLibrary.open(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_exception_for_a_manifest_that_is_no_json(copy: Path, content: bytes) -> None:
    (copy / "library.json").write_bytes(content)
    with pytest.raises(sos.LibraryError, match=r"library\.json"):
        sos.SegmentLibrary.open(copy)


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({}, r"x/library\.json: not a segment library \(no such folder\)"),
        ({"x": b""}, r"x: not a segment library \(it is a file; a library is a folder that holds library\.json\)"),
        ({"x/building.json": b"{}"}, r"x/library\.json: .* \(an unfinished build: the same build again goes on"),
        ({"x/cat/1.png": b""}, r"x/library\.json: .* \(no such file in this folder; segments must first be built"),
    ],
    ids=["absent", "file", "unfinished", "source"],
)
def test_exception_for_what_is_no_library_says_what_it_is(tmp_path: Path, files: dict[str, bytes], named: str) -> None:
    write_files(tmp_path, dict(files))
    with pytest.raises(sos.LibraryError, match=named):
        sos.SegmentLibrary.open(tmp_path / "x")
