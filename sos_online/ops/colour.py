"""Colour spaces on float32 tensors ``[..., 3, H, W]``: sRGB, linear light, CIELAB under D65.

sRGB after IEC 61966-2-1 with its primaries' matrix; CIELAB after CIE 15 (two-degree observer). The matrix is divided by
the white point, which is its row sums, so that greys have a = b = 0. Products are written out rather than given to
``matmul``, which reduced-precision modes (autocast, TF32) would round: in bfloat16, Lab is off by many grey levels.
"""

from __future__ import annotations

import torch
from torch import Tensor

RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = tuple(sum(row) for row in RGB_TO_XYZ)
_RGB_TO_RELATIVE = tuple(tuple(value / white for value in row) for row, white in zip(RGB_TO_XYZ, _WHITE, strict=True))
_RELATIVE_TO_RGB = tuple(map(tuple, torch.linalg.inv(torch.tensor(_RGB_TO_RELATIVE, dtype=torch.float64)).tolist()))
_DELTA = 6 / 29
_SLOPE = 1 / (3 * _DELTA**2)
_OFFSET = 4 / 29


def srgb_to_linear(images: Tensor) -> Tensor:
    """sRGB 0 … 1 to linear light 0 … 1, any shape."""
    return torch.where(images <= 0.04045, images / 12.92, (images + 0.055).div_(1.055).pow_(2.4))


def linear_to_srgb(linear: Tensor) -> Tensor:
    """Linear light to sRGB, any shape; values outside 0 … 1 stay outside."""
    return torch.where(linear <= 0.0031308, linear * 12.92, linear.pow(1 / 2.4).mul_(1.055).sub_(0.055))


def luminance(linear: Tensor) -> Tensor:
    """Relative luminance Y (white = 1) of linear RGB ``[..., 3, H, W]``, as ``[..., 1, H, W]``."""
    return _weigh(linear, _RGB_TO_RELATIVE[1]).unsqueeze(-3)


def linear_to_xyz(linear: Tensor) -> Tensor:
    """Linear RGB to XYZ, each relative to the white point; ``[..., 3, H, W]``."""
    return torch.stack([_weigh(linear, row) for row in _RGB_TO_RELATIVE], -3)


def xyz_to_linear(xyz: Tensor) -> Tensor:
    """XYZ relative to the white point to linear RGB; colours outside the gamut leave 0 … 1."""
    return torch.stack([_weigh(xyz, row) for row in _RELATIVE_TO_RGB], -3)


def compress(relative: Tensor) -> Tensor:
    """CIELAB's function f: a cube root with a linear foot. ``L = 116 f(Y) − 16``, ``a = 500 (f(X) − f(Y))``."""
    return torch.where(relative > _DELTA**3, relative ** (1 / 3), relative * _SLOPE + _OFFSET)


def expand(compressed: Tensor) -> Tensor:
    """The inverse of :func:`compress`."""
    return torch.where(compressed > _DELTA, compressed * compressed * compressed, (compressed - _OFFSET) / _SLOPE)


def rgb_to_lab(images: Tensor) -> Tensor:
    """sRGB 0 … 1 to CIELAB: L in 0 … 100, a and b around 0; ``[..., 3, H, W]``."""
    x, y, z = compress(linear_to_xyz(srgb_to_linear(images))).unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -3)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """CIELAB to sRGB, ``[..., 3, H, W]``; colours outside the gamut are clipped, first to Z ≥ 0, then to 0 … 1."""
    lightness, a, b = lab.unbind(-3)
    y = (lightness + 16) / 116
    xyz = expand(torch.stack([y + a / 500, y, (y - b / 200).clamp(min=0)], -3))
    return linear_to_srgb(xyz_to_linear(xyz).clamp(0, 1))


def _weigh(channels: Tensor, weights: tuple[float, ...]) -> Tensor:
    first, second, third = channels.unbind(-3)
    return (first * weights[0]).add(second, alpha=weights[1]).add(third, alpha=weights[2])
