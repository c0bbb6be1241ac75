"""Smooth noise fixed for ever: one table made from a constant key."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from sos_online.library.demo.solids import Field, Points
from sos_online.rng import pixel_generator

_SIDE = 256
_SEED = 20240607


@cache
def _table() -> Field:
    """float32 [SIDE*SIDE], mean 0 and deviation 1, smooth over two or three cells and wrapping round."""
    raw = pixel_generator(_SEED).standard_normal((_SIDE, _SIDE)).astype(np.float32)
    smooth = cv2.GaussianBlur(np.tile(raw, (2, 2)), (0, 0), 1.2)
    smooth = smooth[_SIDE // 2 : _SIDE * 3 // 2, _SIDE // 2 : _SIDE * 3 // 2]  # off the borders, where it does not wrap
    table: Field = (smooth / smooth.std()).ravel()
    return table


def ripple(u: Field, v: Field) -> Field:
    """Noise at (u, v), whose features are about three units across; float32, mean 0 and deviation about 1."""
    i, j = np.floor(u), np.floor(v)
    right, below = u - i, v - j
    column, row = i.astype(np.int32), j.astype(np.int32)
    table, wrap = _table(), _SIDE - 1
    upper_row, lower_row = (row & wrap) * _SIDE, ((row + 1) & wrap) * _SIDE
    left, next_column = column & wrap, (column + 1) & wrap
    upper = table[upper_row + left] * (1 - right) + table[upper_row + next_column] * right
    lower = table[lower_row + left] * (1 - right) + table[lower_row + next_column] * right
    return upper * (1 - below) + lower * below


def speckle(p: Points, scale: float) -> Field:
    """Noise in space, from two slanted planes of it; `scale` is how many cells there are to a unit."""
    x, y, z = (axis * scale for axis in p)
    return 0.7 * (ripple(x + 0.37 * z, y + 0.61 * z) + ripple(z - 0.43 * x + 40.5, y - 0.29 * x + 77.3))
