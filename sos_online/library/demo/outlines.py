"""Smooth plane curves as tables of distances.

A curve drawn through a few points is turned once into a grid of signed distances; looking a point up then costs the
same however intricate the curve. Turned about an axis such a curve is a vase, given a thickness it is a fin or a bow.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from sos_online.library.demo.solids import Field, Points

Corner = tuple[float, float]

_COARSE = 112  # nodes on the long side of the exact grid
_FINER = 4  # refinement of it: bilinear lookup in the refined table leaves no facets in the reflections
_PER_SPAN = 20  # straight pieces between two corners
_PAD = 0.12  # how far the table reaches beyond the curve


class Outline:
    """A table of distances to a plane curve, callable on float32 coordinates of any shape."""

    def __init__(self, curve: Field, filled: bool, turned: bool = False) -> None:
        """`curve`: float32 [N, 2], a polyline. `filled`: distances are negative inside.

        `turned`: the curve is the right half (u >= 0) of a shape symmetric about u = 0, and is asked only there.
        """
        low, high = curve.min(axis=0) - _PAD, curve.max(axis=0) + _PAD
        if turned:
            low[0] = -_PAD
        step = float((high - low).max()) / (_COARSE - 1)
        columns, rows = (int(n) for n in np.ceil((high - low) / step).astype(int) + 1)
        u = low[0] + step * np.arange(columns, dtype=np.float32)
        v = low[1] + step * np.arange(rows, dtype=np.float32)
        nodes_u, nodes_v = np.meshgrid(u, v)
        coarse = _distances(nodes_u, nodes_v, curve, filled)
        fine = cv2.resize(coarse, (columns * _FINER, rows * _FINER), interpolation=cv2.INTER_LINEAR)
        # a blur under a coarse cell wide hides the grid, which sharp reflections would show as ripples
        fine = cv2.GaussianBlur(fine, (0, 0), 0.8 * _FINER)
        self._cell = step / _FINER
        # resize samples at cell centres, hence the shift of the first node by (1/FINER - 1)/2 coarse steps
        self._low = (float(low[0]) + step * (1 / _FINER - 1) / 2, float(low[1]) + step * (1 / _FINER - 1) / 2)
        self._size = (columns * _FINER, rows * _FINER)
        self._table = fine.ravel()
        self._right, self._below = self._table[1:], self._table[self._size[0] :]
        self._corner = self._table[self._size[0] + 1 :]

    def __call__(self, u: Field, v: Field) -> Field:
        """Distance of each point (u, v), float32; beyond the table a safe lower bound of it."""
        columns, rows = self._size
        column = (u - self._low[0]) * (1.0 / self._cell)
        row = (v - self._low[1]) * (1.0 / self._cell)
        column_in = np.minimum(np.maximum(column, 0.0), columns - 1.01)
        row_in = np.minimum(np.maximum(row, 0.0), rows - 1.01)
        i, j = column_in.astype(np.int32), row_in.astype(np.int32)
        right, below = column_in - i.astype(np.float32), row_in - j.astype(np.float32)
        at = j * columns + i
        upper = self._table.take(at)
        upper += right * (self._right.take(at) - upper)
        lower = self._below.take(at)
        lower += right * (self._corner.take(at) - lower)
        distance: Field = upper + below * (lower - upper)
        away_u, away_v = column - column_in, row - row_in
        away = away_u * away_u + away_v * away_v
        if away.any():
            outside = np.sqrt(np.maximum(distance, 0.0) ** 2 + away * (self._cell * self._cell))
            distance = np.where(away > 0.0, outside, distance)
        return distance


def _distances(u: Field, v: Field, curve: Field, filled: bool) -> Field:
    """Distance of every grid point to the polyline (negative inside a filled one); arrays float32 [H, W]."""
    nearest = np.full(u.shape, np.inf, np.float32)
    inside = np.zeros(u.shape, np.bool_)
    for (u0, v0), (u1, v1) in zip(curve[:-1].tolist(), curve[1:].tolist(), strict=True):
        du, dv = u1 - u0, v1 - v0
        length = du * du + dv * dv
        if length < 1e-12:
            continue
        a, b = u - u0, v - v0
        along = np.clip((a * du + b * dv) / length, 0.0, 1.0)
        nearest = np.minimum(nearest, (a - along * du) ** 2 + (b - along * dv) ** 2)
        if filled and dv != 0.0:
            # an odd number of edges to the right: inside (so a turned shape needs no closing edge on its axis)
            inside ^= ((v >= v0) != (v >= v1)) & (a < b * (du / dv))
    distance = np.sqrt(nearest)
    return np.where(inside, -distance, distance) if filled else distance


def spline(corners: Sequence[Corner], closed: bool = False) -> Field:
    """A smooth curve (Catmull-Rom) through `corners`, a polyline float32 [M, 2]; a closed one ends where it began.

    An open curve that ends on the axis u = 0 meets it at a right angle, so that a turned body has no peak there.
    """
    knots = np.asarray(corners, np.float64)
    if closed:
        knots = np.vstack([knots[-1], knots, knots[:2]])
    else:
        knots = np.vstack([_beyond(knots[0], knots[1]), knots, _beyond(knots[-1], knots[-2])])
    t = np.linspace(0.0, 1.0, _PER_SPAN, endpoint=False)[:, None]
    spans = []
    for before, start, end, after in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        bend = 2 * before - 5 * start + 4 * end - after
        twist = 3 * start - before - 3 * end + after
        spans.append(0.5 * (2 * start + (end - before) * t + bend * t**2 + twist * t**3))
    return np.vstack([*spans, knots[-2:-1]]).astype(np.float32)


def _beyond(end: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a curve would go on past its end: mirrored if that lies on the axis, else straight."""
    return inner * [-1.0, 1.0] if end[0] == 0.0 else 2 * end - inner


def shape(corners: Sequence[Corner]) -> Outline:
    """The filled shape bounded by a smooth closed curve through `corners`."""
    return Outline(spline(corners, closed=True), filled=True)


def stroke(corners: Sequence[Corner]) -> Outline:
    """The smooth curve through `corners` itself: distances are positive on both sides."""
    return Outline(spline(corners), filled=False)


def profile(corners: Sequence[Corner]) -> Outline:
    """The filled right half (radius, height) of a body turned about the y axis, from its bottom to its top."""
    return Outline(spline(corners), filled=True, turned=True)


def wall(corners: Sequence[Corner]) -> Outline:
    """The middle line (radius, height) of a turned thin wall: subtract half its thickness from the distance."""
    return Outline(spline(corners), filled=False, turned=True)


def turn(outline: Outline, p: Points) -> Field:
    """Distance to the body that `outline` sweeps about the y axis."""
    return outline(np.sqrt(p[0] * p[0] + p[2] * p[2]), p[1])
