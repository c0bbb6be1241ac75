"""Signed-distance solids in three dimensions.

A point cloud is a triple ``(x, y, z)`` of float32 arrays of one shape; a solid answers, for each point, its distance to
the surface in the same length unit as the coordinates, negative inside. Axes of an object: x to its right, y up, z
towards the front. Every object is about two units across.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# float32 throughout; typed loosely because numpy's stubs widen float32 * float to float64
Field = NDArray[np.floating[Any]]
Points = tuple[Field, Field, Field]
Triple = tuple[float, float, float]
Solid = Callable[[Points], Field]


def _length(x: Field, y: Field, z: Field) -> Field:
    return np.sqrt(x * x + y * y + z * z)


def sphere(p: Points, centre: Triple, radius: float) -> Field:
    """Distance to a ball."""
    return _length(p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]) - radius


def ellipsoid(p: Points, centre: Triple, radii: Triple) -> Field:
    """Distance (first-order, exact at the surface) to an ellipsoid with its axes along x, y and z."""
    x, y, z = ((axis - c) / r for axis, c, r in zip(p, centre, radii, strict=True))
    level = _length(x, y, z)
    slope = _length(x / radii[0], y / radii[1], z / radii[2])
    return level * (level - 1.0) / np.maximum(slope, 1e-6)


def box(p: Points, centre: Triple, half: Triple, rounding: float) -> Field:
    """Distance to a box of half sizes `half` (rounding included) with edges rounded by `rounding`."""
    x, y, z = (np.abs(axis - c) - (h - rounding) for axis, c, h in zip(p, centre, half, strict=True))
    outside = _length(np.maximum(x, 0.0), np.maximum(y, 0.0), np.maximum(z, 0.0))
    distance: Field = outside + np.minimum(np.maximum(np.maximum(x, y), z), 0.0) - rounding
    return distance


def capsule(p: Points, start: Triple, end: Triple, start_radius: float, end_radius: float) -> Field:
    """Distance to a rod with round ends whose radius goes linearly from one end to the other."""
    axis = tuple(e - s for s, e in zip(start, end, strict=True))
    x, y, z = p[0] - start[0], p[1] - start[1], p[2] - start[2]
    along = (x * axis[0] + y * axis[1] + z * axis[2]) / sum(a * a for a in axis)
    along = np.clip(along, 0.0, 1.0)
    across = _length(x - along * axis[0], y - along * axis[1], z - along * axis[2])
    distance: Field = across - (start_radius + (end_radius - start_radius) * along)
    return distance


def torus(p: Points, centre: Triple, ring: float, tube: float) -> Field:
    """Distance to a horizontal ring (its axis is y)."""
    x, y, z = p[0] - centre[0], p[1] - centre[1], p[2] - centre[2]
    outward = np.sqrt(x * x + z * z) - ring
    distance: Field = np.sqrt(outward * outward + y * y) - tube
    return distance


def drum(p: Points, centre: Triple, radius: float, half_height: float, rounding: float) -> Field:
    """Distance to an upright cylinder with rounded edges."""
    x, z = p[0] - centre[0], p[2] - centre[2]
    return _rounded(np.sqrt(x * x + z * z) - radius, np.abs(p[1] - centre[1]) - half_height, rounding)


def wheel(p: Points, centre: Triple, radius: float, half_width: float, rounding: float) -> Field:
    """Distance to a cylinder lying along z with rounded edges."""
    x, y = p[0] - centre[0], p[1] - centre[1]
    return _rounded(np.sqrt(x * x + y * y) - radius, np.abs(p[2] - centre[2]) - half_width, rounding)


def slab(outline: Field, across: Field, half_width: float | Field, rounding: float) -> Field:
    """A flat shape given a thickness: `outline` is the distance in its plane, `across` the offset from that plane."""
    return _rounded(outline, np.abs(across) - half_width, rounding)


def _rounded(first: Field, second: Field, rounding: float) -> Field:
    a, b = first + rounding, second + rounding
    outside_a, outside_b = np.maximum(a, 0.0), np.maximum(b, 0.0)
    outside = np.sqrt(outside_a * outside_a + outside_b * outside_b)
    distance: Field = outside + np.minimum(np.maximum(a, b), 0.0) - rounding
    return distance


def blend(first: Field, second: Field, width: float) -> Field:
    """Union of two solids whose seam is filled smoothly over about `width`."""
    gap = np.maximum(width - np.abs(first - second), 0.0)
    return np.minimum(first, second) - gap * gap * (0.25 / width)


def carve(solid: Field, tool: Field, width: float) -> Field:
    """`solid` less `tool`, with the cut's edge rounded over about `width`."""
    return -blend(-solid, tool, width)


def turned(p: Points, axis: int, angle: float) -> Points:
    """The cloud in the frame of a part turned by `angle` radians about coordinate axis number `axis`."""
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    a, b = p[(axis + 1) % 3], p[(axis + 2) % 3]
    coordinates = [p[axis], p[axis], p[axis]]
    coordinates[(axis + 1) % 3] = cos * a + sin * b
    coordinates[(axis + 2) % 3] = cos * b - sin * a
    return coordinates[0], coordinates[1], coordinates[2]


def moved(p: Points, offset: Triple) -> Points:
    """The cloud in the frame of a part moved by `offset`."""
    return p[0] - offset[0], p[1] - offset[1], p[2] - offset[2]
