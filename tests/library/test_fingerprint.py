"""The fingerprint of a library: equal for equal content, wherever and whenever it was built, and for no other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library.fingerprint import content_fingerprint
from sos_online.library.format import FileMark
from tests.library.conftest import ENCODING, Listed, disc, tree, write_files


def build(out: Path, source: Path, **options: Any) -> sos.SegmentLibrary:
    return sos.build_library(out, [sos.CategoryFolders(source)], **{"encoding": ENCODING, "name": "n", **options})


def test_copied_sources_give_the_same_fingerprint(cutouts: Path, tmp_path: Path) -> None:
    """Without their times and at another place; the copy is another build all the same."""
    copied = Path(shutil.copytree(cutouts, tmp_path / "elsewhere" / cutouts.name))
    for path in copied.rglob("*.png"):
        os.utime(path, ns=(5, 5))
    first, second = build(tmp_path / "first", cutouts), build(tmp_path / "second", copied)
    assert first.manifest.fingerprint == second.manifest.fingerprint
    assert first.manifest.build_fingerprints != second.manifest.build_fingerprints
    contents = [{name: data for name, data in tree(library.root).items() if name != "library.json"}
                for library in (first, second)]  # fmt: skip
    assert contents[0] == contents[1]


def test_a_copied_library_keeps_its_fingerprint(built: Path, copy: Path) -> None:
    first, second = sos.SegmentLibrary.open(built).manifest, sos.SegmentLibrary.open(copy).manifest
    assert first.fingerprint == second.fingerprint


def test_a_saved_position_goes_on_over_a_library_of_copied_sources(cutouts: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(cutouts, tmp_path / "elsewhere" / cutouts.name, copy_function=shutil.copyfile))
    libraries = build(tmp_path / "first", cutouts), build(tmp_path / "second", copied)
    recipe = sos.Recipe().replace(canvas={"sizes": [[64, 64]]})
    loaders = [sos.make_loader(sos.SOSDataset(library, recipe, length=4), batch_size=2) for library in libraries]
    loaders[1].load_state_dict(loaders[0].state_dict())


@pytest.mark.parametrize("option", [{"name": "other"}, {"licence": "CC0"}, {"workers": 2}], ids=str)
@pytest.mark.usefixtures("small_shards")
def test_what_a_stream_does_not_depend_on_changes_nothing(
    cutouts: Path, tmp_path: Path, option: dict[str, Any]
) -> None:
    first, second = build(tmp_path / "first", cutouts), build(tmp_path / "second", cutouts, **option)
    assert first.manifest.fingerprint == second.manifest.fingerprint


def test_what_was_left_out_changes_nothing(tmp_path: Path) -> None:
    write_files(tmp_path / "in", {"c/1.png": disc()})
    first = build(tmp_path / "first", tmp_path / "in")
    write_files(tmp_path / "in", {"c/2.png": b""})
    assert build(tmp_path / "second", tmp_path / "in").manifest.fingerprint == first.manifest.fingerprint


@pytest.mark.parametrize("change", ["pixels", "category", "key", "encoding", "source's name", "another segment"])
def test_other_content_gives_another_fingerprint(tmp_path: Path, change: str) -> None:
    files = {"c/1.png": disc(), "d/1.png": disc(seed=1)}
    before = build(tmp_path / "first", write_files(tmp_path / "in", files)).manifest
    root = tmp_path / ("in" if change != "source's name" else "renamed")
    options: dict[str, Any] = {"encoding": sos.Encoding(ladder=(16,))} if change == "encoding" else {}
    if change == "pixels":
        files["c/1.png"] = disc(seed=2)  # of the same size and alpha: no table tells
    elif change in ("category", "key"):
        files = {"c/1.png": disc(), {"category": "e/1.png", "key": "d/2.png"}[change]: disc(seed=1)}
        shutil.rmtree(root)
    elif change == "another segment":
        files["d/2.png"] = disc(seed=1)
    after = build(tmp_path / "second", write_files(root, files), **options).manifest
    assert after.fingerprint != before.fingerprint


def test_words_are_content(tmp_path: Path) -> None:
    sources = [Listed("s", ["a"], words=words) for words in ([], [sos.Words(description="A.")])]
    fingerprints = [
        sos.build_library(tmp_path / str(number), [source]).manifest.fingerprint
        for number, source in enumerate(sources)
    ]
    assert fingerprints[0] != fingerprints[1]


def test_tables_are_read_to_the_middle(tmp_path: Path) -> None:
    """Their marks in ``library.json`` cover the ends of a large one alone."""
    marks = {"index.arrow": FileMark(size=300_000, crc32=0)}
    found = set()
    for value in (b"a", b"b"):
        (tmp_path / "index.arrow").write_bytes(bytes(150_000) + value + bytes(149_999))
        found.add(content_fingerprint(tmp_path, marks, ["s"], ENCODING))
    assert len(found) == 2
