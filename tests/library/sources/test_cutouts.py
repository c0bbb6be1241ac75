"""One flat folder of cut-outs: categories by table, by name, by pattern."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.library.sources import Cutouts
from sos_online.types import Words
from tests.library.conftest import disc, left_out, taken, write_files


def categories(source: Cutouts) -> dict[str, str]:
    return {item.key: item.category for item in taken(source)}


@pytest.mark.parametrize(
    ("file_name", "category"),
    [
        ("cat.png", "cat"),
        ("animal-gfm-3.png", "animal gfm"),
        ("car-1.out.png", "car"),
        ("coffee_mug_03.png", "coffee mug"),
        ("coffee mug (3).png", "coffee mug"),
        ("coffee-mug#12.webp", "coffee mug"),
        ("cup7.png", "cup"),
        ("cup.front.png", "cup"),
        ("Ünïcode-1.png", "Ünïcode"),
        ("cafe\u0301-1.png", "caf\u00e9"),
        ("🐱-1.png", "🐱"),
        ("3d printer.png", ""),  # begins with a digit
        ("0001.png", ""),
        ("(1).png", ""),
        ("-.png", ""),
    ],
)
def test_the_category_is_what_comes_before_the_number(tmp_path: Path, file_name: str, category: str) -> None:
    source = Cutouts(write_files(tmp_path, {file_name: disc()}))
    if category:
        assert categories(source) == {file_name: category}
    else:
        assert left_out(source) == {file_name: "its name gives no category"}


def test_a_pattern(tmp_path: Path) -> None:
    """Anything in a name; hyphens in what it finds are kept."""
    root = write_files(tmp_path, {"0017-T-Rex-left.png": disc(), "x.png": disc()})
    source = Cutouts(root, pattern=r"\d+-(?P<category>.+)-\w+\.")
    assert categories(source) == {"0017-T-Rex-left.png": "T-Rex"}
    assert left_out(source) == {"x.png": "its name gives no category"}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"pattern": "("}, r"pattern '\(' is no regular expression"),
        ({"pattern": "(.*)"}, r"has no group \(\?P<category>"),
        ({"pattern": "(?P<category>.)", "category": "cat"}, "expected pattern or category, found both"),
        ({"category": "_"}, "category '_' has nothing left of it as a name"),
    ],
)
def test_exception_for_settings(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    with pytest.raises(sos.SourceError, match=named):
        Cutouts(tmp_path, **settings)


def test_one_category_for_all(tmp_path: Path) -> None:
    root = write_files(tmp_path, {"0001.png": disc(), "b.webp": b"", "c.jpg": b"x", "deep/d.png": disc(), "n.txt": b""})
    source = Cutouts(root, category="ceramic_mug")
    assert categories(source) == {"0001.png": "ceramic mug"}
    reasons = {"b.webp": "empty file", "c.jpg": "not a readable image", "deep/d.png": "not in the folder itself"}
    assert left_out(source) == reasons


TABLE = "file,category,sub_category,description,short_phrase,features,price\n"


def test_a_table(tmp_path: Path) -> None:
    """Columns that it does not know are not read; files that are not there, and files that it lacks, are named."""
    root = write_files(tmp_path / "in", {name: disc() for name in ("a.png", "b.png", "c-1.png", "d.png")})
    table = tmp_path / "t.csv"
    table.write_text(TABLE + "a.png,coffee_mug,red,A mug.,a mug,\"['red', 'old']\",9.99\nb.png,,,,,,\nx.png,cat,,,,,\n")
    source = Cutouts(root, table=table)
    (item,) = taken(source)
    assert (item.key, item.category) == ("a.png", "coffee mug")
    assert item.words == Words("red", "A mug.", "a mug", ("red", "old"))
    assert left_out(source) == {
        "b.png": "the table gives no category",
        "c-1.png": "not in the table",
        "d.png": "not in the table",
        "x.png": "in the table, but not in the folder",
    }


def test_a_table_and_what_is_used_where_it_says_nothing(tmp_path: Path) -> None:
    root = write_files(tmp_path / "in", {name: disc() for name in ("a.png", "b-1.png")})
    table = tmp_path / "t.json"
    table.write_text(json.dumps({"a.png": {"category": "mug"}, "b-1.png": {"description": "B", "category": 5}}))
    assert categories(Cutouts(root, table, category="cat")) == {"a.png": "mug", "b-1.png": "cat"}
    named = Cutouts(root, table, pattern="(?P<category>[a-z]+)")
    assert categories(named) == {"a.png": "mug", "b-1.png": "b"}
    assert [item.words.description for item in taken(named)] == ["", "B"]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("t.csv", "file,Category,features\na.png,cat,red\nb.png,dog,blue\n", "'Category', 'features'"),
        ("t.tsv", "file\na.png\nb.png\n", "no other"),
        ("t.json", '{"a.png": {"class": "cat"}, "b.png": {"class": "dog"}}', "'class'"),
        ("t.json", '[{"file": "a.png", "class": "cat"}, {"file": "b.png", "label": 1}]', "'class', 'label'"),
    ],
)
def test_exception_for_a_table_without_categories(tmp_path: Path, name: str, content: str, found: str) -> None:
    """One for the table, and not one for each of its rows; unless the categories come from elsewhere."""
    root = write_files(tmp_path / "in", {"a.png": disc(), "b.png": disc()})
    (tmp_path / name).write_text(content)
    with pytest.raises(sos.SourceError) as caught:
        list(Cutouts(root, tmp_path / name).units())
    assert str(caught.value) == (
        f"{tmp_path / name}: column 'category': expected beside 'file', or else the source's setting category or "
        f"pattern; found {found}"
    )
    assert set(categories(Cutouts(root, tmp_path / name, category="pet")).values()) == {"pet"}
    assert categories(Cutouts(root, tmp_path / name, pattern="(?P<category>.)")) == {"a.png": "a", "b.png": "b"}


def test_a_table_names_files_in_either_form_of_unicode(tmp_path: Path) -> None:
    root = write_files(tmp_path / "in", {"cafe\u0301.png": disc(), "caf\u00e9.webp": b""})
    (tmp_path / "t.csv").write_text("file,category\ncaf\u00e9.png,place\ncafe\u0301.webp,place\n", "utf-8")
    source = Cutouts(root, tmp_path / "t.csv")
    assert categories(source) == {"cafe\u0301.png": "place"}
    assert left_out(source) == {"caf\u00e9.webp": "empty file"}


def test_exception_for_a_table_with_words_that_are_none(tmp_path: Path) -> None:
    root = write_files(tmp_path / "in", {"a.png": disc()})
    (tmp_path / "t.json").write_text('{"a.png": {"category": "cat", "features": 5}}')
    with pytest.raises(sos.SourceError, match=r"t\.json: record 'a\.png': features: expected a list"):
        taken(Cutouts(root, tmp_path / "t.json"))


@pytest.mark.parametrize("case", ["empty", "absent"])
def test_exception_for_a_folder_with_nothing_to_take(tmp_path: Path, case: str) -> None:
    root = tmp_path / "root"
    if case == "empty":
        write_files(root, {"deep/a.png": disc()})
    with pytest.raises(sos.SourceError, match="root"):
        list(Cutouts(root).units())
