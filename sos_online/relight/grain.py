"""Grain: a fixed tile of Gaussian noise, repeated, from another corner and mirrored another way for each seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from sos_online.relight.composites import on_device
from sos_online.rng import pixel_generator

_TILE = 512
_TILE_SEED = 7
_SHARED = 0.7  # of the grain's variance is common to the three channels: raw noise is mixed by demosaicking


def add_grain(images: Tensor, sigmas: Sequence[float], seeds: Sequence[int]) -> Tensor:
    """Add Gaussian grain of each image's own standard deviation (grey levels of 255), clipped to 0 … 1.

    The same on every device and in every batch. On a CPU the tile is added piece by piece, an image at a time, which
    is twice as fast as gathering it pixel by pixel; elsewhere it is gathered for the whole batch.

    Args:
        images: float32 ``[B, 3, H, W]``, 0 … 1.
        sigmas: one for each image.
        seeds: the same.
    """
    places = np.array([pixel_generator(seed).integers(0, 2 * _TILE, 2) for seed in seeds])
    add = add_pieces if images.device.type == "cpu" else add_gathered
    return add(images, np.array(sigmas, np.float32) / 255, places)


def add_pieces(images: Tensor, scales: np.ndarray, places: np.ndarray) -> Tensor:
    """The images plus scaled grain from these places ``[B, 2]`` of the tile, see :func:`_lines`."""
    noisy = torch.empty_like(images)
    height, width = images.shape[-2:]
    for image, result, scale, (y, x) in zip(images, noisy, scales.tolist(), places.tolist(), strict=True):
        tile = _mirrored_tile(y >= _TILE, x >= _TILE)
        for rows, tile_rows in _pieces(y, height):
            for columns, tile_columns in _pieces(x, width):
                grain = tile[:, tile_rows, tile_columns]
                torch.add(image[:, rows, columns], grain, alpha=scale, out=result[:, rows, columns])
    return noisy.clamp_(0, 1)


def add_gathered(images: Tensor, scales: np.ndarray, places: np.ndarray) -> Tensor:
    """The same for a whole batch at once, without a step for each image."""
    height, width = images.shape[-2:]
    lines, columns = _lines(places[:, 0], height), _lines(places[:, 1], width)
    device = images.device
    cells = on_device(lines, device)[:, :, None] * _TILE + on_device(columns, device)[:, None, :]
    scale = on_device(scales, device)[:, None, None]
    tile = grain_tile(device).flatten(1)
    grain = [channel.index_select(0, cells.flatten()).view(cells.shape) * scale for channel in tile.unbind(0)]
    return (images + torch.stack(grain, 1)).clamp_(0, 1)


def _lines(places: np.ndarray, size: int) -> np.ndarray:
    """Lines of the tile, ``[B, size]``: forwards from a place in its first half of numbers, backwards in its second."""
    direction = np.where(places < _TILE, 1, -1)
    return (places[:, None] + direction[:, None] * np.arange(size)) % _TILE


def _pieces(place: int, size: int) -> Iterator[tuple[slice, slice]]:
    """The same lines as runs: of the picture, and of the tile that is mirrored if they go backwards."""
    start = place if place < _TILE else 2 * _TILE - 1 - place
    first = 0
    while first < size:
        last = min(first + _TILE - start, size)
        yield slice(first, last), slice(start, start + last - first)
        first, start = last, 0


@cache
def grain_tile(device: torch.device) -> Tensor:
    """Gaussian noise of mean 0 and deviation 1 in each channel, float32 ``[3, 512, 512]``."""
    noise = pixel_generator(_TILE_SEED).standard_normal((4, _TILE * _TILE), np.float32)
    mixed = math.sqrt(_SHARED) * noise[:1] + math.sqrt(1 - _SHARED) * noise[1:]
    mixed = (mixed - mixed.mean(1, keepdims=True)) / mixed.std(1, keepdims=True)
    return torch.from_numpy(mixed.reshape(3, _TILE, _TILE)).to(device)


@cache
def _mirrored_tile(rows: bool, columns: bool) -> Tensor:
    return grain_tile(torch.device("cpu")).flip([dim for dim, flip in ((1, rows), (2, columns)) if flip])
