"""Precision at k against values worked out by hand, and against plain loops."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth
from sos_online.evaluate.refcoco import hit_at
from sos_online.evaluate.thresholds import Overlap
from tests.evaluate import slow_grounding as slow
from tests.evaluate.slow_grounding import Case, Found, cases

TRUE = (0, 0, 100, 100)
HALF = (0, 0, 50, 100)  # IoU 5000 / 10000 = 0.5
LESS = (0, 0, 49, 100)  # IoU 0.49
SHIFTED = (0, 50, 100, 150)  # IoU 5000 / 15000 = 1 / 3
AWAY = (200, 200, 300, 300)


def prediction(found: list[Found]) -> GroundingPrediction:
    return GroundingPrediction([entry.box for entry in found], [entry.score for entry in found])


@pytest.mark.parametrize(
    ("found", "k", "threshold", "expected"),
    [
        ([], 1, 0.5, False),  # nothing is found
        ([(TRUE, 0.1)], 1, 1.0, True),  # perfect, however unsure
        ([(HALF, 0.9)], 1, 0.5, True),  # exactly at the threshold
        ([(LESS, 0.9)], 1, 0.5, False),
        ([(LESS, 0.9)], 1, 0.4, True),
        ([(SHIFTED, 0.9)], 1, 1 / 3, True),
        ([(SHIFTED, 0.9)], 1, 0.34, False),
        ([(TRUE, 0.8), (AWAY, 0.9)], 1, 0.5, False),  # the best one is wrong, though it comes second
        ([(TRUE, 0.8), (AWAY, 0.9)], 2, 0.5, True),
        ([(TRUE, 0.8), (AWAY, 0.9), (AWAY, 0.85)], 2, 0.5, False),
        ([(TRUE, 0.8), (AWAY, 0.9)], 10, 0.5, True),  # fewer than k
        ([(TRUE, 0.5), (AWAY, 0.5)], 1, 0.5, True),  # of equal scores the first given
        ([(AWAY, 0.5), (TRUE, 0.5)], 1, 0.5, False),
        ([((50, 50, 50, 50), 0.9)], 1, 0.1, False),  # a box without area
    ],
)  # fmt: skip
def test_worked_by_hand(found: list[tuple[slow.Box, float]], k: int, threshold: float, expected: bool) -> None:
    assert (
        hit_at(prediction([Found(*entry) for entry in found]), GroundingTruth([TRUE]), k, iou_threshold=threshold)
        is expected
    )


@given(cases(meant=(1, 1)), st.integers(1, 8), st.sampled_from([0.3, 0.5, 0.75]), st.sampled_from(get_args(Overlap)))
def test_against_slow_reference(case: Case, k: int, threshold: float, overlap: Overlap) -> None:
    truth = GroundingTruth(case.meant)
    found = hit_at(prediction(case.found), truth, k, iou_threshold=threshold, overlap=overlap)
    assert found == slow.hit_at(case, k, threshold, overlap)


@given(cases(meant=(1, 1)), st.integers(1, 5), st.floats(0.1, 0.9))
def test_easier_with_more_boxes_and_less_overlap_and_the_order_given_does_not_count(
    case: Case, k: int, threshold: float
) -> None:
    truth = GroundingTruth(case.meant)
    hit = hit_at(prediction(case.found), truth, k, iou_threshold=threshold)
    assert hit_at(prediction(case.found), truth, k + 1, iou_threshold=threshold) >= hit
    assert hit_at(prediction(case.found), truth, k, iou_threshold=threshold * 0.9) >= hit
    assert hit_at(prediction(case.found[::-1]), truth, k, iou_threshold=threshold) == hit


@pytest.mark.parametrize("meant", [[], [TRUE, AWAY]])
def test_only_for_one_object(meant: list[slow.Box]) -> None:
    with pytest.raises(sos.SOSError, match=f"truth: boxes: .* exactly one, found {len(meant)}"):
        hit_at(prediction([]), GroundingTruth(meant))


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_thresholds_that_make_no_sense(threshold: float) -> None:
    with pytest.raises(sos.SOSError, match="iou_threshold: expected more than 0 and at most 1"):
        hit_at(prediction([]), GroundingTruth([TRUE]), iou_threshold=threshold)
    with pytest.raises(sos.SOSError, match="k: expected at least 1, found 0"):
        hit_at(prediction([]), GroundingTruth([TRUE]), 0)
