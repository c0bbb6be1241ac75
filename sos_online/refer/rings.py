"""What an object is surrounded by: whose pixels lie in a narrow ring around it."""

from __future__ import annotations

from math import isqrt

import cv2
import numpy as np
import numpy.typing as npt

from sos_online.types import RegionMask

_LEAST_WIDTH, _NARROWER = 2, 20  # the ring's width, and how often that goes into the side of a square of the same area


def share_of_ring(instance_map: npt.NDArray[np.int16], o: int, p: int, around: RegionMask, area: int) -> float:
    """Which share of the ring around row o is row p's; what lies beyond the image is nobody's.

    Args:
        instance_map: ``[H, W]``, 0 = background, ``i + 1`` = row ``i``.
        around: a window that holds all of o's pixels.
        area: how many those are, at least one.
    """
    width = max(_LEAST_WIDTH, isqrt(area) // _NARROWER)
    (rows, columns), (height, across) = around.mask.shape, instance_map.shape
    left, right = around.x - width, around.x + columns + width
    top, bottom = around.y - width, around.y + rows + width
    window = instance_map[max(top, 0) : bottom, max(left, 0) : right]
    if left < 0 or top < 0 or right > across or bottom > height:
        beyond = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - across, 0)
        window = np.asarray(cv2.copyMakeBorder(window, *beyond, cv2.BORDER_CONSTANT, value=0), np.int16)
    square = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    near = cv2.dilate((window == o + 1).view(np.uint8), square)
    theirs = (window == p + 1).view(np.uint8) & near  # o's own pixels are not p's
    return cv2.countNonZero(theirs) / (cv2.countNonZero(near) - area)
