"""What is still to be seen of each box, against counting cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.ops.boxes import Rect
from sos_online.plan.layout.visible import VisibleShares
from tests.plan.layout.test_size_prior import slow_visible_shares

EDGES = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])
BOXES = st.lists(
    st.tuples(EDGES, EDGES).map(lambda xy: (float(xy[0][0]), float(xy[1][0]), float(xy[0][1]), float(xy[1][1]))),
    max_size=12,
)


@given(boxes=BOXES, mean=st.sampled_from([0.0, 0.5, 0.8, 1.0]), each=st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_a_box_is_laid_iff_the_rule_then_holds(boxes: list[Rect], mean: float, each: float) -> None:
    laid = VisibleShares(mean, each)
    expected: list[Rect] = []
    for box in boxes:
        shares = slow_visible_shares([*expected, box])
        slack = min(abs(min(shares) - each), abs(sum(shares) / len(shares) - mean))
        took = laid.lay(box)
        if slack > 1e-9:  # else rounding decides
            assert took == (min(shares) >= each and sum(shares) / len(shares) >= mean)
        expected += [box] * took
        assert laid.boxes == expected
        assert laid.shares == pytest.approx(slow_visible_shares(expected))
