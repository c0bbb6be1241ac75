"""RefCOCO, RefCOCO+ and RefCOCOg: is the box that is meant among the best?"""

from __future__ import annotations

from sos_online.errors import SOSError
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth, overlaps
from sos_online.evaluate.thresholds import Overlap, check_iou_threshold, check_k, check_overlap


def hit_at(
    prediction: GroundingPrediction,
    truth: GroundingTruth,
    k: int = 1,
    *,
    iou_threshold: float = 0.5,
    overlap: Overlap = "iou",
) -> bool:
    """Whether one of the ``k`` best boxes overlaps the one that is meant; precision at ``k`` is the mean of it.

    A model that finds nothing misses.

    Args:
        prediction: what the model finds.
        truth: what is meant.
        k: how many boxes are looked at.
        iou_threshold: the least overlap, more than 0 and at most 1.
        overlap: ``iou``, as papers and MMDetection have it, or ``giou``, as MDETR's script has it: generalised IoU,
            which is never more than the IoU and so the stricter.

    Raises:
        SOSError: the expression does not mean exactly one object, for which this is not defined.
    """
    if len(truth.boxes) != 1:
        raise SOSError(f"truth: boxes: precision at k needs exactly one, found {len(truth.boxes)}")
    best = prediction.boxes[: check_k(k)]
    return bool((overlaps(best, truth.boxes, check_overlap(overlap)) >= check_iou_threshold(iou_threshold)).any())
