"""Assignment by area against sorting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.ops.boxes import area
from sos_online.plan.assign import assign_by_area

SMALL, MIDDLE, LARGE = (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 2.0, 2.0), (0.0, 0.0, 3.0, 3.0)


@pytest.mark.parametrize(
    ("boxes", "opaque", "categories", "expected"),
    [
        ([], [], None, []),
        ([SMALL], [7], None, [0]),
        ([SMALL, LARGE, MIDDLE], [5, 6, 7], None, [0, 2, 1]),
        ([SMALL, LARGE, MIDDLE], [7, 6, 5], None, [2, 0, 1]),
        ([SMALL, SMALL, LARGE], [5, 5, 5], None, [1, 2, 0]),  # equal ones: the earlier first
        ([SMALL, LARGE, MIDDLE], [7, 6, 5], [1, 2, 1], [2, 1, 0]),  # among those of one category
        ([LARGE, LARGE, SMALL, SMALL], [1, 2, 3, 4], [2, 1, 2, 1], [2, 3, 0, 1]),
    ],
)
def test_table(boxes: list, opaque: list[int], categories: list[int] | None, expected: list[int]) -> None:
    groups = None if categories is None else np.array(categories)
    assert assign_by_area(boxes, opaque, groups).tolist() == expected


@given(
    rows=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 99), st.integers(1, 3)), max_size=12),
    grouped=st.booleans(),
)
def test_more_pixels_never_go_into_a_smaller_box(rows: list[tuple[int, int, int]], grouped: bool) -> None:
    boxes = [(0.0, 0.0, float(side), 1.0) for side, _, _ in rows]
    categories = np.array([category for _, _, category in rows], np.int64)
    order = assign_by_area(boxes, [pixels for _, pixels, _ in rows], categories if grouped else None)
    assert sorted(order.tolist()) == list(range(len(rows)))
    for one in range(len(rows)):
        if grouped:
            assert categories[order[one]] == categories[one]
        for other in range(len(rows)):
            alike = not grouped or categories[one] == categories[other]
            if alike and area(boxes[one]) > area(boxes[other]):
                assert rows[order[one]][1] >= rows[order[other]][1]
