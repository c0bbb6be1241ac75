"""What is known of each segment: its place, its colours and those around it. Measured on a quarter-size sample."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from sos_online.relight.composites import Composites
from sos_online.relight.photometric.planes import SCALE
from sos_online.relight.photometric.quarter import Quarter
from sos_online.relight.photometric.surroundings import ambient_colours

_STEP = 2  # samples
_RADIUS = 0.28  # standard deviation of a disc's points over the root of its area
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Segments:
    """Tables ``[B, ids]`` or ``[3, B, ids]``; the first entry of each image is its background.

    Attributes:
        known: how far the figures can be trusted, 0 … 1: few samples tell little, and none nothing.
        x, y: centre, in samples.
        radius: about the standard deviation of the place along one axis, in samples, at least 0.5.
        top, foot: highest and lowest row, in samples.
        colour: mean sRGB.
        ambient: mean sRGB of the background around the object.
        contrast: standard deviation of grey.
        sharpness: mean difference to the next pixel over that to the eighth.
    """

    known: Tensor
    x: Tensor
    y: Tensor
    radius: Tensor
    top: Tensor
    foot: Tensor
    colour: Tensor
    ambient: Tensor
    contrast: Tensor
    sharpness: Tensor


def measure(quarter: Quarter, composites: Composites) -> Segments:
    """Fill the tables."""
    shape = len(composites), composites.ids
    # colours and centres from every second sample in each direction, which is plenty
    images, labels = (planes[..., ::_STEP, ::_STEP].contiguous() for planes in (quarter.images, quarter.ids))
    grey = _grey(images[:, 0:1], images[:, 1:2], images[:, 2:3])
    planes = [
        torch.ones_like(grey), quarter.x[..., ::_STEP].expand_as(grey), quarter.y[..., ::_STEP, :].expand_as(grey),
        grey.square(), _fine(composites.images, images[:, 1:2]), _coarse(images[:, 1:2], labels), images,
    ]  # fmt: skip
    # one row of features for each sample, added up by segment
    features = torch.cat(planes, 1).movedim(1, -1).flatten(0, 2)
    sums = features.new_zeros(shape[0] * shape[1], features.shape[1])
    sums.index_add_(0, quarter.rows[..., ::_STEP, ::_STEP].flatten(), features)
    sums = sums.t().reshape(-1, *shape)
    count = sums[0]
    means = sums / count.clamp(min=1)
    _, x, y, square, fine, coarse, red, green, blue = means.unbind()
    rows, lines = quarter.rows.flatten(), quarter.y.expand_as(quarter.rows).flatten()
    foot = lines.new_zeros(count.numel()).scatter_reduce_(0, rows, lines, "amax")
    top = foot.scatter_reduce(0, rows, lines, "amin")
    return Segments(
        known=count / (count + 1),
        x=x,
        y=y,
        radius=count.sqrt().mul_(_STEP * _RADIUS).clamp_(min=0.5),
        top=top.view(shape),
        foot=foot.view(shape),
        colour=means[6:],
        ambient=ambient_colours(quarter, means[1:3], sums[:, :, :1]),
        # not below 0.02: the root of a difference of nearly nothing is mostly rounding
        contrast=(square - _grey(red, green, blue).square_()).clamp_(min=4e-4).sqrt_(),
        sharpness=(fine + 1e-3) / (coarse + 4e-3),
    )


def _grey(red: Tensor, green: Tensor, blue: Tensor) -> Tensor:
    return (red * _GREY[0]).add_(green, alpha=_GREY[1]).add_(blue, alpha=_GREY[2])


def _fine(images: Tensor, green: Tensor) -> Tensor:
    """Difference of each sample's green to that of the full-size pixel on its right; 0 where there is none."""
    step = SCALE * _STEP
    right = images[:, 1:2, ::step, 1::step]
    steps = (right - green[..., : right.shape[-1]]).abs_()
    return functional.pad(steps, (0, green.shape[-1] - steps.shape[-1]))


def _coarse(green: Tensor, ids: Tensor) -> Tensor:
    """Difference of green to the right neighbour, where that belongs to the same segment."""
    steps = (green[..., 1:] - green[..., :-1]).abs_()
    return functional.pad(steps.mul_(1 - (ids[..., 1:] ^ ids[..., :-1]).clamp_(max=1)), (0, 1))
