"""Flags of quality out of files: forms, values, keys that are of nothing."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library.sources import ParquetSegments, RawSegment, SOSLayout, Source, WebDatasetTars
from sos_online.library.sources.cutouts import Cutouts
from sos_online.library.sources.reading.flags import FlagTable, flags_of
from tests.library.conftest import disc, read_all, write_files
from tests.library.sources.made_up import tar_members, write_parquet, write_tar


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), (1, True), (0, False), ("yes", True), (" No ", False), ("TRUE", True), ("0", False)],
)
def test_values(value: object, flag: bool) -> None:
    assert flags_of({"Integrity": value, "other": 5}) == {"Integrity": flag}


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_not_known(value: object) -> None:
    assert flags_of({"Integrity": value}) == {}


@pytest.mark.parametrize("value", ["maybe", 2, -1, 0.5, [], {}, "ja"])
def test_exception_for_other_values(tmp_path: Path, value: object) -> None:
    path = write(tmp_path / "flags.json", {"a/b.png": {"IsInstance": 1, "Integrity": value}})
    with pytest.raises(sos.SourceError, match=r"flags\.json: record 'a/b\.png': flag Integrity: expected true, false"):
        FlagTable(path)


@pytest.mark.parametrize(
    "content",
    [
        {"a/0/b.png": {"IsInstance": True, "Integrity": "no"}},
        {"a/0/b": {"IsInstance": 1, "Integrity": 0, "QualityAndRegularity": None}},
        [{"key": "a/0/b.png", "IsInstance": "yes", "Integrity": "no"}],
        [{"path": "a/0/b", "IsInstance": "yes", "Integrity": "no"}],
    ],
    ids=["object", "without suffix", "records with key", "records with path"],
)
def test_forms(tmp_path: Path, content: object) -> None:
    table = FlagTable(write(tmp_path / "flags.json", content))
    assert table.of("a/0/b.png") == {"IsInstance": True, "Integrity": False}
    assert table.of("a/0/c.png") == {}
    table.check_used()


@pytest.mark.parametrize(
    ("stated", "key", "known"),
    [
        ("part", "part.parquet#0", False),
        ("s", "s.tar#000", False),
        ("a.b", "a.b/c", False),
        ("a.b/c", "a.b/c.out", False),
        ("a.b/c", "a.b/c.PNG", True),
        ("a.b/c.out", "a.b/c.out.webp", True),
        ("part.parquet#0", "part.parquet#0", True),
    ],
)
def test_only_the_suffix_of_a_picture_may_be_missing(tmp_path: Path, stated: str, key: str, known: bool) -> None:
    table = FlagTable(write(tmp_path / "flags.json", {stated: {"Integrity": 1}}))
    assert table.of(key) == ({"Integrity": True} if known else {})


def test_csv_and_unicode(tmp_path: Path) -> None:
    """A list made on a Mac names é with two characters."""
    table = FlagTable(write(tmp_path / "flags.csv", "key,IsInstance,Integrity\ncafe\u0301/1.png,1,\n"))
    assert table.of("caf\u00e9/1.png") == {"IsInstance": True}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"a": {"IsInstanse": True}}, r"record 'a': unknown flag 'IsInstanse'; expected IsInstance, Integrity, Qual"),
        ({"a": True}, r"record 'a': expected an object of fields, found True"),
        ([{"id": "a", "IsInstance": 1}], "record 0: expected a text in the field key or path"),
        ([{"key": 5, "IsInstance": 1}], "record 0: expected a text in the field key or path"),
        ([{"key": "a"}, {"key": "a"}], "record 1: there are two records of 'a'"),
        ([5], "record 0: expected an object of fields, found 5"),
        (5, "expected an object of records or a list of records, found 5"),
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
    ],
)
def test_exception_names_file_and_record(tmp_path: Path, content: object, named: str) -> None:
    with pytest.raises(sos.SourceError, match=rf"flags\.json: {named}"):
        FlagTable(write(tmp_path / "flags.json", content))


def test_keys_that_are_of_nothing(tmp_path: Path) -> None:
    """All: an error. Some: a warning that counts them."""
    table = FlagTable(write(tmp_path / "flags.json", {f"a/{number}.png": {"Integrity": 1} for number in range(3)}))
    table.of("b/0.png")
    with pytest.raises(
        sos.SourceError, match=r"flags\.json: not one of 3 keys is that of a segment, such as 'a/0\.png'"
    ):
        table.check_used()
    table.of("a/1.png")
    with pytest.warns(RuntimeWarning, match=r"flags\.json: 2 of 3 keys are of no segment, such as 'a/0\.png'"):
        table.check_used()


def test_no_file_of_flags(tmp_path: Path) -> None:
    table = FlagTable(None)
    assert table.of("a") == {}
    table.check_used()


MAKERS: dict[str, Callable[[Path, Path], Source]] = {
    "a/0/1.png": lambda root, flags: SOSLayout(write_files(root, {"a/0/1.png": disc()}), flags=flags),
    "a/1.png": lambda root, flags: sos.CategoryFolders(write_files(root, {"a/1.png": disc()}), flags=flags),
    "cup-1.out.png": lambda root, flags: Cutouts(write_files(root, {"cup-1.out.png": disc()}), flags=flags),
    "p.parquet#0": lambda root, flags: ParquetSegments(write_parquet(root / "p.parquet").path, flags=flags),
    "s.tar#000": lambda root, flags: WebDatasetTars(write_tar(root / "s.tar", tar_members()), flags=flags),
}


@pytest.mark.parametrize("key", MAKERS)
def test_every_source_of_rgba_images_takes_a_file_of_flags(tmp_path: Path, key: str) -> None:
    flags = write(tmp_path / "flags.json", {key: {"Integrity": "no"}})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        items = read_all(MAKERS[key](tmp_path / "in", flags))
    found = {item.key: dict(item.flags) for item in items if isinstance(item, RawSegment)}
    assert found.pop(key) == {"Integrity": False}
    assert not any(found.values())
    write(flags, {"other": {"Integrity": "no"}})
    with pytest.raises(sos.SourceError, match=r"flags\.json: not one of 1 keys"):
        read_all(MAKERS[key](tmp_path / "in", flags))


def test_flags_of_files_that_a_list_of_images_keeps_out_are_known(tmp_path: Path) -> None:
    root = write_files(tmp_path / "in", {"a/1_0.png": disc(), "a/2_0.png": disc()})
    content: dict[str, Any] = {f"a/{name}_0.png": {"Integrity": name == "1"} for name in ("1", "2")}
    flags = write(tmp_path / "flags.json", content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (item,) = read_all(sos.CategoryFolders(root, only_images=["2"], flags=flags))
    assert isinstance(item, RawSegment) and item.flags == {"Integrity": False}
