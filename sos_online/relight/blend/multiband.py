"""Laplacian pyramid blending (Burt and Adelson, A Multiresolution Spline, 1983).

Every band is blended over a transition as wide as its own wavelength. The bands are the composite's; what is coarser
than the coarsest band, the light, is the relit picture's. Pyramids are linear, so that one of the difference will do.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from sos_online.relight.composites import Composites

_COARSEST = 40  # cells along the shorter side, at least, of what is left to the relit picture


def multiband(composites: Composites, relit: Tensor, region: Tensor) -> Tensor:
    """The relit picture plus the bands of (composite − relit), each weighted by the mask at its own size.

    The difference is known inside the region alone: outside, the pictures differ for reasons that are none of the
    object's. So every level is an average over the region's pixels, and nothing of the background enters a band.
    Levels halve the picture until its shorter side has 40 to 80 cells: 4 levels at 640 and at 1024 pixels.
    """
    inside = region.to(relit.dtype)
    levels = [torch.cat([(composites.images - relit) * inside, inside], 1)]
    for _ in range(max(1, int(math.log2(max(2, min(relit.shape[-2:]) / _COARSEST))))):
        levels.append(functional.avg_pool2d(levels[-1], 2, ceil_mode=True))
    coarser = levels.pop()
    bands = torch.zeros_like(coarser[:, :3])
    for level in reversed(levels):
        height, width = level.shape[-2:]
        enlarged = _enlarge(torch.cat([bands, coarser], 1))[..., :height, :width]
        mean = enlarged[:, 3:6] / enlarged[:, 6:].clamp(min=1e-12)
        bands = enlarged[:, :3] + level[:, :3] - level[:, 3:] * mean
        coarser = level
    return relit + bands


def _enlarge(level: Tensor) -> Tensor:
    return functional.interpolate(level, scale_factor=2.0, mode="bilinear")
