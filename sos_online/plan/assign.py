"""Which of the drawn segments goes into which box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sos_online.ops.boxes import Rect, area

Ints = npt.NDArray[np.int64]


def assign_by_area(boxes: Sequence[Rect], opaque: Sequence[int], categories: Ints | None) -> Ints:
    """For each box the position of its segment: the one with the most opaque pixels goes into the largest box, and so
    on. Of equal ones the earlier comes first.

    Args:
        boxes: XYXY.
        opaque: as many, opaque pixels of each segment.
        categories: as many, of the segments, and segments stay among the boxes of their category; None if all boxes
            are alike.
    """
    groups = np.zeros(len(boxes), np.int64) if categories is None else categories
    largest_boxes = np.lexsort((np.array([-area(box) for box in boxes]), groups))
    largest_segments = np.lexsort((np.array([-pixels for pixels in opaque]), groups))
    result = np.empty(len(boxes), np.int64)
    result[largest_boxes] = largest_segments
    return result
