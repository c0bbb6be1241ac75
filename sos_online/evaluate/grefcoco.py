"""gRefCOCO: expressions that mean none, one or many objects, as GREC (arXiv 2308.16182) evaluates them.

Boxes below a score threshold do not count. What is left is matched one to one with what is meant, the pair that
overlaps most first. An expression is right if nothing is left over on either side: F1 = 1.
"""

from __future__ import annotations

import math

from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth, overlaps
from sos_online.evaluate.thresholds import Overlap, check_iou_threshold, check_overlap, check_score_threshold


def count_answers(prediction: GroundingPrediction, score_threshold: float = 0.7) -> int:
    """How many boxes score at least ``score_threshold``: the model's answer to the expression."""
    return int((prediction.scores >= check_score_threshold(score_threshold)).sum())


def f1_score(
    prediction: GroundingPrediction,
    truth: GroundingTruth,
    *,
    score_threshold: float = 0.7,
    iou_threshold: float = 0.5,
    overlap: Overlap = "iou",
) -> float:
    """F1 of one expression's answer, 0 … 1.

    Where nothing is meant it is 1 if there is no answer, and 0 if there is one.

    Args:
        prediction: what the model finds.
        truth: what is meant.
        score_threshold: the least score of a box that counts, 0 … 1.
        iou_threshold: the least overlap of a match, more than 0 and at most 1.
        overlap: ``iou``, as the paper and MMDetection have it, or ``giou``, as the authors' script has it: generalised
            IoU, which is never more than the IoU and so the stricter.
    """
    check_iou_threshold(iou_threshold)
    check_overlap(overlap)
    answers = count_answers(prediction, score_threshold)
    if len(truth.boxes) == 0:
        return 1.0 if answers == 0 else 0.0
    pairs = overlaps(prediction.boxes[:answers], truth.boxes, overlap)
    matched = 0
    while matched < min(pairs.shape):
        best = int(pairs.argmax())  # of equal ones that of the box with the highest score
        row, column = divmod(best, len(truth.boxes))
        if pairs[row, column] < iou_threshold:
            break
        matched += 1
        pairs[row, :] = pairs[:, column] = -math.inf
    return 2 * matched / (answers + len(truth.boxes))
