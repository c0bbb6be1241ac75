"""What a model finds for an expression and what the expression means; boxes are half-open XYXY, in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.ops import box_iou, generalized_box_iou
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat

from sos_online.errors import SOSError
from sos_online.evaluate.thresholds import Overlap
from sos_online.types import Target
from sos_online.types.expression import Expression

Numbers = Tensor | npt.NDArray[Any] | Sequence[Any]


class GroundingPrediction:
    """What a model finds for one expression in one image.

    Args:
        boxes: real ``[K, 4]``, XYXY, ``x1 <= x2`` and ``y1 <= y2``; an array, a tensor on any device, or a list.
        scores: real ``[K]``, 0 … 1: how sure the model is that the box is meant.

    Attributes:
        boxes: float64 ``[K, 4]`` on the CPU, the best first; of equal scores in the order given.
        scores: float64 ``[K]``, falling.

    Raises:
        SOSError: names the field and the row that is wrong.
    """

    def __init__(self, boxes: Numbers, scores: Numbers) -> None:
        found = _boxes(boxes, "prediction: boxes", empty=True)
        confidence = _numbers(scores, "prediction: scores")
        if confidence.shape != found.shape[:1]:
            raise SOSError(
                f"prediction: scores: expected shape {[len(found)]}, one for each box, found {list(confidence.shape)}"
            )
        _check_rows((confidence >= 0) & (confidence <= 1), confidence, "prediction: scores", "0 … 1")
        order = np.argsort(-confidence, kind="stable")
        self.boxes = torch.from_numpy(found[order])
        self.scores = torch.from_numpy(confidence[order])

    def __repr__(self) -> str:
        return f"GroundingPrediction({len(self.boxes)} boxes)"


class GroundingTruth:
    """What one expression means in one image.

    Args:
        boxes: real ``[M, 4]``, XYXY, ``x1 < x2`` and ``y1 < y2``: the objects that are meant; none if nothing is.
        others: real ``[J, 4]``, the objects of the same category that are not meant, as far as they are known.

    Attributes:
        boxes: float64 ``[M, 4]``.
        others: float64 ``[J, 4]``.

    Raises:
        SOSError: names the field and the row that is wrong.
    """

    def __init__(self, boxes: Numbers, others: Numbers = ()) -> None:
        self.boxes = torch.from_numpy(_boxes(boxes, "truth: boxes", empty=False))
        self.others = torch.from_numpy(_boxes(others, "truth: others", empty=False))

    def __repr__(self) -> str:
        return f"GroundingTruth({len(self.boxes)} boxes, {len(self.others)} others)"


def truth_of(target: Target, expression: Expression) -> GroundingTruth:
    """What an expression of ``target["expressions"]`` means; the others are the objects that share a label with it."""
    rows = expression["rows"]
    boxes, labels = target["boxes"].as_subclass(Tensor), target["labels"]
    if any(not 0 <= row < len(boxes) for row in rows):
        raise SOSError(f"expression {expression['text']!r}: rows: expected rows of {len(boxes)} boxes, found {rows}")
    meant = torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    meant[rows] = True
    return GroundingTruth(boxes[meant], boxes[~meant & torch.isin(labels, labels[meant])])


def overlaps(boxes: Tensor, others: Tensor, overlap: Overlap = "iou") -> Tensor:
    """IoU or generalised IoU of each box with each other one, ``[N, M]``; 0 where both are empty."""
    pairs: Tensor = (box_iou if overlap == "iou" else generalized_box_iou)(boxes, others)
    return pairs.nan_to_num(nan=0.0)


def _boxes(value: Numbers, field: str, *, empty: bool) -> npt.NDArray[np.float64]:
    """float64 ``[N, 4]``, checked; ``empty``: whether a box may have no area."""
    if isinstance(value, BoundingBoxes) and value.format != BoundingBoxFormat.XYXY:
        raise SOSError(f"{field}: expected XYXY, found {value.format.value}")
    boxes = _numbers(value, field)
    if boxes.shape == (0,):
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise SOSError(f"{field}: expected shape ['N', 4], found {list(boxes.shape)}")
    sides = boxes[:, 2:] - boxes[:, :2]
    sign = "<=" if empty else "<"
    right = (sides >= 0 if empty else sides > 0).all(1)
    _check_rows(right, boxes, field, f"XYXY with x1 {sign} x2 and y1 {sign} y2")
    return boxes


def _numbers(value: Numbers, field: str) -> npt.NDArray[np.float64]:
    """A float64 copy, all of it finite."""
    if isinstance(value, Tensor):
        if value.dtype == torch.bool or value.is_complex():
            raise SOSError(f"{field}: expected real numbers, found {value.dtype}")
        # by way of float64, as numpy knows no bfloat16
        numbers = value.detach().as_subclass(Tensor).to("cpu", torch.float64, copy=True).numpy()
    else:
        try:
            array = np.asarray(value)
        except (TypeError, ValueError, RuntimeError) as error:
            raise SOSError(f"{field}: expected an array of numbers: {error}") from None
        if array.dtype.kind not in "iuf":
            raise SOSError(f"{field}: expected real numbers, found {array.dtype}")
        numbers = array.astype(np.float64)
    finite = np.isfinite(numbers)
    _check_rows(finite.all(axis=tuple(range(1, finite.ndim))), numbers, field, "finite numbers")
    return numbers


def _check_rows(
    right: npt.NDArray[np.bool_] | np.bool_, values: npt.NDArray[np.float64], field: str, expected: str
) -> None:
    if not right.all():
        row = int(np.argmin(right))
        found = values[row].tolist() if values.ndim else values.item()
        raise SOSError(f"{field}[{row}]: expected {expected}, found {found}")
