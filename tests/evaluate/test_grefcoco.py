"""F1 of an expression against values worked out by hand, and against plain loops."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.evaluate.grefcoco import count_answers, f1_score
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth
from sos_online.evaluate.thresholds import Overlap
from tests.evaluate import slow_grounding as slow
from tests.evaluate.slow_grounding import Box, Case, Found, cases

A, B, C = (0, 0, 100, 100), (200, 0, 300, 100), (0, 200, 100, 300)
HALF_A = (0, 0, 50, 100)  # IoU with A 0.5
SIX_A = (0, 0, 60, 100)  # IoU with A 0.6
AWAY = (500, 500, 600, 600)


def prediction(found: list[Found]) -> GroundingPrediction:
    return GroundingPrediction([entry.box for entry in found], [entry.score for entry in found])


@pytest.mark.parametrize(
    ("found", "meant", "expected"),
    [
        ([], [], 1.0),  # nothing is meant, nothing is answered
        ([(A, 0.69)], [], 1.0),  # too unsure to be an answer
        ([(A, 0.9)], [], 0.0),
        ([(A, 0.75)], [], 0.0),
        ([], [A], 0.0),  # no answer: 0 / (0 + 0 + 1)
        ([(A, 0.9)], [A], 1.0),
        ([(A, 0.69)], [A], 0.0),
        ([(A, 0.7)], [A], 1.0),  # exactly at the threshold
        ([(HALF_A, 0.9)], [A], 1.0),  # exactly half
        ([(AWAY, 0.9)], [A], 0.0),  # 0 / (0 + 1 + 1)
        ([(A, 0.9), (AWAY, 0.5)], [A], 1.0),  # the second is no answer
        ([(A, 0.9), (AWAY, 0.8)], [A], 2 / 3),  # 2 / (2 + 1 + 0)
        ([(A, 0.9), (A, 0.8)], [A], 2 / 3),  # found twice: one to one
        ([(A, 0.9)], [A, B], 2 / 3),  # 2 / (2 + 0 + 1)
        ([(B, 0.9), (A, 0.8)], [A, B], 1.0),  # in any order
        ([(A, 0.9), (AWAY, 0.8)], [A, B], 0.5),  # 2 / (2 + 1 + 1)
        ([(A, 0.9), (B, 0.9), (AWAY, 0.9)], [A, B, C], 2 / 3),  # 4 / (4 + 1 + 1)
        # the pair that overlaps most goes first, whatever the scores: A with A (1.0), so SIX_A is left over
        ([(SIX_A, 0.9), (A, 0.8)], [A], 2 / 3),
    ],
)  # fmt: skip
def test_worked_by_hand(found: list[tuple[Box, float]], meant: list[Box], expected: float) -> None:
    assert f1_score(prediction([Found(*entry) for entry in found]), GroundingTruth(meant)) == pytest.approx(expected)


def test_greedy_matching_may_miss_the_best_pairing() -> None:
    """On a line of height 1: found are P = 0 … 10 and Q = 2 … 8, meant are X = 0 … 9 and Y = 4 … 14.

    P with X has 9 / 10 and goes first, which leaves Q with Y: 4 / 12, too little. Yet P with Y, 6 / 14, and Q with X,
    6 / 9, would both do.
    """
    p, q, x, y = (0, 0, 10, 1), (2, 0, 8, 1), (0, 0, 9, 1), (4, 0, 14, 1)
    found = prediction([Found(p, 0.9), Found(q, 0.8)])
    assert f1_score(found, GroundingTruth([x, y]), iou_threshold=0.42) == pytest.approx(0.5)  # 2 / (2 + 1 + 1)


def test_generalised_iou_is_stricter() -> None:
    """Shifted by 30 of 100 both ways: 4,900 shared, union 15,100, hull 16,900: IoU 0.325, GIoU 0.107 less."""
    found, truth = prediction([Found((30, 30, 130, 130), 0.9)]), GroundingTruth([A])
    for overlap, threshold, expected in (("iou", 0.32, 1), ("iou", 0.33, 0), ("giou", 0.21, 1), ("giou", 0.22, 0)):
        kind: Overlap = overlap  # type: ignore[assignment]
        assert f1_score(found, truth, iou_threshold=threshold, overlap=kind) == expected


@given(
    cases(), st.sampled_from([0.0, 0.3, 0.7, 1.0]), st.sampled_from([0.25, 0.5, 0.75]), st.sampled_from(["iou", "giou"])
)
def test_against_slow_reference(case: Case, score: float, threshold: float, overlap: Overlap) -> None:
    found = f1_score(
        prediction(case.found),
        GroundingTruth(case.meant),
        score_threshold=score,
        iou_threshold=threshold,
        overlap=overlap,
    )
    assert found == pytest.approx(slow.f1(case, score, threshold, overlap))


@given(cases())
def test_what_is_meant_is_the_right_answer_and_one_more_is_not(case: Case) -> None:
    truth = GroundingTruth(case.meant)
    right = [Found(box, 0.9) for box in case.meant]
    assert f1_score(prediction(right), truth) == 1
    assert f1_score(prediction([*right, Found(AWAY, 0.8)]), truth) < 1
    assert 0 <= f1_score(prediction(case.found), truth) <= 1


def test_count_answers() -> None:
    found = prediction([Found(A, 0.9), Found(B, 0.7), Found(C, 0.5)])
    assert [count_answers(found, threshold) for threshold in (0, 0.5, 0.7, 0.8, 1)] == [3, 3, 2, 1, 0]
    assert count_answers(found) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score_threshold": 1.5}, "score_threshold: expected 0 … 1, found 1.5"),
        ({"score_threshold": float("nan")}, "score_threshold: expected 0 … 1, found nan"),
        ({"iou_threshold": 0}, "iou_threshold: expected more than 0"),
        ({"overlap": "dice"}, "overlap: expected one of .*, found 'dice'"),
    ],
)
def test_settings_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(sos.SOSError, match=message):
        f1_score(prediction([]), GroundingTruth([]), **options)
