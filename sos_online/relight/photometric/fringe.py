"""Fringes: what a rough cut-out took with it, along its edge, from the background that it was cut from."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.relight.photometric.light import Light
from sos_online.relight.photometric.planes import blur_within, pad_border
from sos_online.relight.photometric.quarter import Quarter

_LIMITS = 0.55, 1.15  # fringes are mostly brighter than what they surround
_OFFSET = 0.05  # so that dark colours do not change by large factors


def match_edges(quarter: Quarter, edge: Tensor, light: Light) -> Tensor:
    """Gain ``[B, 3, h, w]`` that brings objects' edges to the colour that the objects have a little further in.

    Args:
        quarter: the sample.
        edge: its edges, as :class:`Outline` has them.
        light: of each image.
    """
    at_edge = edge * quarter.inside
    further_in = quarter.inside - at_edge
    blurred = blur_within(pad_border(torch.cat([quarter.images * further_in, further_in], 1)))
    weight = blurred[:, 3:]
    inner = blurred[:, :3] / (weight + 1e-6)
    gain = inner.add_(_OFFSET).div_(quarter.images + _OFFSET).clamp_(*_LIMITS)
    # thin objects have no inside to go by
    certain = (weight * 6).clamp_(max=1).mul_(at_edge).mul_((2 * light.strength).clamp_(max=1))
    return gain.sub_(1).mul_(certain).add_(1)
