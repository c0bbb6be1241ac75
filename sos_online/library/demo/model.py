"""An object as parts: solids with a name, a place and a way of unrolling their surface for patterns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sos_online.library.demo.solids import Field, Points, Solid, Triple

Chart = Callable[[Points], tuple[Field, Field]]


def flat_chart(p: Points) -> tuple[Field, Field]:
    """Pattern coordinates of a part that faces the front: its x and y."""
    return p[0], p[1]


def round_chart(radius: float) -> Chart:
    """Pattern coordinates of a part turned about y: arc length at `radius` (zero at the front) and height."""

    def unroll(p: Points) -> tuple[Field, Field]:
        return np.arctan2(p[0], p[2]) * radius, p[1]

    return unroll


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of one coat. `centre` and `reach`: a ball that holds it all, so that far points can skip it."""

    name: str
    solid: Solid
    centre: Triple
    reach: float
    chart: Chart = flat_chart


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera stands: radians round the object, above it, and rolled about the line of sight."""

    yaw: float = 0.0
    pitch: float = 0.25
    roll: float = 0.0

    def basis(self) -> tuple[Triple, Triple, Triple]:
        """Unit vectors, in object axes, of the picture's right, its up, and towards the camera."""
        sy, cy, sp, cp = np.sin(self.yaw), np.cos(self.yaw), np.sin(self.pitch), np.cos(self.pitch)
        back = np.array([sy * cp, sp, cy * cp])
        right = np.array([cy, 0.0, -sy])
        up = np.cross(back, right)
        sr, cr = np.sin(self.roll), np.cos(self.roll)
        right, up = cr * right + sr * up, cr * up - sr * right
        first, second, third = ((float(v[0]), float(v[1]), float(v[2])) for v in (right, up, back))
        return first, second, third


@dataclass(frozen=True)
class Model:
    """Parts seen from one place; the whole lies within `reach` of `centre`."""

    parts: tuple[Part, ...]
    view: View
    reach: float
    centre: Triple = (0.0, 0.0, 0.0)
    caution: float = 1.0  # a step's share of the distance, below 1 where solids overstate it

    @cached_property
    def axes(self) -> tuple[Triple, Triple, Triple]:
        """Unit vectors, in object axes, of the picture's right, its up, and towards the camera."""
        return self.view.basis()

    def distance(self, p: Points) -> Field:
        """Distance to the nearest part, float32, of flat float32 coordinate arrays."""
        nearest = self.parts[0].solid(p)
        for part in self.parts[1:]:
            close = _within_reach(part, p, nearest)
            if close.size:
                found = part.solid((p[0][close], p[1][close], p[2][close]))
                nearest[close] = np.minimum(nearest[close], found)
        return nearest

    def owner(self, p: Points) -> tuple[NDArray[np.uint8], Field]:
        """Index of the part whose surface is nearest to each point, and its distance."""
        nearest = self.parts[0].solid(p)
        index = np.zeros(nearest.shape, np.uint8)
        for number, part in enumerate(self.parts[1:], start=1):
            close = _within_reach(part, p, nearest)
            if close.size:
                found = part.solid((p[0][close], p[1][close], p[2][close]))
                won = found < nearest[close]
                index[close[won]] = number
                nearest[close[won]] = found[won]
        return index, nearest


def _within_reach(part: Part, p: Points, nearest: Field) -> NDArray[np.intp]:
    """Indices of the points that may be nearer to the part than they are to what was tried before."""
    x, y, z = p[0] - part.centre[0], p[1] - part.centre[1], p[2] - part.centre[2]
    bound = np.maximum(nearest + part.reach, 0.0)
    return np.flatnonzero(x * x + y * y + z * z < bound * bound)
