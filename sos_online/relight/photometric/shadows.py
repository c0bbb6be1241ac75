"""Shadows on the background.

Every object pixel throws two shadows. One lies on the ground: a pixel at height z above the object's lowest one falls
on ``(x + z · dx, foot + z · dy)``, which lays the silhouette down flat, away from the light (planar projection; Blinn,
Me and my (fake) shadow, 1988). The other lies close behind the object, as if on a wall, and also darkens what it
touches.
"""

from __future__ import annotations

import math

from torch import Tensor

from sos_online.ops.blur import pair_blur
from sos_online.relight.photometric.light import Light
from sos_online.relight.photometric.quarter import Quarter
from sos_online.relight.photometric.segments import Segments
from sos_online.relight.photometric.stance import Stance

_FORESHORTENING = 0.45  # of the ground, seen from the camera
_SHORTEST = 0.12  # of the shadow towards the camera; the one away from it lies behind the object
_GROUND, _BEHIND, _TOUCH = 2.4, 0.4, 2.2  # densities
_DARKEST = 0.85  # sRGB darkening of full shadow at shadow 1
_SOFTNESS = (1, 1, 2)  # samples; a standard deviation of 1.2, and enlarging adds to it


def shade_background(quarter: Quarter, segments: Segments, stance: Stance, light: Light) -> Tensor:
    """Gain ``[B, 1, h, w]``, at most 1, on the background; it runs on under the objects, so that no fringe is left."""
    height, width = quarter.size_hw
    # one cell more on each side takes what falls outside
    fallen = quarter.inside.new_zeros(len(quarter.inside), 1, height + 2, width + 2)

    dx = -light.x * light.reach
    dy = _SHORTEST + _FORESHORTENING * light.reach * (1 - light.y) / 2
    # lying flat, the rows of an object are that much closer together
    weight = stance.upright * quarter.inside
    x, y = stance.height * dx + quarter.x, (stance.height * dy).add_(stance.foot).add_(0.5)
    _throw(fallen, x, y, weight.mul_(_GROUND * dy))

    # what stands on the ground touches it with its lowest parts
    (distance,) = quarter.spread((segments.radius * 0.25).clamp_(0.5, 5)[None])
    distance.addcmul_(distance, stance.low, value=-1)
    x, y = quarter.x - distance * light.x, (stance.low - distance * light.y).add_(quarter.y + 0.5)
    _throw(fallen, x, y, (stance.low * _TOUCH).add_(_BEHIND).mul_(quarter.inside))

    density = pair_blur(fallen[..., 1:-1, 1:-1], _SOFTNESS)
    darkest = _DARKEST * light.shadow
    return density.mul_(-1 / math.log(2)).exp2_().mul_(darkest).add_(1 - darkest)


def _throw(fallen: Tensor, x: Tensor, y: Tensor, weight: Tensor) -> None:
    """Add pixels' weights where they fall."""
    height, width = fallen.shape[-2:]
    column, line = x.round().clamp_(-1, width - 2).int(), y.round().clamp_(-1, height - 2).int()
    cell = line.mul_(width).add_(column).add_(width + 1)
    fallen.flatten(1).scatter_add_(1, cell.flatten(1).long(), weight.flatten(1))
