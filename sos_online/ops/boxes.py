"""Boxes, XYXY and half-open: areas of rectangles that hide one another, tight boxes of an instance map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

Rect = tuple[float, float, float, float]


def area(rect: Rect) -> float:
    """Area of a rectangle, in squared units of its coordinates; 0 for an empty one."""
    x1, y1, x2, y2 = rect
    return max(x2 - x1, 0.0) * max(y2 - y1, 0.0)


def subtract(pieces: Iterable[Rect], hole: Rect) -> list[Rect]:
    """Cut ``hole`` out of disjoint rectangles; what is left, again as disjoint rectangles.

    A piece is split into at most four: above, below, left and right of the hole.
    """
    hx1, hy1, hx2, hy2 = hole
    left: list[Rect] = []
    for piece in pieces:
        x1, y1, x2, y2 = piece
        if hx1 >= x2 or hx2 <= x1 or hy1 >= y2 or hy2 <= y1:
            left.append(piece)
            continue
        top, bottom = max(y1, hy1), min(y2, hy2)
        if y1 < top:
            left.append((x1, y1, x2, top))
        if bottom < y2:
            left.append((x1, bottom, x2, y2))
        if x1 < hx1:
            left.append((x1, top, hx1, bottom))
        if hx2 < x2:
            left.append((hx2, top, x2, bottom))
    return left


def clip_box(box: Sequence[int], size_hw: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of an integer box inside a canvas; ``x2 <= x1`` or ``y2 <= y1`` where nothing is."""
    height, width = size_hw
    return max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height)


def boxes_and_areas(
    instance_map: npt.NDArray[np.signedinteger], windows: Sequence[tuple[int, int, int, int]]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Tight boxes and pixel counts of the ids 1 … N of an instance map.

    Args:
        instance_map: integer ``[H, W]``, 0 = background.
        windows: N boxes inside the map; id ``i + 1`` must lie inside ``windows[i]`` (the whole map always does).

    Returns:
        float32 ``[N, 4]`` half-open XYXY (zeros for an id without pixels), int64 ``[N]``.
    """
    boxes = np.zeros((len(windows), 4), np.float32)
    areas = np.zeros(len(windows), np.int64)
    for row, (x1, y1, x2, y2) in enumerate(windows):
        mask = (instance_map[y1:y2, x1:x2] == row + 1).view(np.uint8)
        x, y, width, height = cv2.boundingRect(mask)
        boxes[row] = x1 + x, y1 + y, x1 + x + width, y1 + y + height
        areas[row] = cv2.countNonZero(mask)
    boxes[areas == 0] = 0
    return boxes, areas
