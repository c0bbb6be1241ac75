"""``category/sub_category/ID.png`` and its words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.types import Words
from tests.library.conftest import disc, left_out, read_all, taken, write_files


def test_pictures_at_another_depth_are_named(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/0/1.PNG": disc(), "a/0/2.webp": b"", "a/1.png": disc(), "a/0/x/1.png": disc()})
    depth = "at another depth than CATEGORY/SUB_CATEGORY/FILE"
    assert left_out(sos.SOSLayout(tmp_path)) == {"a/0/2.webp": "empty file", "a/0/x/1.png": depth, "a/1.png": depth}
    assert [item.key for item in taken(sos.SOSLayout(tmp_path))] == ["a/0/1.PNG"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, Words("old red")),  # the metadata does not know it
        ({}, Words("old red")),
        ({"description": " A mug. ", "short_phrase": "mug"}, Words("old red", "A mug.", "mug")),
        ({"features": [" red", "", "round "]}, Words("old red", features=("red", "round"))),
        ({"features": "red, round,"}, Words("old red", features=("red", "round"))),  # a list written as text
        ({"features": []}, Words("old red")),
        ({"prompt": "ignored"}, Words("old red")),
    ],
)
def test_words_of_the_sos_layout(tmp_path: Path, entry: dict[str, Any] | None, words: Words) -> None:
    metadata = json.dumps({} if entry is None else {"coffee_mug_old_red": entry}).encode()
    write_files(tmp_path, {"coffee_mug/old_red/5.png": disc(), "object_segments_metadata.json": metadata})
    (item,) = taken(sos.SOSLayout(tmp_path))
    assert (item.key, item.category, item.words) == ("coffee_mug/old_red/5.png", "coffee mug", words)


def test_a_sub_category_that_is_a_number_says_nothing(tmp_path: Path) -> None:
    """And without metadata nothing is known."""
    (item,) = taken(sos.SOSLayout(write_files(tmp_path, {"mug/017/5.png": disc()})))
    assert item.words == Words()


@pytest.mark.parametrize("field", ["description", "short_phrase", "features"])
def test_null_in_the_metadata_is_no_word(tmp_path: Path, field: str) -> None:
    metadata = json.dumps({"mug_0": {field: None}}).encode()
    write_files(tmp_path, {"mug/0/5.png": disc(), "object_segments_metadata.json": metadata})
    assert taken(sos.SOSLayout(tmp_path))[0].words == Words()


def test_null_among_the_features_is_no_word(tmp_path: Path) -> None:
    metadata = json.dumps({"mug_0": {"features": ["red", None]}}).encode()
    write_files(tmp_path, {"mug/0/5.png": disc(), "object_segments_metadata.json": metadata})
    assert taken(sos.SOSLayout(tmp_path))[0].words == Words(features=("red",))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"mug_0": 5}', b'{"mug_0": {"features": 5}}', b"\xff"])
def test_exception_for_metadata_that_is_none(tmp_path: Path, content: bytes) -> None:
    write_files(tmp_path, {"mug/0/5.png": disc(), "words.json": content})
    with pytest.raises(sos.SourceError, match=r"words\.json"):
        read_all(sos.SOSLayout(tmp_path, metadata=tmp_path / "words.json"))


def test_exception_for_named_metadata_that_is_absent(tmp_path: Path) -> None:
    write_files(tmp_path, {"mug/0/5.png": disc()})
    with pytest.raises(sos.SourceError, match=r"absent\.json"):
        read_all(sos.SOSLayout(tmp_path, metadata=tmp_path / "absent.json"))
