"""Shadows on the background.

Every object pixel throws two shadows. One lies on the ground: a pixel at height z above the object's lowest one falls
on ``(x + z · dx, foot + z · dy)``, which lays the silhouette down flat, away from the light (planar projection; Blinn,
Me and my (fake) shadow, 1988). The other lies close behind the object, as if on a wall, and also darkens what it
touches.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.ops.blur import gaussian_blur
from sos_online.relight.photometric.light import Light
from sos_online.relight.photometric.segments import Quarter, Segments

_FORESHORTENING = 0.45  # of the ground, seen from the camera
_SHORTEST = 0.12  # of the shadow towards the camera; the one away from it lies behind the object
_GROUND, _BEHIND, _TOUCH = 2.4, 0.4, 2.2  # densities
_DARKEST = 0.85  # sRGB darkening of full shadow at shadow 1
_SOFTNESS = 1.4  # samples


def shade_background(quarter: Quarter, segments: Segments, light: Light) -> Tensor:
    """Gain ``[B, 1, h, w]``, at most 1, on the background; it runs on under the objects, so that no fringe is left."""
    foot = quarter.spread(segments.foot)
    height = (foot - quarter.y) * quarter.inside
    tallness = quarter.spread(segments.foot - segments.top + 1)
    dx = -light.x * light.reach
    dy = _SHORTEST + _FORESHORTENING * light.reach * (1 - light.y) / 2
    fading = torch.exp(-height / tallness)
    # lying flat, the rows of an object are that much closer together
    weight = _GROUND * fading * dy
    ground = _throw(quarter, quarter.x + height * dx, foot + 0.5 + height * dy, weight)
    # what stands on the ground touches it with its lowest parts
    low = torch.exp(-5 * height / tallness)
    distance = (quarter.spread(segments.radius) * 0.25).clamp(0.5, 5) * (1 - low)
    x, y = quarter.x - light.x * distance, quarter.y - light.y * distance + 0.5 + low
    behind = _throw(quarter, x, y, _BEHIND + _TOUCH * low)
    density = gaussian_blur(ground + behind, _SOFTNESS)
    return 1 - _DARKEST * light.shadow * (1 - torch.exp(-density))


def _throw(quarter: Quarter, x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """Add up the object pixels' weights where they fall, ``[B, 1, h, w]``."""
    height, width = quarter.size_hw
    # one cell more on each side takes what falls outside
    fallen = weight.new_zeros(len(weight), 1, height + 2, width + 2)
    first = torch.arange(len(weight), device=weight.device).mul_(fallen[0].numel()).view(-1, 1, 1, 1)
    column, line = x.round().clamp_(-1, width).long(), y.round().clamp_(-1, height).long()
    cell = torch.add(column, line, alpha=width + 2).add_(first + width + 3)
    fallen.view(-1).index_add_(0, cell.flatten(), (weight * quarter.inside).flatten())
    return fallen[..., 1:-1, 1:-1]
