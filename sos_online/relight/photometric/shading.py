"""Light from one side on the objects: brighter towards it, darker away from it and near the ground."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.relight.photometric.fringe import match_edges
from sos_online.relight.photometric.light import Light
from sos_online.relight.photometric.outline import trace
from sos_online.relight.photometric.segments import Quarter, Segments

_ROUND = 0.16  # sRGB gain at full strength, at an edge that faces the light
_SLOPE = 0.16  # the same from the middle of an object to one standard deviation towards the light
_GROUND = 0.18  # darkening at an object's foot, at full strength
_PICTURE = 0.10  # from the middle of the picture to its edge


def shade_objects(quarter: Quarter, segments: Segments, light: Light) -> Tensor:
    """Gain ``[B, 3, h, w]`` on the objects."""
    outline = trace(quarter.ids)
    facing = outline.across * light.x + outline.down * light.y
    slope = _SLOPE * (1 + 0.5 * light.variation[:, 2]) / segments.radius
    along = (quarter.x - quarter.spread(segments.x)) * light.x + (quarter.y - quarter.spread(segments.y)) * light.y
    # objects of few samples have no sides to speak of
    gradient = (along * quarter.spread(slope * segments.known)).clamp(-2 * _SLOPE, 2 * _SLOPE)
    height = (segments.foot - segments.top) * 0.2 + 1
    ground = torch.exp((quarter.y - quarter.spread(segments.foot)) / quarter.spread(height))
    gain = 1 + light.strength * (_ROUND * facing + gradient - _GROUND * ground)
    return gain * match_edges(quarter, outline.edge, light)


def shade_picture(quarter: Quarter, light: Light) -> Tensor:
    """Gain ``[B, 1, h, w]`` over the whole picture: a mild gradient."""
    height, width = quarter.size_hw
    x, y = (quarter.x + 0.5) * (2 / width) - 1, (quarter.y + 0.5) * (2 / height) - 1
    return 1 + light.strength * _PICTURE * (x * light.x + y * light.y)
