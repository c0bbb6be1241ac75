"""Batches for tests of light: textured pictures with objects at known places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from sos_online.relight import Composites
from sos_online.types import LightSpec

Rect = tuple[int, int, int, int]


def paint(
    rects: Sequence[Rect],
    size_hw: tuple[int, int] = (128, 128),
    background: Sequence[float] = (0.5, 0.5, 0.5),
    colours: Sequence[Sequence[float]] = ((0.6, 0.4, 0.3),),
    texture: float = 0.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Image ``[3, H, W]`` and instance map: plain rectangles (XYXY), the later on top, with noise of a given size."""
    image = torch.tensor(background).view(3, 1, 1).repeat(1, *size_hw)
    instance_map = torch.zeros(size_hw, dtype=torch.int16)
    for row, (x1, y1, x2, y2) in enumerate(rects):
        image[:, y1:y2, x1:x2] = torch.tensor(colours[row % len(colours)]).view(3, 1, 1)
        instance_map[y1:y2, x1:x2] = row + 1
    noise = torch.from_numpy(np.random.default_rng(0).uniform(-texture, texture, (3, *size_hw)))
    return (image + noise).clamp(0, 1).float(), instance_map


def batch(*painted: tuple[torch.Tensor, torch.Tensor], specs: Sequence[LightSpec]) -> Composites:
    images, maps = zip(*painted, strict=True)
    return Composites(torch.stack(images), torch.stack(maps), [int(m.max()) for m in maps], specs)


def light(**settings: object) -> LightSpec:
    return LightSpec(**{"relighter": "photometric", **settings})  # type: ignore[arg-type]
