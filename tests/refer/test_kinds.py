"""Kinds of things: the page's lists are the code's."""

from __future__ import annotations

import pytest

from sos_online.refer.kinds import KINDS, is_kind, may_be
from tests.refer.page import listed, section, table

PAGE = {kind: (listed(members), listed(doubtful)) for kind, members, doubtful in table("What it is", "kind")}


def known_on_page() -> set[str]:
    told = section("What it is").partition("Known names: those in the table; and ")[2].partition(".\n")[0]
    first, _, second = " ".join(told.split()).partition("; and of COCO's other categories ")
    in_table = {name for lists in PAGE.values() for names in lists for name in names}
    return {*listed(first), *listed(second.rstrip(".")), *in_table}


def test_kinds_of_the_page():
    assert set(PAGE) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_known_name_is_answered_as_the_page_says(kind):
    members, doubtful = PAGE[kind]
    known = known_on_page()
    assert len(known) > 90
    for name in known:
        expected = True if name in members else None if name in doubtful else False
        assert is_kind(name, kind) is expected, name


@pytest.mark.parametrize("name", ["", "unknown thing", "Apple", "apples", "green apple", "mug "])
def test_of_other_names_nothing_is_known(name):
    assert [is_kind(name, kind) for kind in KINDS] == [None] * len(KINDS)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("fruit", "apple", True),  # a fruit may be an apple
        ("apple", "fruit", True),  # and an apple is one
        ("fruit", "mug", False),  # no fruit is a mug
        ("animal", "rubber duck", True),  # a matter of taste
        ("vehicle", "zeppelin", True),  # of which the tables know nothing
        ("apple", "banana", False),  # no kind at all
    ],
)
def test_a_name_that_is_a_kind_may_be_what_belongs_to_it(one: str, other: str, expected: bool) -> None:
    assert may_be(one, other) is may_be(other, one) is expected
