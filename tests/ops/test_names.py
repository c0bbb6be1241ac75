"""Names of categories: how they are shown, and which are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.ops.names import as_key, as_unicode, category_name, fold


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", ""),
        (" _ \t", ""),  # nothing of it is a name
        ("baseball_bat", "baseball bat"),
        ("  hot   dog\n", "hot dog"),
        ("cafe\u0301", "caf\u00e9"),  # composed
        ("T-Rex", "T-Rex"),  # case and hyphens are kept
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),  # nothing reaches a terminal that would steer it
        ("a\x00b\u202ec", "a b c"),  # nor turns what follows
        ("\U0001f468\u200d\U0001f373", "\U0001f468\u200d\U0001f373"),  # a cook: joined, and one sign
        ("\udcff", "\\udcff"),  # a byte of a file's name that is no Unicode
    ],
)
def test_category_name(name: str, shown: str) -> None:
    assert category_name(name) == shown


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("cat/a_b 1.png#7", "cat/a_b 1.png#7"),
        ("caf\u00e9/\u732b.png", "caf\u00e9/\u732b.png"),
        ("a\x1b]0;title\x07", "a\\x1b]0;title\\x07"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("a\x7f\x9b\u2028\u202e\u2069", "a\\x7f\\x9b\\u2028\\u202e\\u2069"),
        ("\udcff", "\\udcff"),
    ],
)
def test_as_key(name: str, key: str) -> None:
    assert as_key(name) == key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hot_Dog", "hot dog", True),
        ("STRASSE", "stra\u00dfe", True),
        ("\u0390", "\u1fd3", True),
        ("cat", "cats", False),
    ],
)
def test_fold(one: str, other: str, same: bool) -> None:
    assert (fold(one) == fold(other)) is same


@given(st.text(st.characters(), max_size=12))
def test_all_can_be_written_and_nothing_changes_twice(name: str) -> None:
    for change in (as_key, as_unicode, category_name, fold):
        once = change(name)
        once.encode()
        assert change(once) == once
    assert fold(category_name(name)) == fold(name)
