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
_CHANNEL_WAVELENGTHS = 600.0, 540.0, 450.0  # nm, about where sRGB's primaries lie
_LUMINANCE = 0.2126, 0.7152, 0.0722
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
        variation: uniform numbers in −1 … 1 for each entry of the segment tables, ``[4, B, ids]``.
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
    numbers = np.empty((len(specs), 8 + 4 * ids), np.float32)
    for row, spec in zip(numbers, specs, strict=True):
        rng = pixel_generator(spec.seed)
        angle = math.radians(spec.azimuth)
        row[:4] = math.cos(angle), -math.sin(angle), spec.strength, spec.shadow
        row[4] = _REACH[0] + (_REACH[1] - _REACH[0]) * rng.random()
        row[5:8] = tint(spec.temperature, spec.strength)
        row[8:] = rng.random(4 * ids, np.float32)
    table = on_device(numbers, device)
    x, y, strength, shadow, reach = table[:, :5].view(-1, 5, 1, 1, 1).unbind(1)
    variation = table[:, 8:].view(-1, ids, 4).movedim(-1, 0) * 2 - 1
    return Light(x, y, strength, shadow, reach, table[:, 5:8], variation)


def tint(kelvin: float, strength: float) -> list[float]:
    """sRGB gain of red, green and blue under light of a temperature; 1 at 6500 K, and of luminance 1 before gamma.

    Planck's law at three wavelengths.
    """
    power = [
        math.expm1(_SECOND_RADIATION_CONSTANT / wavelength / _NEUTRAL_KELVIN)
        / math.expm1(_SECOND_RADIATION_CONSTANT / wavelength / kelvin)
        for wavelength in _CHANNEL_WAVELENGTHS
    ]
    gains = [(own / power[1]) ** (_ADAPTATION * strength) for own in power]
    luminance = sum(gain * weight for gain, weight in zip(gains, _LUMINANCE, strict=True))
    return [(gain / luminance) ** (1 / _GAMMA) for gain in gains]
