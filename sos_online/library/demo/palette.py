"""Colours that people agree on the names of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# sRGB, 0..255; several are a little deep, because the studio's light brightens them
_NAMED: dict[str, tuple[int, int, int]] = {
    "red": (205, 28, 34),
    "orange": (240, 116, 18),
    "yellow": (250, 200, 24),
    "green": (50, 150, 62),
    "teal": (8, 138, 138),
    "blue": (38, 92, 205),
    "light blue": (118, 182, 236),
    "purple": (122, 58, 178),
    "pink": (243, 128, 168),
    "white": (240, 238, 233),
    "cream": (243, 226, 190),
    "grey": (128, 130, 134),
    "black": (30, 30, 33),
    "brown": (118, 70, 38),
    "gold": (246, 190, 72),
    "silver": (206, 210, 216),
    "copper": (226, 132, 92),
    "terracotta": (196, 98, 62),
}


def linear(red: float, green: float, blue: float) -> NDArray[np.float32]:
    """Linear light, float32 [3] in 0..1, of an sRGB colour given in 0..255."""
    encoded = np.array([red, green, blue]) / 255.0
    decoded = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return decoded.astype(np.float32)


def pigment(name: str) -> NDArray[np.float32]:
    """Linear light, float32 [3] in 0..1, of a colour of the palette."""
    return linear(*_NAMED[name])
