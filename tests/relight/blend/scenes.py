"""Batches for the tests: discs on noise, and specs of pictures that are relit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from sos_online.relight.composites import Composites
from sos_online.types import LightSpec
from sos_online.types.light import Blender

KINDS: tuple[Blender, ...] = ("rank_sigmoid", "rank_sigmoid_truncated", "ratio", "feather", "multiband", "poisson")


def pictures(count: int, size_hw: tuple[int, int], seed: int) -> torch.Tensor:
    """8-bit noise: float32 ``[count, 3, H, W]``."""
    levels = np.random.default_rng(seed).integers(0, 256, (count, 3, *size_hw))
    return torch.from_numpy((levels / 255).astype(np.float32))


def discs(size_hw: tuple[int, int], count: int, seed: int) -> np.ndarray:
    """An instance map; discs hide one another, so that some ids may have no pixel."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    instance_map = np.zeros(size_hw, np.int16)
    for row in range(count):
        y, x, radius = rng.random(3) * (*size_hw, 0.3 * min(size_hw))
        instance_map[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = row + 1
    return instance_map


def batch(
    instance_maps: Sequence[np.ndarray], blenders: Sequence[Sequence[Blender]], seed: int = 0
) -> tuple[Composites, torch.Tensor]:
    """Composites of noise with these maps and blenders, and relit pictures of other noise."""
    maps = np.stack(list(instance_maps))
    images, relit = (pictures(len(maps), maps.shape[1:], 2 * seed + offset) for offset in (0, 1))
    composites = Composites(
        images=images,
        instance_maps=torch.from_numpy(maps),
        counts=[int(instance_map.max()) for instance_map in maps],
        specs=[LightSpec("photometric", tuple(names)) for names in blenders],
    )
    return composites, relit
