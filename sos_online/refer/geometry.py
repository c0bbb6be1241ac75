"""Where objects are and how they lie to each other, read off their boxes with margins; see ``docs/words.md``."""

from __future__ import annotations

from functools import cached_property
from math import hypot
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sos_online.refer.extent import NOTHING, Extent, bits_of, bits_of_each, extents_of_anchors, rows_of

Axis = Literal["x", "y"]
Side = Literal["left", "right", "top", "bottom"]
SIDES: tuple[Side, ...] = get_args(Side)
Place = Literal["left", "right", "top", "bottom", "top left", "top right", "bottom left", "bottom right", "middle"]
PLACES: tuple[Place, ...] = get_args(Place)
Direction = Literal["left of", "right of", "above", "below"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

AXIS_OF: dict[Side, Axis] = {"left": "x", "right": "x", "top": "y", "bottom": "y"}
_BEFORE = 0.05  # of the canvas, between centres
_SIDE, _SIDE_END, _NOT_SIDE = 0.35, 0.55, 0.5
_SIDE_GAP = 0.2
_CORNER, _CORNER_GAP = 0.25, 0.15
_MIDDLE, _NOT_MIDDLE, _MIDDLE_SIZE = 0.12, 0.25, 0.6
_OVERLAP = 0.15  # of the smaller width, that "left of" forgives
_NEARER, _NEARER_GAP = 1.3, 0.03
_BETWEEN, _BETWEEN_OFF, _FAR_OFF, _APART = (0.3, 0.7), 0.15, 0.5, 0.25

_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


class Geometry:
    """Positions of a target's rows.

    Args:
        seen: boxes around what is visible, XYXY ``[N, 4]``.
        whole: boxes around the whole objects.
        size_hw: of the canvas.
    """

    def __init__(self, seen: npt.ArrayLike, whole: npt.ArrayLike, size_hw: tuple[int, int]) -> None:
        self.seen: _Floats = np.asarray(seen, np.float64).reshape(-1, 4)
        self.whole: _Floats = np.asarray(whole, np.float64).reshape(-1, 4)
        self._size: _Floats = np.array(size_hw[::-1], np.float64)
        self._diagonal = hypot(*size_hw)
        self._centres: _Floats = (self.seen[:, :2] + self.seen[:, 2:]) / 2
        self._everything = (1 << len(self.seen)) - 1

    @cached_property
    def _steps(self) -> _Floats:
        """``[axis, o, p]``: from the centre of o to that of p."""
        return _differences(self._centres)

    # order along an axis

    @cached_property
    def _before(self) -> _Flags:
        """``[axis, o, p]``: o comes before p."""
        apart = np.minimum(self._steps, _differences((self.whole[:, :2] + self.whole[:, 2:]) / 2))
        edges = _differences(self.seen) > 0
        flags: _Flags = (apart >= _BEFORE * self._size[:, None, None]) & edges[:2] & edges[2:]
        return flags

    @cached_property
    def before(self) -> dict[Side, list[int]]:
        """For each row, as bits, the rows that are decidedly nearer to a side of the image."""
        x, y = self._before
        bits, count = bits_of_each(np.concatenate([x.T, x, y.T, y])), len(x)
        return {side: bits[number * count : (number + 1) * count] for number, side in enumerate(SIDES)}

    # directions, given an anchor

    @cached_property
    def around(self) -> list[dict[str, Extent]]:
        """For each row as the anchor, the rows that lie in each direction as seen from it."""
        across, down = np.abs(self._steps)
        starts, ends = self.seen[:, :2].T, self.seen[:, 2:].T
        sizes = ends - starts
        forgiven = _OVERLAP * np.minimum(sizes[:, :, None], sizes[:, None])
        before_x, before_y = self._before
        ends_before = ends[:, :, None] <= starts[:, None] + forgiven
        x = before_x & ends_before[0] & (down <= across)  # [o, p]: o lies left of p
        y = before_y & ends_before[1] & (across <= down)
        false = np.array([before_x, before_x.T, before_y, before_y.T])
        return extents_of_anchors(DIRECTIONS, np.array([x.T, x, y.T, y]), false)

    # places in the image

    @cached_property
    def places(self) -> dict[Place, Extent]:
        """For each place in the image, the rows that are there."""
        size = self._size[:, None]
        centre, start, end = self._centres.T / size, self.seen[:, :2].T / size, self.seen[:, 2:].T / size
        # from the left, the top, the right and the bottom, in shares of the axis
        far, first, last = (np.concatenate(pair) for pair in ((centre, 1 - centre), (start, 1 - end), (end, 1 - start)))
        at_side = (far <= _SIDE) & (first <= _SIDE_GAP) & (last <= _SIDE_END)
        near_corner = np.minimum(far[:2], far[2:]).max(axis=0) <= _CORNER
        near_corner &= np.minimum(first[:2], first[2:]).max(axis=0) <= _CORNER_GAP
        off = np.abs(centre - 0.5).max(axis=0)
        in_middle = (off <= _MIDDLE) & ((end - start).max(axis=0) <= _MIDDLE_SIZE)
        others = np.array([near_corner, in_middle, off >= _NOT_MIDDLE])
        bits = bits_of_each(np.concatenate([at_side, far >= _NOT_SIDE, others]))
        left, top, right, bottom = map(self._extent, bits[:4], bits[4:8])
        corner = self._extent(bits[8], 0)  # what is farther in may still be called so
        return {
            "left": left,
            "right": right,
            "top": top,
            "bottom": bottom,
            "top left": top & left & corner,
            "top right": top & right & corner,
            "bottom left": bottom & left & corner,
            "bottom right": bottom & right & corner,
            "middle": self._extent(bits[9], bits[10]),
        }

    def _extent(self, true: int, false: int) -> Extent:
        return Extent(true, self._everything & ~true & ~false)

    # distances

    @cached_property
    def _distances(self) -> tuple[list[list[float]], list[list[float]]]:
        """Between the centres of two rows, and between their boxes."""
        centres = np.hypot(*self._steps)
        lower, upper = self.seen[:, :2], self.seen[:, 2:]
        apart = np.maximum(np.maximum(lower[:, None] - upper[None], lower[None] - upper[:, None]), 0)
        return centres.tolist(), np.hypot(apart[..., 0], apart[..., 1]).tolist()

    def is_nearer(self, row: int, other: int, anchor: int) -> bool:
        """Whether a row is decidedly nearer to an anchor than another."""
        centres, gaps = self._distances
        near, far = gaps[row][anchor], gaps[other][anchor]
        return (
            centres[other][anchor] >= _NEARER * centres[row][anchor]
            and far >= _NEARER * near
            and far - near >= _NEARER_GAP * self._diagonal
        )

    def nearest(self, rows: int, anchor: int) -> Extent:
        """Of ``rows``, as bits, less the anchor: the one that is nearer to it than each other; or nothing decided."""
        candidates = list(rows_of(rows & ~(1 << anchor)))
        if len(candidates) < 2:
            return NOTHING
        first = min(candidates, key=self._distances[0][anchor].__getitem__)
        others = (row for row in candidates if row != first)
        if all(self.is_nearer(first, other, anchor) for other in others):
            return Extent(1 << first, 0)
        return Extent(0, bits_of(candidates))

    def between(self, first: int, second: int) -> Extent:
        """Rows that lie between two others."""
        start, end = self._centres[first], self._centres[second]
        x, y = (end - start).tolist()
        ends = 1 << first | 1 << second
        if hypot(x, y) < _APART * self._diagonal:
            return self._extent(0, ends)
        # without a root, which would round: at either centre this is 0 or 1
        along, aside = np.array([[x, y], [-y, x]]) @ (self._centres - start).T / (x * x + y * y)
        aside = np.abs(aside)
        true = (along >= _BETWEEN[0]) & (along <= _BETWEEN[1]) & (aside <= _BETWEEN_OFF)
        false = (along <= 0) | (along >= 1) | (aside >= _FAR_OFF)
        between, elsewhere = bits_of_each(np.array([true, false]))
        return self._extent(between & ~ends, elsewhere | ends)


def _differences(values: _Floats) -> _Floats:
    """``[k, o, p]``: what p has more than o, of k values of each row, ``[N, k]``."""
    of_each = np.ascontiguousarray(values.T)  # else the differences of one value would lie apart in memory
    differences: _Floats = of_each[:, None] - of_each[:, :, None]
    return differences
