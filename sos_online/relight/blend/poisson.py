"""Gradient-domain blending (Pérez et al., Poisson Image Editing, 2003).

An object keeps the composite's gradients and meets the relit picture along its rim. The result is the composite plus a
membrane: the function that is (relit − composite) on the rim and harmonic inside, which is smooth and so is found from
coarse to fine in a few steps.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from sos_online.relight.composites import Composites

_STEPS = 8  # at every size
_RADIUS = 0.99  # spectral radius that the acceleration is tuned to; larger ones are left to the coarser sizes
_COARSEST = 4  # pixels along the shorter side


def poisson(composites: Composites, relit: Tensor, region: Tensor) -> Tensor:
    """The composite's gradients inside every object, the relit picture's colours on its rim.

    The rim are the object's own pixels that have a neighbour (of four) outside it, or lie at the picture's border: the
    background just outside may have become another place altogether, and its change is not the object's light.

    Eight steps at each of the halved sizes leave the membrane within about one grey level of the exact one where the
    rim's light is smooth (a fifth of a level on average), and within about four (half of one) where it is noisy.
    """
    rim = _rim(composites.instance_maps, region).to(relit.dtype)
    membrane = _membrane((relit - composites.images) * rim, rim)
    return composites.images + membrane


def _rim(instance_maps: Tensor, region: Tensor) -> Tensor:
    ids = functional.pad(instance_maps.unsqueeze(1).float(), (1, 1, 1, 1), value=-1.0)
    centre = ids[..., 1:-1, 1:-1]
    inner = torch.ones_like(region)
    for neighbour in (ids[..., :-2, 1:-1], ids[..., 2:, 1:-1], ids[..., 1:-1, :-2], ids[..., 1:-1, 2:]):
        inner = inner & (neighbour == centre)
    return region & ~inner


def _membrane(values: Tensor, known: Tensor) -> Tensor:
    """Values where they are known, smoothly between them.

    Args:
        values: float32 ``[B, C, H, W]``, 0 where nothing is known.
        known: float32 ``[B, 1, H, W]``, 0 or 1.
    """
    levels = [torch.cat([values, known], 1)]
    while min(levels[-1].shape[-2:]) > _COARSEST:
        levels.append(functional.avg_pool2d(levels[-1], 2, ceil_mode=True))
    totals = levels[-1].sum((-2, -1), keepdim=True)
    membrane = (totals[:, :-1] / totals[:, -1:].clamp(min=1e-12)).expand(-1, -1, *levels[-1].shape[-2:])
    for level in reversed(levels):
        height, width = level.shape[-2:]
        weights = level[:, -1:]
        if membrane.shape[-2:] != (height, width):
            membrane = functional.interpolate(membrane, scale_factor=2.0, mode="bilinear")[..., :height, :width]
        fixed = level[:, :-1] / weights.clamp(min=1e-12)
        free = (weights == 0).to(values.dtype)
        membrane = _relax(torch.addcmul(fixed, membrane, free), fixed, free)
    return membrane


def _relax(membrane: Tensor, fixed: Tensor, free: Tensor) -> Tensor:
    """Jacobi's method with Chebyshev's acceleration (Golub and Van Loan, Matrix Computations, 11.2.8)."""
    previous, weight = membrane, 1.0
    for step in range(_STEPS):
        relaxed = torch.addcmul(fixed, _mean_of_neighbours(membrane), free)
        previous, membrane = membrane, previous.lerp(relaxed, weight)
        weight = 1 / (1 - _RADIUS**2 * weight / (4 if step else 2))
    return membrane


def _mean_of_neighbours(images: Tensor) -> Tensor:
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    across = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
    return across.add_(padded[..., :-2, 1:-1]).add_(padded[..., 2:, 1:-1]).mul_(0.25)
