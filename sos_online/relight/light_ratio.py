"""How much stronger the light of one picture is than that of another, place by place."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from sos_online.ops.blur import gaussian_blur
from sos_online.ops.colour import srgb_to_linear

_BLACK = 1 / 255  # of linear light, added to both sides of the ratio
_STRONGEST = 8.0  # three stops either way
_NOTHING = 1e-12  # weight, far below that of one pixel that is near


def light_ratio(lit: Tensor, unlit: Tensor, weights: Tensor, sigma: float, cell: int = 1) -> Tensor:
    """Linear light ``(mean lit + ε) / (mean unlit + ε)`` per channel, ε = 1/255, within 1/8 … 8.

    A ratio of means, not a mean of ratios: dark pixels, whose ratio says little and may be in the hundreds, weigh
    little. The means are of sRGB values, made linear afterwards: resizing and diffusion models smooth sRGB, and a
    picture that only lost detail that way keeps its mean, and so its light. (Its mean of linear light falls.)

    Args:
        lit: sRGB, float32 ``[B, 3, H, W]``, 0 … 1.
        unlit: the same.
        weights: what a pixel counts for, float32 ``[B, 1, H, W]``, 0 … 1.
        sigma: standard deviation of the Gaussian that the means are taken under, in cells.
        cell: side of the squares of pixels that share a ratio.

    Returns:
        float32 ``[B, 3, ceil(H / cell), ceil(W / cell)]``; 1 where nothing within 3 ``sigma`` has weight.
    """
    weighted = torch.cat([lit * weights, unlit * weights, weights], 1)
    sums = gaussian_blur(avg_pool2d(weighted, cell, ceil_mode=True), sigma)
    means = srgb_to_linear(sums[:, :6] / sums[:, 6:].clamp(min=_NOTHING)) + _BLACK
    return (means[:, :3] / means[:, 3:]).clamp(1 / _STRONGEST, _STRONGEST)
