"""A batch's light as tensors: everything that follows from the specs alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sos_online.relight.composites import on_device
from sos_online.rng import pixel_generator
from sos_online.types import LightSpec

_NEUTRAL_KELVIN = 6500.0
_SECOND_RADIATION_CONSTANT = 1.4388e7  # nm · K
_CHANNEL_WAVELENGTHS = np.array([600.0, 540.0, 450.0])  # nm, about where sRGB's primaries lie
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_ADAPTATION = 0.5  # the camera's white balance takes the rest of the tint away
_GAMMA = 2.2
_REACH = 0.4, 1.1


@dataclass(frozen=True)
class Light:
    """Light of each image. Columns ``[B, 1, 1, 1]`` unless said otherwise.

    Attributes:
        x, y: unit vector in the picture towards the light; y runs downwards.
        strength, shadow: as in the spec.
        reach: length of a shadow on the ground, in heights of what casts it.
        tint: sRGB gain of the light's colour, ``[B, 3]``.
        variation: uniform numbers in −1 … 1 for each entry of the segment tables, ``[B · ids, 4]``.
    """

    x: Tensor
    y: Tensor
    strength: Tensor
    shadow: Tensor
    reach: Tensor
    tint: Tensor
    variation: Tensor


def light_of(specs: Sequence[LightSpec], ids: int, device: torch.device) -> Light:
    """Expand the specs; entry ``i`` of an image's table varies by the same numbers however long the table is."""
    numbers = np.empty((len(specs), 8), np.float32)
    variation = np.empty((len(specs), ids, 4), np.float32)
    for sample, spec in enumerate(specs):
        rng = pixel_generator(spec.seed)
        angle = math.radians(spec.azimuth)
        numbers[sample, :5] = math.cos(angle), -math.sin(angle), spec.strength, spec.shadow, rng.uniform(*_REACH)
        numbers[sample, 5:] = tint(spec.temperature, spec.strength)
        variation[sample] = rng.random((ids, 4), np.float32) * 2 - 1
    table = on_device(numbers, device)
    x, y, strength, shadow, reach = table[:, :5, None, None, None].unbind(1)
    return Light(x, y, strength, shadow, reach, table[:, 5:], on_device(variation.reshape(-1, 4), device))


def tint(kelvin: float, strength: float) -> np.ndarray:
    """sRGB gain of red, green and blue under light of a temperature; 1 at 6500 K, and of luminance 1 before gamma.

    Planck's law at three wavelengths.
    """
    exponents = _SECOND_RADIATION_CONSTANT / _CHANNEL_WAVELENGTHS
    power = np.expm1(exponents / _NEUTRAL_KELVIN) / np.expm1(exponents / kelvin)
    # in logarithms: the ratios are extreme at the ends of the range
    gains = np.exp(np.log(power / power[1]) * (_ADAPTATION * strength))
    return np.asarray((gains / (gains @ _LUMINANCE)) ** (1 / _GAMMA))
