"""Only the light is carried over: the composite times the smoothed ratio of relit to composite, in linear light.

Light is a factor on what a surface reflects, so the composite keeps its detail and colours and takes the brightness and
tint of the relit picture. Good where the relit picture lost detail (a diffusion model at a small size).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from sos_online.ops.colour import linear_to_srgb, srgb_to_linear
from sos_online.relight.composites import Composites
from sos_online.relight.light_ratio import light_ratio

_REDUCED = 4
_SIGMA = 1 / 64  # of the shorter side


def ratio(composites: Composites, relit: Tensor, region: Tensor) -> Tensor:
    """Composite times the ratio of mean light.

    The means are Gaussian (standard deviation: 1/64 of the shorter side, at least 4 pixels) over the region's pixels
    alone, so that the background's light does not leak in; taken at a quarter of the size and enlarged bilinearly.
    """
    images = composites.images
    height, width = images.shape[-2:]
    # with less than a cell, the cells beside the region, which enlarging mixes into its edge, would know no light
    sigma = max(1.0, min(height, width) * _SIGMA / _REDUCED)
    light = light_ratio(relit, images, region.to(images.dtype), sigma, _REDUCED)
    enlarged = functional.interpolate(light, scale_factor=float(_REDUCED), mode="bilinear")[..., :height, :width]
    return linear_to_srgb((srgb_to_linear(images) * enlarged).clamp(0, 1))
