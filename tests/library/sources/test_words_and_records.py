"""Words in the fields of records, and the files that records are in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.library.sources.reading.lines import read_lines
from sos_online.library.sources.reading.records import read_records
from sos_online.library.sources.reading.word_fields import features_of, words_of
from sos_online.types import Words


@pytest.mark.parametrize(
    ("value", "features"),
    [
        (None, ()),
        ([], ()),
        ("", ()),
        ("[]", ()),
        ("red", ("red",)),
        ("red, round,", ("red", "round")),
        (["red", " round ", "", None], ("red", "round")),
        (["size", 7], ("size", "7")),
        ('["red", "big, round"]', ("red", "big, round")),  # JSON
        ("['red', 'big, round']", ("red", "big, round")),  # Python
        ("""["it's red", 'say "a"']""", ("it's red", 'say "a"')),  # Python, of both kinds
        (r"""['it\'s', 'a\\b']""", ("it's", "a\\b")),
        ("['red' 'round']", ("red", "round")),  # numpy
        ("[red, round]", ("red", "round")),
        ("[red", ("[red",)),
        ("['__import__(\"os\").abort()']", ('__import__("os").abort()',)),  # a text and nothing else
        ("[" * 100_000 + "]", ("[" * 99_999,)),
    ],
)
def test_features(value: object, features: tuple[str, ...]) -> None:
    assert features_of(value) == features


@given(features=st.lists(st.text(max_size=8)))
def test_features_written_by_python_or_json_are_read_back(features: list[str]) -> None:
    printable = [text for text in features if repr(text)[1:-1] == text or (text.isascii() and text.isprintable())]
    expected = tuple(text.strip() for text in printable if text.strip())
    assert features_of(repr(printable)) == features_of(json.dumps(printable)) == expected


@pytest.mark.parametrize("value", [5, {"a": 1}, [["red"]], [{}], 1.5])
def test_exception_for_features_that_are_none(value: object) -> None:
    with pytest.raises(ValueError, match=r"features: expected a list of texts or one text, found"):
        features_of(value)


def test_words_of_a_record() -> None:
    record: dict[str, Any] = {"sub_category": " old ", "description": 5, "short_phrase": None, "features": "a", "x": {}}
    assert words_of(record) == Words("old", "5", "", ("a",))
    assert words_of(record, "new").sub_category == "new"
    assert words_of({"description": "a\ud800b"}).description == "a\\ud800b", "which no file can hold as it is"
    with pytest.raises(ValueError, match=r"description: expected a text, found \['a'\]"):
        words_of({"description": ["a"]})


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.json", "list.json"])
def test_records_of_every_form(tmp_path: Path, name: str) -> None:
    """A CSV as spreadsheets write it: with a mark at its beginning, quotes, and lines that end in two characters."""
    texts = {
        "t.csv": '\ufefffile,category,description\r\na.png,cup,"A ""cup"", red"\r\nb.png,,\r\n',
        "t.tsv": 'file\tcategory\tdescription\na.png\tcup\t"A ""cup"", red"\nb.png\t\t\n',
        "t.json": '{"a.png": {"category": "cup", "description": "A \\"cup\\", red"}, "b.png": {}}',
        "list.json": '[{"file": "a.png", "category": "cup", "description": "A \\"cup\\", red"}, {"file": "b.png"}]',
    }
    (tmp_path / name).write_text(texts[name], "utf-8", newline="")
    records = read_records(tmp_path / name, ("file",))
    assert records["a.png"] == {"category": "cup", "description": 'A "cup", red'}
    assert not any(records["b.png"].values())


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("file,category\na.png\n", "line 2: expected 2 columns"),
        ("file,category\na.png,b,c\n", "line 2: expected 2 columns"),
        ("name,category\na.png,b\n", "columns: expected one column file, and none twice; found name, category"),
        ("file,file\na.png,b\n", "columns: expected one column file, and none twice; found file, file"),
        ("file;category\na.png;b\n", "columns: expected one column file, and none twice; found file;category"),
        ("file,category\n,b\n", "line 2: expected a text in the field file"),
        ("file\na.png\nb.png\na.png\n", "line 4: there are two records of 'a.png'"),
        ('file\n"a.png', "cannot be read as a table"),
        ("file\n" + "a" * 200_000 + "\n", "cannot be read as a table: field larger than field limit"),
        (b"file\n\xff\n", "cannot be read as a table"),
        (None, "cannot be read as a table"),
    ],
)
def test_exception_for_tables(tmp_path: Path, content: str | bytes | None, named: str) -> None:
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(sos.SourceError, match=rf"t\.csv: {named}"):
        read_records(path, ("file",))


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_bytes("\ufeffcat\r\n\r\n dog \r\n\r\n".encode())
    assert read_lines(tmp_path / "names.txt") == ["cat", "", "dog"]
    with pytest.raises(sos.SourceError, match=r"none\.txt: cannot be read as lines of text"):
        read_lines(tmp_path / "none.txt")
