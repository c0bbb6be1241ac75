"""Only the light is carried over: the composite times the smoothed ratio of relit to composite, in linear light.

Light is a factor on what a surface reflects, so the composite keeps its detail and colours and takes the brightness and
tint of the relit picture. Good where the relit picture lost detail (a diffusion model at a small size).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from sos_online.ops.blur import gaussian_blur
from sos_online.ops.colour import linear_to_srgb, srgb_to_linear
from sos_online.relight.composites import Composites

_REDUCED = 4
_SIGMA = 1 / 64  # of the shorter side
_BLACK = 1 / 255  # of linear light, added to both sides of the ratio
_STRONGEST = 8.0  # three stops either way


def ratio(composites: Composites, relit: Tensor, region: Tensor) -> Tensor:
    """Composite times ``(mean relit light + ε) / (mean composite light + ε)``, per channel.

    The means are Gaussian (standard deviation: 1/64 of the shorter side) over the region's pixels alone, so that the
    background's light does not leak in; taken at a quarter of the size and enlarged bilinearly. A ratio of means, not
    a mean of ratios: dark pixels, whose ratio says little, weigh little. ε = 1/255; the ratio stays within 1/8 … 8.
    """
    unlit = srgb_to_linear(composites.images)
    inside = region.to(unlit.dtype)
    lit_sum, unlit_sum = (_smooth((light + _BLACK) * inside) for light in (srgb_to_linear(relit), unlit))
    # both sums are weighted alike, so the weights cancel; the floor is for places that no object is near
    light = (lit_sum / unlit_sum.clamp(min=1e-12)).clamp(1 / _STRONGEST, _STRONGEST)
    height, width = unlit.shape[-2:]
    enlarged = functional.interpolate(light, scale_factor=float(_REDUCED), mode="bilinear")[..., :height, :width]
    return linear_to_srgb((unlit * enlarged).clamp(0, 1))


def _smooth(light: Tensor) -> Tensor:
    reduced = functional.avg_pool2d(light, _REDUCED, ceil_mode=True)
    return gaussian_blur(reduced, min(light.shape[-2:]) * _SIGMA / _REDUCED)
