"""The camera: blur, grain and compression of a finished picture, objects and background alike.

Shared by everything in the picture, they leave nothing by which a pasted object could be told from what lies around it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sos_online.relight.composites import on_device
from sos_online.relight.jpeg import jpeg_round_trip
from sos_online.rng import pixel_generator
from sos_online.types import LightSpec

_TILE = 512
_TILE_SEED = 7
_SHARED = 0.7  # of the grain's variance is common to the three channels: raw noise is mixed by demosaicking


def camera(images: Tensor, specs: Sequence[LightSpec]) -> Tensor:
    """Take each picture through the camera of its spec: blur, then grain, then compression.

    Args:
        images: float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
        specs: one for each image.

    Returns:
        The same; images whose camera does nothing are unchanged.
    """
    blurs = [spec.camera.blur for spec in specs]
    images = _where(images, blurs, lambda some, which: blur_each(some, [blurs[i] for i in which]))
    grains, seeds = [spec.camera.noise for spec in specs], [spec.seed for spec in specs]
    images = _where(
        images, grains, lambda some, which: add_grain(some, [grains[i] for i in which], [seeds[i] for i in which])
    )
    qualities = [spec.camera.jpeg for spec in specs]
    return _where(images, qualities, lambda some, which: jpeg_round_trip(some, [qualities[i] for i in which]))


def _where(images: Tensor, amounts: Sequence[float], change: Callable[[Tensor, list[int]], Tensor]) -> Tensor:
    """The images with those changed that have an amount above 0; their places go to ``change``."""
    which = [sample for sample, amount in enumerate(amounts) if amount > 0]
    if len(which) in (0, len(images)):
        return change(images, which) if which else images
    index = on_device(np.array(which, np.int64), images.device)
    return images.index_copy(0, index, change(images.index_select(0, index), which))


def blur_each(images: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Gaussian blur of each image by its own standard deviation (above 0, pixels), cut off at three of them.

    Float32 ``[B, C, H, W]``; beyond the border the border's pixels repeat.
    """
    radius = max(math.ceil(3 * sigma) for sigma in sigmas)
    steps = np.arange(radius + 1)
    sigma = np.array(sigmas)[:, None]
    weights = np.exp(-0.5 * (steps / sigma) ** 2) * (steps <= np.ceil(3 * sigma))
    weights /= 2 * weights.sum(1, keepdims=True) - weights[:, :1]
    table = on_device(weights.astype(np.float32), images.device)
    return _blur_axis(_blur_axis(images, table, -1), table, -2)


def _blur_axis(images: Tensor, table: Tensor, dim: int) -> Tensor:
    size, radius = images.shape[dim], table.shape[1] - 1
    padding = (radius, radius, 0, 0) if dim == -1 else (0, 0, radius, radius)
    padded = functional.pad(images, padding, mode="replicate")
    weights = table[:, :, None, None, None].unbind(1)
    total = images * weights[0]
    for step in range(1, radius + 1):
        pair = padded.narrow(dim, radius - step, size) + padded.narrow(dim, radius + step, size)
        total.addcmul_(pair, weights[step])
    return total


def add_grain(images: Tensor, sigmas: Sequence[float], seeds: Sequence[int]) -> Tensor:
    """Add Gaussian grain of each image's own standard deviation (grey levels of 255), clipped to 0 … 1.

    The grain is a fixed tile, repeated, from another corner and mirrored another way for each seed: the same on every
    device and in every batch.
    """
    height, width = images.shape[-2:]
    places = np.array([pixel_generator(seed).integers(0, 2 * _TILE, 2) for seed in seeds])
    lines, columns = _lines(places[:, 0], height), _lines(places[:, 1], width)
    device = images.device
    cells = on_device(lines, device)[:, :, None] * _TILE + on_device(columns, device)[:, None, :]
    tile = grain_tile(device)
    scale = on_device(np.array(sigmas, np.float32) / 255, device)[:, None, None]
    grain = [channel.index_select(0, cells.flatten()).view(cells.shape) * scale for channel in tile.unbind(0)]
    return (images + torch.stack(grain, 1)).clamp_(0, 1)


def _lines(places: np.ndarray, size: int) -> np.ndarray:
    """Lines of the tile, ``[B, size]``: forwards from a place in its first half of numbers, backwards in its second."""
    direction = np.where(places < _TILE, 1, -1)
    return (places[:, None] + direction[:, None] * np.arange(size)) % _TILE


@cache
def grain_tile(device: torch.device) -> Tensor:
    """Gaussian noise of mean 0 and deviation 1 in each channel, float32 ``[3, 512 · 512]``."""
    noise = pixel_generator(_TILE_SEED).standard_normal((4, _TILE * _TILE), np.float32)
    mixed = math.sqrt(_SHARED) * noise[:1] + math.sqrt(1 - _SHARED) * noise[1:]
    mixed = (mixed - mixed.mean(1, keepdims=True)) / mixed.std(1, keepdims=True)
    return torch.from_numpy(mixed).to(device)
