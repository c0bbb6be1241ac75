"""Referring within one class: how much surer a model is of the object that is meant than of its like."""

from __future__ import annotations

import torch

from sos_online.errors import SOSError
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth, overlaps
from sos_online.evaluate.thresholds import check_iou_threshold


def confidence_gap(prediction: GroundingPrediction, truth: GroundingTruth, *, iou_threshold: float = 0.5) -> float:
    """Confidence in the object that is meant, less the highest in another of its category; −1 … 1.

    The published "average gap" is the mean of it, and the "positive-gap ratio" how often it is above 0. A prediction
    speaks for the annotated box that it overlaps most, if by ``iou_threshold`` or more; if it overlaps two alike, for
    both. The confidence in a box is the highest score of what speaks for it, 0 if nothing does.

    Raises:
        SOSError: the expression does not mean exactly one object, or no other of its category is known.
    """
    if len(truth.boxes) != 1:
        raise SOSError(f"truth: boxes: a gap needs exactly one, found {len(truth.boxes)}")
    if len(truth.others) == 0:
        raise SOSError("truth: others: a gap needs one or more, found none")
    pairs = overlaps(prediction.boxes, torch.cat([truth.boxes, truth.others]))
    speaks = (pairs >= check_iou_threshold(iou_threshold)) & (pairs == pairs.amax(1, keepdim=True))
    spoken = torch.where(speaks, prediction.scores[:, None], 0.0)
    confidence = torch.cat([spoken, spoken.new_zeros(1, spoken.shape[1])]).amax(0)
    return float(confidence[0] - confidence[1:].max())
