"""Carrying only the light up: detail from the full-size composite, light from a small relit picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from sos_online.ops.colour import linear_to_srgb, srgb_to_linear
from sos_online.relight.light_ratio import light_ratio

_SIGMA = 8.0  # pixels of the small picture


def carry_light(composites: Tensor, small: Tensor, relit: Tensor, objects: Tensor, share: Tensor) -> Tensor:
    """The composites under the light of the relit pictures.

    Light is the ratio of means relit / composite, taken at the small size and multiplied in linear light at the full
    one. Objects and background have means of their own, so that neither takes the other's light along its edge.

    Args:
        composites: float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
        small: the composites at the size of the relit pictures, ``[B, 3, h, w]``.
        relit: ``[B, 3, h, w]``.
        objects: bool ``[B, 1, H, W]``.
        share: of each small pixel that belongs to objects, float32 ``[B, 1, h, w]``, 0 … 1.

    Returns:
        float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
    """
    size = composites.shape[-2:]
    on_objects, on_background = (
        interpolate(light_ratio(relit, small, part, _SIGMA), size, mode="bilinear", align_corners=False)
        for part in (share, 1 - share)
    )
    light = torch.where(objects, on_objects, on_background)
    return linear_to_srgb((srgb_to_linear(composites) * light).clamp(0, 1))
