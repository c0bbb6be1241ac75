"""Three-valued logic on bits, against the same on lists of True, False and None."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sos_online.refer.extent import NOTHING, Extent, bits_of, rows_of
from tests.refer.made_up import answers

ROWS = 70  # more than a machine word
statements = st.lists(st.sampled_from([True, False, None]), min_size=ROWS, max_size=ROWS)


def extent_of(values: list[bool | None]) -> Extent:
    true = bits_of(row for row, value in enumerate(values) if value)
    return Extent(true, bits_of(row for row, value in enumerate(values) if value is None))


def both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def opposite(value: bool | None) -> bool | None:
    return None if value is None else not value


@given(statements, statements)
def test_and_is_true_where_both_are_and_false_where_one_is(one, other):
    expected = [both(*pair) for pair in zip(one, other, strict=True)]
    assert answers(extent_of(one) & extent_of(other), ROWS) == expected


@given(statements, statements)
def test_without_is_and_not(one, other):
    expected = [both(first, opposite(second)) for first, second in zip(one, other, strict=True)]
    assert answers(extent_of(one).without(extent_of(other)), ROWS) == expected


@given(statements)
def test_counts_and_meaning(values):
    extent = extent_of(values)
    assert extent.size == values.count(True)
    assert extent.decided == (None not in values)
    assert extent.means(extent.true) == extent.decided
    assert not extent.means(extent.true ^ 1)


@given(st.sets(st.integers(0, 400)))
def test_bits_are_rows(rows):
    assert list(rows_of(bits_of(rows))) == sorted(rows)


def test_nothing():
    assert NOTHING.decided
    assert NOTHING.means(0)
    assert list(rows_of(NOTHING.true)) == []
    assert NOTHING & Extent(3, 4) == NOTHING
