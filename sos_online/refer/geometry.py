"""Where objects are and how they lie to each other, read off their boxes with margins; see ``docs/words.md``."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal, get_args

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
        self._height, self._width = size_hw
        self._diagonal = float(np.hypot(*size_hw))
        self._centres: _Floats = (self.seen[:, :2] + self.seen[:, 2:]) / 2
        self._everything = (1 << len(self.seen)) - 1

    # order along an axis

    @cached_property
    def _before(self) -> dict[Axis, _Flags]:
        """``[o, p]``: o comes before p."""
        whole_centres = (self.whole[:, :2] + self.whole[:, 2:]) / 2
        flags: dict[Axis, _Flags] = {}
        for number, (axis, length) in enumerate((("x", self._width), ("y", self._height))):
            apart = np.minimum(
                _differences(self._centres[:, number]), _differences(whole_centres[:, number])
            )  # p less o
            starts, ends = _differences(self.seen[:, number]), _differences(self.seen[:, number + 2])
            flags[axis] = (apart >= _BEFORE * length) & (starts > 0) & (ends > 0)  # type: ignore[index]
        return flags

    @cached_property
    def before(self) -> dict[Side, list[int]]:
        """For each row, as bits, the rows that are decidedly nearer to a side of the image."""
        x, y = self._before["x"], self._before["y"]
        return {
            "left": bits_of_each(x.T),
            "right": bits_of_each(x),
            "top": bits_of_each(y.T),
            "bottom": bits_of_each(y),
        }

    # directions, given an anchor

    @cached_property
    def around(self) -> list[dict[str, Extent]]:
        """For each row as the anchor, the rows that lie in each direction as seen from it."""
        dx, dy = _differences(self._centres[:, 0]), _differences(self._centres[:, 1])  # of [o, p]: p less o
        flat = np.abs(dy) <= np.abs(dx)
        steep = np.abs(dx) <= np.abs(dy)
        found: dict[Direction, list[Extent]] = {}
        for axis, number, narrow, names in (
            ("x", 0, flat, ("left of", "right of")),
            ("y", 1, steep, ("above", "below")),
        ):
            sizes = self.seen[:, number + 2] - self.seen[:, number]
            forgiven = _OVERLAP * np.minimum(sizes[:, None], sizes[None])
            ends_before = self.seen[:, None, number + 2] <= self.seen[None, :, number] + forgiven
            before = self._before[axis]  # type: ignore[index]
            true = before & ends_before & narrow
            found[names[0]] = extents_of_anchors(true.T, before)  # type: ignore[index]
            found[names[1]] = extents_of_anchors(true, before.T)  # type: ignore[index]
        return [{name: found[name][anchor] for name in DIRECTIONS} for anchor in range(len(self.seen))]

    # places in the image

    @cached_property
    def places(self) -> dict[Place, Extent]:
        """For each place in the image, the rows that are there."""
        u, v = (self._centres / (self._width, self._height)).T
        x1, y1, x2, y2 = (self.seen / (self._width, self._height, self._width, self._height)).T
        sides: dict[Place, Extent] = {
            "left": self._extent(_at_start(u, x1, x2), u >= _NOT_SIDE),
            "right": self._extent(_at_start(1 - u, 1 - x2, 1 - x1), u <= 1 - _NOT_SIDE),
            "top": self._extent(_at_start(v, y1, y2), v >= _NOT_SIDE),
            "bottom": self._extent(_at_start(1 - v, 1 - y2, 1 - y1), v <= 1 - _NOT_SIDE),
        }
        off = np.maximum(np.abs(u - 0.5), np.abs(v - 0.5))
        fits = np.maximum(x2 - x1, y2 - y1) <= _MIDDLE_SIZE
        near_corner = np.maximum(np.minimum(u, 1 - u), np.minimum(v, 1 - v)) <= _CORNER
        near_corner &= np.maximum(np.minimum(x1, 1 - x2), np.minimum(y1, 1 - y2)) <= _CORNER_GAP
        corner = self._extent(near_corner, np.zeros(len(u), np.bool_))  # what is farther in may still be called so
        return {
            **sides,
            "top left": sides["top"] & sides["left"] & corner,
            "top right": sides["top"] & sides["right"] & corner,
            "bottom left": sides["bottom"] & sides["left"] & corner,
            "bottom right": sides["bottom"] & sides["right"] & corner,
            "middle": self._extent((off <= _MIDDLE) & fits, off >= _NOT_MIDDLE),
        }

    def _extent(self, true: _Flags, false: _Flags) -> Extent:
        yes, no = bits_of_each(np.stack([true, false]))
        return Extent(yes, self._everything & ~yes & ~no)

    # distances

    @cached_property
    def _distances(self) -> tuple[list[list[float]], list[list[float]]]:
        """Between the centres of two rows, and between their boxes."""
        centres = np.hypot(_differences(self._centres[:, 0]), _differences(self._centres[:, 1]))
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
        centres = self._distances[0]
        first = min(candidates, key=lambda row: centres[row][anchor])
        others = (row for row in candidates if row != first)
        if all(self.is_nearer(first, other, anchor) for other in others):
            return Extent(1 << first, 0)
        return Extent(0, bits_of(candidates))

    def between(self, first: int, second: int) -> Extent:
        """Rows that lie between two others."""
        start, end = self._centres[first], self._centres[second]
        way = end - start
        length = float(np.hypot(*way))
        if length < _APART * self._diagonal:
            return Extent(0, self._everything & ~(1 << first) & ~(1 << second))
        off = self._centres - start
        along = off @ way / length**2
        aside = np.abs(off @ np.array([-way[1], way[0]])) / length**2
        true = (along >= _BETWEEN[0]) & (along <= _BETWEEN[1]) & (aside <= _BETWEEN_OFF)
        false = (along <= 0) | (along >= 1) | (aside >= _FAR_OFF)
        true[[first, second]], false[[first, second]] = False, True
        return self._extent(true, false)


def _at_start(centre: _Floats, start: _Floats, end: _Floats) -> _Flags:
    """Whether something lies at the beginning of an axis, all in shares of it."""
    flags: _Flags = (centre <= _SIDE) & (start <= _SIDE_GAP) & (end <= _SIDE_END)
    return flags


def _differences(values: Any) -> Any:
    """``[o, p]``: what p has more than o."""
    return values[None, :] - values[:, None]
