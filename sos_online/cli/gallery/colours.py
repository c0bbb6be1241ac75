"""One colour per object of a picture, told apart easily and always the same for the same place in the list."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_FIRST_HUE = 25.0  # degrees; puts coral, teal, violet, amber, sky first
_GOLDEN_ANGLE = 137.50776405003785  # successive hues never come close, however many there are
# All light enough for dark lettering on top, so that every label reads well whatever its colour.
_LIGHTNESSES = (0.76, 0.84, 0.70)
_CHROMA = 0.155

# The published OKLab matrices (Ottosson, 2020).
_OKLAB_TO_CUBE_ROOTS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_CONES_TO_LINEAR_SRGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def instance_colours(count: int) -> npt.NDArray[np.uint8]:
    """``[count, 3]`` RGB colours, 0..255; row ``i`` does not depend on ``count``."""
    index = np.arange(count)
    hue = np.deg2rad((_FIRST_HUE + index * _GOLDEN_ANGLE) % 360.0)
    lightness = np.asarray(_LIGHTNESSES)[index % len(_LIGHTNESSES)]
    oklab = np.stack([lightness, _CHROMA * np.cos(hue), _CHROMA * np.sin(hue)], axis=-1)
    linear = np.clip((oklab @ _OKLAB_TO_CUBE_ROOTS.T) ** 3 @ _CONES_TO_LINEAR_SRGB.T, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    colours: npt.NDArray[np.uint8] = np.rint(encoded * 255.0).astype(np.uint8)
    return colours
