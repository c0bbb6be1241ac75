"""The colour of what surrounds a place."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.relight.photometric.quarter import Quarter

_CELL = 4  # samples; the background's colours are taken from every fourth in each direction
_SIGMA = 0.09  # of the longer side
_WHOLE_BACKGROUND = 0.15  # its part in the ambient colour where an object is surrounded by background


def ambient_colours(quarter: Quarter, places: Tensor, background: Tensor) -> Tensor:
    """Mean colour ``[3, B, ids]`` of the background around places, under a Gaussian.

    Where none is near, the whole background's; mid-grey where there is none at all.

    Args:
        quarter: the sample.
        places: x and y, in samples, ``[2, B, ids]``.
        background: of each image, its samples' number and, last, the sums of their colours, ``[…, B, 1]``.
    """
    outside = 1 - quarter.inside[..., ::_CELL, ::_CELL]
    cells = torch.cat([quarter.images[..., ::_CELL, ::_CELL] * outside, outside, torch.ones_like(outside)], 1)
    lines = torch.arange(0, max(quarter.size_hw), _CELL, device=cells.device)
    distance = (places[..., None] - lines).div_(len(lines) * _CELL * _SIGMA)
    across, down = distance.square_().mul_(-0.5).exp_().unbind()
    height, width = cells.shape[-2:]
    # written out, for ``matmul`` may round to half precision or TF32; [B, ids, 5, height, width]
    columns = (down[..., None, :height, None] * cells[:, None]).sum(-2)
    near = (columns * across[..., None, :width]).sum(-1).movedim(-1, 0)
    whole = (background[-3:] + 0.5e-4) / (background[0] + 1e-4)
    share = near[4] * _WHOLE_BACKGROUND
    return (near[:3] + whole * share) / (near[3] + share)
