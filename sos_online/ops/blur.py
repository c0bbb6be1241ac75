"""Gaussian blur of batches of images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Blur with a Gaussian cut off at three standard deviations; beyond the border the border's pixels repeat.

    The cost grows with ``sigma``: blur by much at a reduced size.

    Args:
        images: float32 ``[B, C, H, W]``.
        sigma: standard deviation, pixels; 0 leaves the images as they are.

    Raises:
        ValueError: ``sigma`` is negative.
    """
    if sigma < 0:
        raise ValueError(f"gaussian_blur: sigma is {sigma}, expected 0 or more")
    if sigma < 0.05:  # the neighbours' weights are below any float
        return images
    radius = max(1, math.ceil(3 * sigma))
    steps = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = kernel / kernel.sum()
    # a depthwise convolution of few channels takes several times as long on a CPU as adding shifted images
    convolve = _add_shifted if images.device.type == "cpu" else _depthwise
    rows = functional.pad(images, (radius, radius, 0, 0), mode="replicate")
    columns = functional.pad(convolve(rows, kernel, -1), (0, 0, radius, radius), mode="replicate")
    return convolve(columns, kernel, -2)


def pair_blur(images: Tensor, reaches: Sequence[int]) -> Tensor:
    """Blur by means of two pixels, one after the other along either axis; beyond the border its pixels repeat.

    A mean of pixels ``n`` apart has the variance ``n² / 4``, and variances add up: a few of them come close to a
    Gaussian, at less than half its price.

    Args:
        images: float32 ``[B, C, H, W]``.
        reaches: how far apart the two are in each pass, pixels; of an even sum, so that nothing is moved.
    """
    margin = sum(reaches) // 2
    images = functional.pad(images, (margin, margin, margin, margin), mode="replicate")
    for reach in reaches:
        images = torch.lerp(images[..., :-reach, :], images[..., reach:, :], 0.5)
    for reach in reaches:
        images = torch.lerp(images[..., :-reach], images[..., reach:], 0.5)
    return images


def _add_shifted(images: Tensor, kernel: Tensor, dim: int) -> Tensor:
    """Every channel with a symmetric kernel along one dimension; only where the kernel fits."""
    length = images.shape[dim] - len(kernel) + 1
    first, *others = kernel.tolist()
    total: Tensor = images.narrow(dim, 0, length) * first
    for start, weight in enumerate(others, 1):
        total.add_(images.narrow(dim, start, length), alpha=weight)
    return total


def _depthwise(images: Tensor, kernel: Tensor, dim: int) -> Tensor:
    """The same as a convolution."""
    channels = images.shape[1]
    shape = (channels, 1, 1, -1) if dim == -1 else (channels, 1, -1, 1)
    with torch.autocast(images.device.type, enabled=False):  # which would convolve in half precision
        blurred: Tensor = functional.conv2d(images, kernel.repeat(channels).view(shape), groups=channels)
    return blurred
