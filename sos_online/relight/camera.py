"""The camera: blur, grain and compression of a finished picture, objects and background alike.

Shared by everything in the picture, they leave nothing by which a pasted object could be told from what lies around it.
On a CPU, where workers light one image at a time, OpenCV blurs and compresses; on other devices whole batches are
blurred and compressed by tensor arithmetic, in which no step is for one image alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sos_online.relight.composites import on_device, pick, put
from sos_online.relight.grain import add_grain
from sos_online.relight.jpeg import jpeg_round_trip
from sos_online.types import LightSpec


def camera(images: Tensor, specs: Sequence[LightSpec]) -> Tensor:
    """Take each picture through the camera of its spec: blur, then grain, then compression.

    Args:
        images: float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
        specs: one for each image.

    Returns:
        The same; images whose camera does nothing are unchanged, compressed ones are whole grey levels of 255.
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
    if not which:
        return images
    return put(images, which, change(pick(images, which), which))


def blur_each(images: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Gaussian blur of each image by its own standard deviation (above 0, pixels), cut off at three of them.

    Float32 ``[B, C, H, W]``; beyond the border the border's pixels repeat. On a CPU by OpenCV, elsewhere batched.
    """
    return (blur_planes if images.device.type == "cpu" else blur_batch)(images, sigmas)


def blur_planes(images: Tensor, sigmas: Sequence[float]) -> Tensor:
    """By OpenCV, plane by plane."""
    blurred = torch.empty_like(images, memory_format=torch.contiguous_format)
    for image, result, sigma in zip(images.numpy(), blurred.numpy(), sigmas, strict=True):
        size = 2 * math.ceil(3 * sigma) + 1
        for plane, blurred_plane in zip(image, result, strict=True):
            cv2.GaussianBlur(plane, (size, size), sigma, dst=blurred_plane, borderType=cv2.BORDER_REPLICATE)
    return blurred


def blur_batch(images: Tensor, sigmas: Sequence[float]) -> Tensor:
    """For a whole batch at once: the widest kernel's steps, with each image's own weights."""
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
