"""Carrying only the light up: detail from the full-size composite, light from a small relit picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from sos_online.ops.blur import gaussian_blur
from sos_online.ops.colour import linear_to_srgb, srgb_to_linear

_SIGMA = 8.0  # pixels of the small picture
_DARK = 1 / 255  # of linear light; keeps the ratio of two dark pixels near one


def carry_light(composites: Tensor, small: Tensor, relit: Tensor, objects: Tensor, share: Tensor) -> Tensor:
    """The composites under the light of the relit pictures.

    Light is the ratio relit / composite in linear light, blurred at the small size and multiplied at the full one.
    Objects and background are blurred apart, so that neither takes the other's light along its edge.

    Args:
        composites: float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
        small: the composites at the size of the relit pictures, ``[B, 3, h, w]``.
        relit: ``[B, 3, h, w]``.
        objects: bool ``[B, 1, H, W]``.
        share: of each small pixel that belongs to objects, float32 ``[B, 1, h, w]``, 0 … 1.

    Returns:
        float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
    """
    ratio = (srgb_to_linear(relit) + _DARK) / (srgb_to_linear(small) + _DARK)
    size = composites.shape[-2:]
    on_objects, on_background = (
        interpolate(_blur_within(ratio, part), size, mode="bilinear", align_corners=False)
        for part in (share, 1 - share)
    )
    light = torch.where(objects, on_objects, on_background)
    return linear_to_srgb((srgb_to_linear(composites) * light).clamp(0, 1))


def _blur_within(ratio: Tensor, weight: Tensor) -> Tensor:
    """Gaussian blur in which each pixel counts by its weight."""
    blurred = gaussian_blur(torch.cat([ratio * weight, weight], 1), _SIGMA)
    return (blurred[:, :3] + 1e-9) / (blurred[:, 3:] + 1e-9)
