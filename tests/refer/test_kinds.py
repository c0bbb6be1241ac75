"""Kinds of things: the page's lists are the code's."""

from __future__ import annotations

import pytest

from sos_online.refer import SpokenNames
from sos_online.refer.kinds import KINDS, SAYABLE, apart, is_imitation, is_kind
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
    names = SpokenNames([])
    assert names.may_be(one, other) is names.may_be(other, one) is expected


def rows_of(head: str) -> list[tuple[list[str], list[str]]]:
    return [(listed(first), listed(second)) for first, second in table("What it is", head)]


def test_kinds_by_word_and_their_doubts_are_those_of_the_page() -> None:
    rows = rows_of("kind by the library's word")
    assert sorted(kind for kinds, _ in rows for kind in kinds) == sorted(SAYABLE)
    for kinds, doubtful in rows:
        for kind in kinds:
            assert is_kind("something new", kind, kind) is True
            assert [is_kind(name, kind, kind) for name in doubtful] == [None] * len(doubtful)


def test_what_is_apart_is_what_the_page_says() -> None:
    rows = rows_of("one of these")
    every = {*SAYABLE, "food", "person", "kitchen"}.union(*(some + others for some, others in rows))
    for one in every:
        for other in every:
            expected = any(one in some and other in others for some, others in rows)
            expected |= any(other in some and one in others for some, others in rows)
            assert apart(one, other) is expected, (one, other)
            assert not (one == other and expected)


@pytest.mark.parametrize(
    ("name", "kind", "supercategory", "expected"),
    [
        ("hammer", "tool", "tool", True),
        ("hammer", "tool", "", None),
        ("hammer", "tool", "kitchen", None),  # a kitchen's hammer may be one
        ("hammer", "weapon", "tool", None),  # may be one, too
        ("hammer", "animal", "tool", False),
        ("hammer", "vehicle", "tool", None),
        ("goat", "vehicle", "animal", False),
        ("goat", "toy", "animal", None),
        ("heron", "animal", "bird", True),
        ("heron", "insect", "bird", False),
        ("glider", "vehicle", "aircraft", True),
        ("steak", "vehicle", "food", False),
        ("steak", "animal", "food", None),
        ("child", "vehicle", "person", False),
        ("person", "animal", "animal", None),  # the table doubts it
        ("mouse", "animal", "animal", None),  # the table takes it for a computer's
        ("mouse", "fruit", "animal", False),
        ("train", "vehicle", "toy", None),
        ("train", "appliance", "toy", False),  # the table knows it
        ("train", "building", "vehicle", None),  # somebody may live in it
        ("orange", "fruit", "vehicle", None),  # they contradict each other
        ("tool box", "tool", "tool", None),
        ("toolbox", "tool", "tool", None),
        ("power tool", "tool", "tool", True),
        ("spider", "insect", "insect", None),
        ("spider", "vehicle", "insect", None),
        ("apple", "tool", "food", False),  # as it is a fruit
    ],
)
def test_by_the_word_of_the_library(name: str, kind: str, supercategory: str, expected: bool | None) -> None:
    assert is_kind(name, kind, supercategory) is expected


@pytest.mark.parametrize(
    ("supercategory", "of_material", "toy"),
    [("", True, True), ("animal", True, True), ("weapon", True, True), ("tool", False, True), ("toy", False, False)],
)
def test_imitations(supercategory: str, of_material: bool, toy: bool) -> None:
    assert is_imitation(supercategory, has_material=True, says_toy=False) is of_material
    assert is_imitation(supercategory, has_material=False, says_toy=True) is toy
    assert not is_imitation(supercategory, has_material=False, says_toy=False)


@pytest.mark.parametrize(
    ("name", "kind", "supercategory", "answer"),
    [
        ("bird cage", "animal", "bird", None),
        ("bird house", "building", "bird", None),
        ("dog collar", "animal", "animal", None),
        ("car wheel", "vehicle", "vehicle", None),
        ("polar bear", "animal", "animal", True),
        ("rubber duck", "bird", "bird", None),
        ("bus", "vehicle", "traffic sign", None),
        ("apple", "fruit", "logo", None),
        ("apple", "fruit", "food", True),
        ("fish", "animal", "food", None),
        ("mouse", "animal", "", None),
        ("kite", "animal", "", None),
    ],
)
def test_what_a_name_or_its_supercategory_leaves_open(
    name: str, kind: str, supercategory: str, answer: bool | None
) -> None:
    assert is_kind(name, kind, supercategory) is answer
