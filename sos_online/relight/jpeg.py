"""A JPEG round trip as tensor arithmetic: what the codec loses, without its bytes.

ITU-T T.81 baseline with the example quantisation tables of its annex K, scaled by quality as libjpeg does, chroma at
half size (4:2:0), as most photographs are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from sos_online.relight.composites import on_device

_LUMA = np.array([
    [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56], [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
])  # fmt: skip
_CHROMA = np.full((8, 8), 99)
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
_KR, _KG, _KB = 0.299, 0.587, 0.114


def jpeg_round_trip(images: Tensor, qualities: Sequence[int]) -> Tensor:
    """What is left of each image after compression.

    Args:
        images: float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
        qualities: 1 … 100 for each image.

    Returns:
        float32 ``[B, 3, H, W]``, 0 … 1, not rounded to bytes.
    """
    height, width = images.shape[-2:]
    padded = functional.pad(images, (0, -width % 16, 0, -height % 16), mode="replicate") * 255
    red, green, blue = padded[:, 0:1], padded[:, 1:2], padded[:, 2:3]
    luma = red * _KR + green * _KG + blue * _KB
    chroma = torch.cat([(blue - luma) * (0.5 / (1 - _KB)), (red - luma) * (0.5 / (1 - _KR))], 1)
    luma = _quantise(luma - 128, _LUMA, qualities) + 128
    chroma = _quantise(functional.avg_pool2d(chroma, 2), _CHROMA, qualities)
    chroma = functional.interpolate(chroma, scale_factor=2, mode="bilinear")
    blueness, redness = chroma[:, 0:1], chroma[:, 1:2]
    red, blue = luma + redness * (2 - 2 * _KR), luma + blueness * (2 - 2 * _KB)
    green = (luma - red * _KR - blue * _KB) / _KG
    return torch.cat([red, green, blue], 1)[..., :height, :width].div(255).clamp(0, 1)


def quantisation(base: np.ndarray, quality: int) -> npt.NDArray[np.int64]:
    """A table scaled to a quality of 1 … 100, steps of 1 … 255."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.asarray(np.clip((base * scale + 50) // 100, 1, 255), np.int64)


def _quantise(planes: Tensor, base: np.ndarray, qualities: Sequence[int]) -> Tensor:
    """Planes ``[B, C, 8 m, 8 n]`` with the cosine coefficients of every 8 × 8 block rounded to their steps."""
    batch, channels, height, width = planes.shape
    steps = np.stack([quantisation(base, quality) for quality in qualities]).astype(np.float32)
    # block rows, rows, block columns, columns
    steps_of_blocks = on_device(steps, planes.device)[:, None, None, :, None, :]
    cosines = on_device(_cosines(), planes.device)
    blocks = planes.reshape(batch, channels, height // 8, 8, width // 8, 8)
    with torch.autocast(planes.device.type, enabled=False):  # which would multiply in half precision
        coefficients = torch.einsum("ui,bchiwj,vj->bchuwv", cosines, blocks, cosines)
        rounded = torch.round(coefficients / steps_of_blocks) * steps_of_blocks
        return torch.einsum("ui,bchuwv,vj->bchiwj", cosines, rounded, cosines).reshape(planes.shape)


@cache
def _cosines() -> npt.NDArray[np.float32]:
    """Orthonormal DCT-II: row ``u`` is the basis function of frequency ``u``."""
    frequency, place = np.mgrid[:8, :8]
    basis = np.cos((2 * place + 1) * frequency * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, np.float32)
