"""What goes into grounding metrics: strict about shapes and numbers, easy about where they come from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from torchvision.tv_tensors import BoundingBoxes

import sos_online as sos
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth, overlaps, truth_of
from sos_online.types.expression import Expression
from tests.evaluate.slow_grounding import Case, cases, giou, iou

BOX = [1.0, 2.0, 30.0, 40.0]


@pytest.mark.parametrize(
    "boxes",
    [
        [BOX, BOX],
        [[1, 2, 30, 40], (1, 2, 30, 40)],
        np.array([BOX, BOX], np.float32),
        torch.tensor([BOX, BOX], dtype=torch.bfloat16),
        torch.tensor([BOX, BOX], requires_grad=True),
        torch.tensor([BOX, BOX]).to(torch.int32),
        BoundingBoxes(torch.tensor([BOX, BOX]), format="XYXY", canvas_size=(50, 50)),
    ],
    ids=["lists", "whole", "numpy", "bfloat16", "grad", "int32", "tv_tensor"],
)
def test_arrays_of_all_kinds(boxes: Any) -> None:
    prediction = GroundingPrediction(boxes, np.float32([0.25, 0.5]))
    assert type(prediction.boxes) is torch.Tensor and prediction.boxes.dtype == torch.float64
    assert not prediction.boxes.requires_grad
    assert prediction.boxes.tolist() == GroundingTruth(boxes).boxes.tolist() == [BOX, BOX]
    assert prediction.scores.tolist() == [0.5, 0.25]


@pytest.mark.parametrize("nothing", [[], (), np.zeros((0, 4)), torch.zeros(0, 4)])
def test_nothing(nothing: Any) -> None:
    assert GroundingPrediction(nothing, []).boxes.shape == GroundingTruth(nothing).boxes.shape == (0, 4)


def test_the_best_come_first_and_equal_ones_stay_in_order() -> None:
    boxes = [[0, 0, width, 1] for width in (1, 2, 3, 4)]
    prediction = GroundingPrediction(boxes, [0.5, 0.75, 0.5, 1.0])
    assert prediction.boxes[:, 2].tolist() == [4, 2, 1, 3]
    assert prediction.scores.tolist() == [1.0, 0.75, 0.5, 0.5]
    many = GroundingPrediction([[0, 0, width, 1] for width in range(1, 1001)], [0.5, 0.25] * 500)
    assert many.boxes[:, 2].tolist() == [*range(1, 1001, 2), *range(2, 1001, 2)]


def test_what_is_given_may_change_afterwards() -> None:
    boxes, others, scores = torch.tensor([BOX], dtype=torch.float64), np.array([BOX]), np.ones(1)
    prediction, truth = GroundingPrediction(boxes, scores), GroundingTruth(boxes, others)
    boxes.zero_()
    others[:] = scores[:] = 0
    assert prediction.boxes.tolist() == truth.boxes.tolist() == truth.others.tolist() == [BOX]
    assert prediction.scores.tolist() == [1.0]


@pytest.mark.parametrize(
    ("boxes", "scores", "message"),
    [
        ([BOX], [0.5, 0.5], r"scores: expected shape \[1\], one for each box, found \[2\]"),
        ([BOX], [[0.5]], r"scores: expected shape \[1\], .* found \[1, 1\]"),
        ([BOX], [1.5], r"scores\[0\]: expected 0 … 1, found 1.5"),
        ([BOX, BOX], [0.5, -3.0], r"scores\[1\]: expected 0 … 1, found -3.0"),  # a logit
        ([BOX], [math.nan], r"scores\[0\]: expected finite numbers, found nan"),
        (BOX, [0.5], r"boxes: expected shape \['N', 4\], found \[4\]"),
        ([BOX[:3]], [0.5], r"boxes: expected shape \['N', 4\], found \[1, 3\]"),
        ([BOX, BOX[:3]], [0.5, 0.5], "boxes: expected an array of numbers"),
        ([BOX, [5, 5, 4, 6]], [0.5, 0.5], r"boxes\[1\]: .*x1 <= x2 and y1 <= y2, found \[5.0, 5.0, 4.0, 6.0\]"),
        ([[0, 0, 1, math.inf]], [0.5], r"boxes\[0\]: expected finite numbers, found \[0.0, 0.0, 1.0, inf\]"),
        ([["0", "0", "1", "1"]], [0.5], "boxes: expected real numbers, found <U1"),
        ([[0, 0, 1, 10**400]], [0.5], "boxes: expected real numbers, found object"),
        (torch.zeros(1, 4, dtype=torch.bool), [0.5], "boxes: expected real numbers, found torch.bool"),
        (torch.zeros(1, 4, dtype=torch.complex64), [0.5], "boxes: expected real numbers, found torch.complex64"),
        (BoundingBoxes(torch.tensor([BOX]), format="XYWH", canvas_size=(9, 9)), [0.5], "expected XYXY, found XYWH"),
        ("boxes", [0.5], "boxes: expected real numbers"),
        (torch.tensor(3.0), [0.5], r"boxes: expected shape \['N', 4\], found \[\]"),
        (None, [0.5], "boxes: expected real numbers, found object"),
    ],
)  # fmt: skip
def test_a_wrong_prediction_is_refused(boxes: Any, scores: Any, message: str) -> None:
    with pytest.raises(sos.SOSError, match=f"^prediction: .*{message}"):
        GroundingPrediction(boxes, scores)


def test_a_model_may_find_a_box_without_area_but_none_is_meant() -> None:
    flat = [[5, 5, 5, 9]]
    assert len(GroundingPrediction(flat, [0.5]).boxes) == 1
    with pytest.raises(sos.SOSError, match=r"^truth: boxes\[0\]: expected XYXY with x1 < x2"):
        GroundingTruth(flat)
    with pytest.raises(sos.SOSError, match=r"^truth: others\[1\]: expected XYXY with x1 < x2"):
        GroundingTruth([BOX], [BOX, *flat])


@given(cases())
def test_overlaps_against_slow_reference(case: Case) -> None:
    boxes, others = (torch.tensor(rows, dtype=torch.float64).reshape(-1, 4) for rows in (case.meant, case.others))
    for name, slow in (("iou", iou), ("giou", giou)):
        expected = [[slow(a, b) for b in case.others] for a in case.meant]
        found = overlaps(boxes, others, name).reshape(len(case.meant), len(case.others))  # type: ignore[arg-type]
        assert found.tolist() == [pytest.approx(row, abs=1e-12) for row in expected]


def test_boxes_are_half_open() -> None:
    """Columns 0 … 3 and 4 … 7 touch and share nothing."""
    left, right = torch.tensor([[0.0, 0, 4, 1]]), torch.tensor([[4.0, 0, 8, 1]])
    assert overlaps(left, right).item() == 0


def target(boxes: list[list[float]], labels: list[int]) -> Any:
    return {
        "boxes": BoundingBoxes(torch.tensor(boxes).reshape(-1, 4), format="XYXY", canvas_size=(99, 99)),
        "labels": torch.tensor(labels, dtype=torch.int64),
    }


@pytest.mark.parametrize(
    ("rows", "meant", "others"),
    [
        ([], [], []),  # nothing is meant, so nothing is of its category
        ([0], [0], [2]),  # the other object of label 5
        ([1], [1], []),  # the only one of label 6
        ([0, 1], [0, 1], [2]),
        ([0, 2], [0, 2], []),
    ],
)
def test_truth_of_an_expression(rows: list[int], meant: list[int], others: list[int]) -> None:
    boxes = [[0.0, 0, 1, 1], [0, 0, 2, 2], [0, 0, 3, 3]]
    expression: Expression = {"text": "the cup", "rows": rows, "kind": "attribute"}
    truth = truth_of(target(boxes, [5, 6, 5]), expression)
    assert truth.boxes.tolist() == [boxes[row] for row in meant]
    assert truth.others.tolist() == [boxes[row] for row in others]


@pytest.mark.parametrize("row", [1, -1])
def test_truth_of_rows_that_are_not_there(row: int) -> None:
    expression: Expression = {"text": "the cup", "rows": [row], "kind": "attribute"}
    with pytest.raises(sos.SOSError, match=rf"'the cup': rows: expected rows of 1 boxes, found \[{row}\]"):
        truth_of(target([[0.0, 0, 1, 1]], [5]), expression)


def test_how_they_are_shown() -> None:
    assert repr(GroundingPrediction([BOX], [0.5])) == "GroundingPrediction(1 boxes)"
    assert repr(GroundingTruth([BOX], [BOX, BOX])) == "GroundingTruth(1 boxes, 2 others)"
