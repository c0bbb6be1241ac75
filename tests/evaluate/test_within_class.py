"""The gap within a class against values worked out by hand, and against plain loops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth
from sos_online.evaluate.within_class import confidence_gap
from tests.evaluate import slow_grounding as slow
from tests.evaluate.slow_grounding import Box, Case, Found, cases

TRUE, OTHER, THIRD = (0, 0, 100, 100), (200, 0, 300, 100), (400, 0, 500, 100)
AWAY = (0, 500, 100, 600)
NEAR = (20, 0, 120, 100)  # IoU with TRUE 8000 / 12000 = 2 / 3


def prediction(found: list[Found]) -> GroundingPrediction:
    return GroundingPrediction([entry.box for entry in found], [entry.score for entry in found])


@pytest.mark.parametrize(
    ("found", "others", "expected"),
    [
        ([], [OTHER], 0.0),  # sure of neither
        ([(TRUE, 0.75)], [OTHER], 0.75),
        ([(OTHER, 0.75)], [OTHER], -0.75),
        ([(TRUE, 0.75), (OTHER, 0.25)], [OTHER], 0.5),
        ([(TRUE, 0.25), (OTHER, 0.75)], [OTHER], -0.5),
        ([(TRUE, 0.75), (OTHER, 0.25), (THIRD, 0.5)], [OTHER, THIRD], 0.25),  # against the surest of the others
        ([(TRUE, 0.5), ((0, 0, 90, 100), 0.75)], [OTHER], 0.75),  # the surest of what speaks for it
        ([(TRUE, 0.5), (AWAY, 1.0)], [OTHER], 0.5),  # what is no annotated box does not matter
        ([(TRUE, 0.5), ((0, 0, 49, 100), 1.0)], [OTHER], 0.5),  # too far from it
        # NEAR is of the same category and overlaps TRUE: each prediction speaks for the one that it fits best
        ([(TRUE, 0.5), (NEAR, 0.25)], [NEAR], 0.25),
        ([((10, 0, 110, 100), 0.5)], [NEAR], 0.0),  # it fits both alike, IoU 9000 / 11000
    ],
)  # fmt: skip
def test_worked_by_hand(found: list[tuple[Box, float]], others: list[Box], expected: float) -> None:
    truth = GroundingTruth([TRUE], others)
    assert confidence_gap(prediction([Found(*entry) for entry in found]), truth) == pytest.approx(expected)


@given(cases(meant=(1, 1), others=(1, 4)), st.sampled_from([0.25, 0.5, 0.75]))
def test_against_slow_reference(case: Case, threshold: float) -> None:
    found = confidence_gap(prediction(case.found), GroundingTruth(case.meant, case.others), iou_threshold=threshold)
    assert found == pytest.approx(slow.gap(case, threshold))


@given(cases(meant=(1, 1), others=(1, 1)))
def test_of_two_objects_one_gains_what_the_other_loses(case: Case) -> None:
    found = prediction(case.found)
    gap = confidence_gap(found, GroundingTruth(case.meant, case.others))
    assert gap == -confidence_gap(found, GroundingTruth(case.others, case.meant))
    assert -1 <= gap <= 1


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        (GroundingTruth([], [OTHER]), "truth: boxes: .* exactly one, found 0"),
        (GroundingTruth([TRUE, THIRD], [OTHER]), "truth: boxes: .* exactly one, found 2"),
        (GroundingTruth([TRUE]), "truth: others: .* one or more, found none"),
    ],
)
def test_where_there_is_no_gap(truth: GroundingTruth, message: str) -> None:
    with pytest.raises(sos.SOSError, match=message):
        confidence_gap(prediction([]), truth)


def test_a_threshold_that_makes_no_sense() -> None:
    with pytest.raises(sos.SOSError, match="iou_threshold: expected more than 0"):
        confidence_gap(prediction([]), GroundingTruth([TRUE], [OTHER]), iou_threshold=0)
