"""Which is larger, against the page's definition for one pair after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.refer.extent import bits_of, rows_of
from sos_online.refer.sizes import largest, rows_smaller, smallest
from tests.refer.geometry_reference import is_larger
from tests.refer.made_up import boxes

objects = st.tuples(boxes(40, 30), st.integers(0, 5), st.floats(0.1, 1))


def larger_than(things: list[tuple]) -> list[int]:
    """``rows_smaller`` of boxes that are filled, each grown by some pixels to be the whole one."""
    seen = np.array([box for box, _, _ in things], float).reshape(-1, 4)
    grown = np.array([more for _, more, _ in things], float).reshape(-1, 1) * [-1, -1, 1, 1]
    area = np.prod(seen[:, 2:] - seen[:, :2], axis=1)
    whole_area = area / np.array([share for _, _, share in things])
    found = rows_smaller(area, whole_area, seen, seen + grown)
    for row in range(len(things)):
        expected = [
            is_larger(area[row], tuple(seen[row]), whole_area[other], tuple((seen + grown)[other]))
            for other in range(len(things))
        ]
        assert found[row] == bits_of(np.flatnonzero(expected).tolist())
    return found


@given(st.lists(objects, max_size=12))
def test_every_pair_is_what_the_page_says(things):
    larger_than(things)


@given(st.lists(objects, min_size=1, max_size=8), st.data())
def test_superlatives_are_larger_or_smaller_than_each_other(things, data):
    smaller = larger_than(things)
    rows = data.draw(st.sets(st.integers(0, len(things) - 1), min_size=1))
    big = [row for row in rows if all(smaller[row] >> other & 1 for other in rows - {row})]
    small = [row for row in rows if all(smaller[other] >> row & 1 for other in rows - {row})]
    assert largest(bits_of(rows), smaller) == (big[0] if big else None)
    assert smallest(bits_of(rows), smaller) == (small[0] if small else None)


@pytest.mark.parametrize(
    ("width", "is_it"),
    [(140, True), (139, False)],  # 1.4 times the area
)
def test_at_the_margin(width, is_it):
    (bits, none) = larger_than([((0, 0, width, 10), 0, 1.0), ((0, 0, 100, 10), 0, 1.0)])
    assert bits == (0b10 if is_it else 0)
    assert none == 0


def test_hidden_parts_count_for_the_smaller_one():
    assert larger_than([((0, 0, 20, 20), 0, 1.0), ((0, 0, 10, 10), 0, 0.2)])[0] == 0
    assert larger_than([((0, 0, 20, 20), 0, 1.0), ((0, 0, 10, 10), 0, 0.5)])[0] == 0b10
    assert larger_than([((5, 5, 25, 25), 0, 1.0), ((5, 5, 15, 15), 5, 1.0)])[0] == 0  # its whole box is as large


def test_of_none():
    assert larger_than([]) == []
    assert largest(0, []) is None
    assert smallest(0, []) is None


def test_of_three_hundred():
    rng = np.random.default_rng(0)
    things = [((0, 0, int(w), int(h)), 0, 1.0) for w, h in rng.integers(1, 100, (300, 2))]
    smaller = larger_than(things)
    assert set(rows_of(smaller[299])) <= set(range(299))
