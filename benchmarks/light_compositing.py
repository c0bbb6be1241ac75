"""Compositing on a device, to be timed: a batch of made-up objects of all sizes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from sos_online.compose import PatchBatch, collate_patches, paint
from sos_online.compose.patches import Layer, pack_patches
from sos_online.types import Placement


def composite_batch(device: torch.device | str, batch: int, side: int, objects: int) -> Callable[[], Tensor]:
    """A call that paints ``objects`` objects on each of ``batch`` canvases of ``side`` × ``side`` pixels.

    Everything lies on the device already; the call starts the work and does not wait for it.
    """
    return partial(paint, *composite_inputs(device, batch, side, objects))


def composite_inputs(device: torch.device | str, batch: int, side: int, objects: int) -> tuple[Tensor, PatchBatch]:
    """Canvases and patches, equal for equal arguments."""
    rng = np.random.default_rng(0)
    images = [pack_patches([_object(rng, side) for _ in range(objects)], (side, side)) for _ in range(batch)]
    canvases = torch.from_numpy(rng.integers(0, 256, (batch, 3, side, side), dtype=np.uint8))
    return canvases.to(device), collate_patches(images).to(device)


def least_bytes(canvases: Tensor, patches: PatchBatch) -> int:
    """Bytes that painting cannot do without: canvases read and written once, patches read once."""
    return 2 * canvases.nbytes + sum(tensor.nbytes for tensor in (patches.pixels, patches.places, patches.affines))


def _object(rng: np.random.Generator, side: int) -> Layer:
    """A soft-edged ellipse; every second is mirrored, every third turned, and a stored size is a little too large."""
    width, height = np.rint(side * np.exp(rng.uniform(np.log(0.05), np.log(0.5), 2))).astype(int).tolist()
    x, y = rng.integers(-width // 4, side - 3 * width // 4), rng.integers(-height // 4, side - 3 * height // 4)
    number = int(rng.integers(6))
    angle = float(rng.uniform(-30, 30)) if number % 3 == 0 else 0.0
    placement = Placement(0, 1, (int(x), int(y), int(x) + width, int(y) + height), number % 2 == 0, angle=angle)
    crop_h, crop_w = max(1, round(1.3 * height)), max(1, round(1.3 * width))
    rows, columns = np.mgrid[:crop_h, :crop_w] + 0.5
    radius = np.hypot(2 * rows / crop_h - 1, 2 * columns / crop_w - 1)
    alpha = (255 * np.clip((1 - radius) * min(crop_h, crop_w) / 4, 0, 1)).astype(np.uint8)
    return placement, alpha, rng.integers(0, 256, (crop_h, crop_w, 3), dtype=np.uint8)
