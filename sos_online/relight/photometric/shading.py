"""Light from one side: over the whole picture, and on each object, brighter towards it and darker near the ground."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.relight.photometric.light import Light
from sos_online.relight.photometric.outline import Outline
from sos_online.relight.photometric.quarter import Quarter
from sos_online.relight.photometric.segments import Segments

_ROUND = 0.08  # half the sRGB gain at full strength, at an edge that faces the light
_SLOPE = 0.16  # the same from the middle of an object to one standard deviation towards the light
_GROUND = 0.18  # darkening at an object's foot, at full strength
_PICTURE = 0.10  # from the middle of the picture to its edge


def shade_objects(quarter: Quarter, outline: Outline, segments: Segments, low: Tensor, light: Light) -> Tensor:
    """Gain ``[B, 1, h, w]`` on the objects; ``low`` is 1 at an object's foot and falls towards its top."""
    # objects of few samples have no sides to speak of
    slope = _SLOPE * (1 + 0.5 * light.variation[2]) / segments.radius * segments.known
    x, y = light.x.flatten(1), light.y.flatten(1)
    slopes, middles = quarter.spread(torch.stack([slope, slope * (segments.x * x + segments.y * y)]))
    gain = (quarter.x * light.x + quarter.y * light.y).mul(slopes).sub_(middles).clamp_(-2 * _SLOPE, 2 * _SLOPE)
    gain.addcmul_(outline.across, light.x, value=_ROUND).addcmul_(outline.down, light.y, value=_ROUND)
    return gain.sub_(low, alpha=_GROUND).mul_(light.strength).add_(1)


def shade_picture(quarter: Quarter, light: Light) -> Tensor:
    """Gain ``[B, 1, h, w]`` over the whole picture: a mild gradient."""
    height, width = quarter.size_hw
    x, y = (quarter.x + 0.5) * (2 / width) - 1, (quarter.y + 0.5) * (2 / height) - 1
    steepness = light.strength * _PICTURE
    return (1 + x * (steepness * light.x)) + y * (steepness * light.y)
