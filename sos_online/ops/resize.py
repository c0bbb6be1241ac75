"""Fitting a segment's crop into its box: mirror, turn in a grown frame, scale. Bilinear, in float32.

The caller picks the smallest stored level that need not be enlarged (the next finer mip level), so that an axis rarely
shrinks to less than half, which is as far as two taps per axis go. Where one does (a stretched segment, a side of a few
pixels), it is averaged to its final length first; a turned segment is not, and may alias there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]


def frame_size(size_wh: tuple[float, float], angle: float) -> tuple[float, float]:
    """Width and height of the upright frame around a rectangle turned by ``angle`` degrees."""
    width, height = size_wh
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    return width * cos + height * sin, width * sin + height * cos


def pick_level(level_sizes: Sequence[tuple[int, int]], box_wh: tuple[int, int], angle: float) -> int:
    """Smallest level that need not be enlarged to fill the box; the largest where all must be."""
    for level, size in enumerate(level_sizes):
        frame_w, frame_h = frame_size(size, angle)
        if frame_w >= box_wh[0] and frame_h >= box_wh[1]:
            return level
    return len(level_sizes) - 1


def fit(
    crop: npt.NDArray[Any], box_wh: tuple[int, int], *, flip_x: bool = False, flip_y: bool = False, angle: float = 0.0
) -> Float:
    """A crop as it fills its box.

    Args:
        crop: ``[h, w]`` or ``[h, w, c]``, alpha or premultiplied colour (outside the crop counts as zero).
        box_wh: size of the result, pixels.
        flip_x: mirror left to right, before turning.
        flip_y: mirror top to bottom, before turning.
        angle: degrees, counter-clockwise as seen; the grown frame is scaled to the box.

    Returns:
        float32 of the box's size. Sampling positions are pixel centres.
    """
    source: Float = crop.astype(np.float32, copy=False)
    if flip_x or flip_y:
        source = np.asarray(cv2.flip(source, -1 if flip_x and flip_y else int(flip_x)), np.float32)
    if angle == 0:
        source = _average_long_axes(source, box_wh)
        same = source.shape[1::-1] == tuple(box_wh)
        fitted = source if same else cv2.resize(source, box_wh, interpolation=cv2.INTER_LINEAR)
    else:
        matrix = turn_matrix((source.shape[1], source.shape[0]), box_wh, angle)
        fitted = cv2.warpAffine(source, matrix, box_wh, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    # OpenCV drops a channel axis of length 1
    return np.asarray(fitted, np.float32).reshape(box_wh[1], box_wh[0], *crop.shape[2:])


def _average_long_axes(source: Float, box_wh: tuple[int, int]) -> Float:
    height, width = source.shape[:2]
    averaged = box_wh[0] if width > 2 * box_wh[0] else width, box_wh[1] if height > 2 * box_wh[1] else height
    if averaged == (width, height):
        return source
    return np.asarray(cv2.resize(source, averaged, interpolation=cv2.INTER_AREA), np.float32)


def turn_matrix(size_wh: tuple[int, int], box_wh: tuple[int, int], angle: float) -> npt.NDArray[np.float64]:
    """``[2, 3]`` affine from pixel indices of the crop to pixel indices of the box."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    frame = frame_size(size_wh, angle)
    scale = np.array([[box_wh[0] / frame[0]], [box_wh[1] / frame[1]]])
    turn = np.array([[cos, sin], [-sin, cos]]) * scale  # y runs downwards
    crop_centre, box_centre = np.array(size_wh) / 2, np.array(box_wh) / 2
    # a pixel's centre is its index + 0.5
    offset = turn @ (0.5 - crop_centre) + box_centre - 0.5
    return np.column_stack([turn, offset])
