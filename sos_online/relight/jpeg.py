"""A JPEG round trip: by a codec, or as tensor arithmetic that loses what the codec loses, without its bytes.

ITU-T T.81 baseline with the example quantisation tables of its annex K, scaled by quality as libjpeg does, chroma at
half size (4:2:0), as most photographs are stored.

The tensors' products must not depend on how they are added up, or on a device that multiplies in TF32: coefficients are
rounded to steps, which would make grey levels of their last digits. So factors have few digits. Samples and
coefficients are integers below 2¹¹, and the cosines are a sum of two parts, the first in multiples of 2⁻¹³: its
products are exact in TF32 (11 bits) and their sums in float32 (24 bits), whatever their order. The second part is below
2⁻¹⁴.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
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

    Images are rounded to whole grey levels first, as by any camera. So differences in a float's last digits, which
    compression makes grey levels of, count only in pixels half way between two levels.
    CPU tensors go through OpenCV's codec (:func:`codec_round_trip`), those of other devices through batched tensor
    arithmetic (:func:`dct_round_trip`). On photographs the two differ by 0.2 to 0.5 grey levels on average, about a
    seventh of what compression loses or less, and in most pixels not at all.

    Args:
        images: float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
        qualities: 1 … 100 for each image.

    Returns:
        float32 ``[B, 3, H, W]``, 0 … 1, whole grey levels of 255.
    """
    return (codec_round_trip if images.device.type == "cpu" else dct_round_trip)(images, qualities)


def codec_round_trip(images: Tensor, qualities: Sequence[int]) -> Tensor:
    """By OpenCV's encoder and decoder, an image at a time."""
    result = torch.empty_like(images, memory_format=torch.contiguous_format)
    for image, decoded, quality in zip(images.numpy(), result.numpy(), qualities, strict=True):
        red, green, blue = (cv2.convertScaleAbs(plane, alpha=255) for plane in image)
        settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
        settings += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
        stored = cv2.imencode(".jpg", cv2.merge((blue, green, red)), settings)[1]
        pixels = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR_RGB), np.uint8)
        for channel, plane in enumerate(cv2.split(pixels)):
            np.divide(plane, np.float32(255), out=decoded[channel])
    return result


def dct_round_trip(images: Tensor, qualities: Sequence[int]) -> Tensor:
    """By tensor arithmetic, the whole batch at once. Like the codec, it rounds whatever the codec has as bytes."""
    height, width = images.shape[-2:]
    levels = functional.pad(torch.round(images * 255), (0, -width % 16, 0, -height % 16), mode="replicate")
    red, green, blue = levels[:, 0:1], levels[:, 1:2], levels[:, 2:3]
    luma = red * _KR + green * _KG + blue * _KB
    chroma = torch.cat([(blue - luma) * (0.5 / (1 - _KB)), (red - luma) * (0.5 / (1 - _KR))], 1)
    luma = _quantise(torch.round(luma) - 128, _LUMA, qualities) + 128
    # libjpeg's rounding of means that end in a half, a quarter of all: down and up in turn along a row
    halves = on_device(np.tile(np.array([0.25, 0.5], np.float32), chroma.shape[-1] // 4), images.device)
    chroma = torch.floor(functional.avg_pool2d(torch.round(chroma), 2) + halves)
    chroma = _quantise(chroma, _CHROMA, qualities)
    chroma = chroma[..., : (height + 1) // 2, : (width + 1) // 2]  # enlarging must not see what was padded
    chroma = torch.round(functional.interpolate(chroma, scale_factor=2, mode="bilinear"))[..., :height, :width]
    luma, blueness, redness = luma[..., :height, :width], chroma[:, 0:1], chroma[:, 1:2]
    red, blue = luma + redness * (2 - 2 * _KR), luma + blueness * (2 - 2 * _KB)
    green = (luma - red * _KR - blue * _KB) / _KG
    return torch.cat([red, green, blue], 1).round_().clamp_(0, 255).div_(255)


def quantisation(base: np.ndarray, quality: int) -> npt.NDArray[np.int64]:
    """A table scaled to a quality of 1 … 100, steps of 1 … 255."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.asarray(np.clip((base * scale + 50) // 100, 1, 255), np.int64)


def _quantise(planes: Tensor, base: np.ndarray, qualities: Sequence[int]) -> Tensor:
    """Planes of whole numbers −128 … 127, ``[B, C, 8 m, 8 n]``, with the coefficients of every block in whole steps."""
    batch, channels, height, width = planes.shape
    steps = np.stack([quantisation(base, quality).flatten() for quality in qualities]).astype(np.float32)
    steps_of_blocks = on_device(steps, planes.device)[:, None, None, None, :]
    cosines = on_device(cosine_parts(), planes.device)
    # block rows, rows, block columns, columns
    blocks = planes.view(batch, channels, height // 8, 8, width // 8, 8).transpose(3, 4).flatten(4)
    with torch.autocast(planes.device.type, enabled=False):  # which would multiply in half precision
        coefficients = blocks @ cosines[0].T + blocks @ cosines[1].T
        coefficients = torch.round(coefficients / steps_of_blocks) * steps_of_blocks
        samples = coefficients @ cosines[0] + coefficients @ cosines[1]
    samples = samples.round_().clamp_(-128, 127).view(batch, channels, height // 8, width // 8, 8, 8)
    return samples.transpose(3, 4).reshape(planes.shape)


@cache
def cosine_parts() -> npt.NDArray[np.float32]:
    """The orthonormal DCT-II of 8 × 8 blocks as a sum of two matrices, ``[2, 64, 64]``: rows are basis functions."""
    frequency, place = np.mgrid[:8, :8]
    basis = np.cos((2 * place + 1) * frequency * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    both = np.kron(basis, basis)
    coarse = np.rint(both * 2**13) / 2**13
    return np.stack([coarse, both - coarse]).astype(np.float32)
