"""Wrong types handed to what builds libraries: each refused by name, before anything is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from tests.library.conftest import ENCODING, Listed

SOURCES = [Listed("s", ["a"])]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ("folder", "sources: expected a list of sources, such as [CategoryFolders('my_folder')], found 'folder'"),
        (Path("folder"), "sources: expected a list of sources"),
        (SOURCES[0], "sources: expected a list of sources"),  # one alone
        (iter(SOURCES), "sources: expected a list of sources"),  # which could be gone through only once
        (["folder"], "sources[0]: expected a source, such as CategoryFolders('my_folder'), found 'folder'"),
        ([*SOURCES, Path("folder")], "sources[1]: expected a source"),
        ([sos.SOSLayout], "sources[0]: expected a source"),  # a class that was not called
    ],
)
@pytest.mark.parametrize("call", [sos.build_library, sos.append_to_library])
def test_exception_for_sources_that_are_none(tmp_path: Path, call: Any, sources: Any, message: str) -> None:
    with pytest.raises(sos.LibraryError, match=re.escape(message)):
        call(tmp_path / "out", sources)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("workers", -1, "workers: expected a whole number, 0 or more, found -1"),
        ("workers", 2.0, "workers: expected a whole number, 0 or more, found 2.0"),
        ("workers", "2", "workers: expected a whole number, 0 or more, found '2'"),
        ("workers", True, "workers: expected a whole number, 0 or more, found True"),
        ("workers", None, "workers: expected a whole number, 0 or more, found None"),
        ("encoding", {}, "encoding: expected an Encoding, such as Encoding(max_side=512), found {}"),
        ("encoding", {"max_side": 9}, "encoding: expected an Encoding, such as Encoding(max_side=512), found {'max_si"),
        (
            "vocabulary",
            {"cup": ["mug"]},
            "vocabulary: expected a Vocabulary, such as Vocabulary.of({'cup': ['mug']}), ",
        ),
        ("vocabulary", "synonyms.yaml", "vocabulary: expected a Vocabulary, such as"),
        ("vocabulary", {}, "vocabulary: expected a Vocabulary, such as"),
    ],
)
def test_exception_for_settings_of_another_type(tmp_path: Path, argument: str, value: Any, message: str) -> None:
    with pytest.raises(sos.LibraryError, match=re.escape(message)):
        sos.build_library(tmp_path / "out", SOURCES, **{argument: value})
    assert not (tmp_path / "out").exists()
    if argument != "encoding":
        with pytest.raises(sos.LibraryError, match=re.escape(message)):
            sos.append_to_library(tmp_path / "out", SOURCES, **{argument: value})


@pytest.mark.parametrize(
    ("libraries", "message"),
    [
        ("folder", "libraries: expected a list of folders, found 'folder'"),
        (Path("folder"), "libraries: expected a list of folders, found"),
        (["folder", 5], "libraries[1]: expected a folder's path, found 5"),
    ],
    ids=str,
)
def test_exception_for_libraries_that_are_no_folders(tmp_path: Path, libraries: Any, message: str) -> None:
    with pytest.raises(sos.LibraryError, match=re.escape(message)):
        sos.merge_libraries(tmp_path / "out", libraries)


def test_exception_for_a_library_that_is_opened_already(tmp_path: Path) -> None:
    library = sos.build_library(tmp_path / "one", SOURCES, encoding=ENCODING)
    with pytest.raises(sos.LibraryError, match=r"libraries\[0\]: expected a folder's path, found SegmentLibrary\("):
        sos.merge_libraries(tmp_path / "out", [library, library])  # type: ignore[list-item]
