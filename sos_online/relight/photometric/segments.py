"""What is known of each segment: its place, its colours and those around it. Measured on a quarter-size sample."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from sos_online.ops.blur import gaussian_blur
from sos_online.relight.composites import Composites
from sos_online.relight.photometric.planes import SCALE, sample_quarter

_STEP = 2  # samples
_CELL = 4  # samples; the surroundings' colours are blurred on every fourth in each direction
_AMBIENT_SIGMA = 0.09  # of the longer side
_WHOLE_BACKGROUND = 0.15  # its part in the ambient colour where an object is surrounded by background
_RADIUS = 0.28  # standard deviation of a disc's points over the root of its area
_GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Quarter:
    """The quarter-size sample of a batch.

    Attributes:
        images: sRGB, ``[B, 3, h, w]``.
        rows: entry of the segment tables, int64 ``[B · h · w]``.
        ids: the instance map as float32 ``[B, 1, h, w]``.
        inside: 1 in objects, 0 in the background, ``[B, 1, h, w]``.
        x, y: sample coordinates, ``[1, 1, 1, w]`` and ``[1, 1, h, 1]``.
    """

    images: Tensor
    rows: Tensor
    ids: Tensor
    inside: Tensor
    x: Tensor
    y: Tensor

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.ids.shape[-2], self.ids.shape[-1]

    def spread(self, table: Tensor) -> Tensor:
        """Entries ``[B · ids]`` laid out over their pixels, ``[B, 1, h, w]``."""
        return table.index_select(0, self.rows).view(self.ids.shape)


@dataclass(frozen=True)
class Segments:
    """Tables ``[B · ids]`` or ``[B · ids, 3]``; the first entry of each image is its background.

    Attributes:
        is_object: 1, and 0 for the background.
        known: how far the figures can be trusted, 0 … 1: few samples tell little, and none nothing.
        x, y: centre, in samples.
        radius: about the standard deviation of the place along one axis, in samples, at least 0.5.
        top, foot: highest and lowest row, in samples.
        colour: mean sRGB.
        ambient: mean sRGB of the background around the object.
        contrast: standard deviation of grey.
        sharpness: mean difference to the next pixel over that to the eighth.
    """

    is_object: Tensor
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


def sample(composites: Composites) -> Quarter:
    """Sample a batch."""
    maps = sample_quarter(composites.instance_maps)
    ids = maps[:, None].float()
    height, width = ids.shape[-2:]
    return Quarter(
        images=sample_quarter(composites.images),
        rows=replace(composites, instance_maps=maps).table_rows().flatten(),
        ids=ids,
        inside=ids.clamp(max=1),
        x=torch.arange(width, device=ids.device, dtype=torch.float32).view(1, 1, 1, width),
        y=torch.arange(height, device=ids.device, dtype=torch.float32).view(1, 1, height, 1),
    )


def measure(quarter: Quarter, composites: Composites) -> Segments:
    """Fill the tables."""
    batch, ids = len(composites), composites.ids
    # colours and centres from every second sample in each direction, which is plenty
    images, labels = (planes[..., ::_STEP, ::_STEP] for planes in (quarter.images, quarter.ids))
    grey = _grey(images)
    planes = [
        torch.ones_like(grey), quarter.x[..., ::_STEP].expand_as(grey), quarter.y[..., ::_STEP, :].expand_as(grey),
        images, grey.square(), _fine(composites.images, grey), _coarse(grey, labels),
    ]  # fmt: skip
    # one row of features for each sample, added up by segment
    features = torch.cat([plane.movedim(1, -1) for plane in planes], -1).flatten(0, 2)
    rows = quarter.rows.view(quarter.ids.shape)[..., ::_STEP, ::_STEP].flatten()
    sums = features.new_zeros(batch * ids, features.shape[1]).index_add_(0, rows, features)
    count = sums[:, 0]
    _, x, y, red, green, blue, square, fine, coarse = (sums / count.clamp(min=1)[:, None]).unbind(1)
    colour = torch.stack([red, green, blue], 1)
    lines = quarter.y.expand_as(quarter.ids).reshape(-1)
    foot = torch.zeros_like(y).scatter_reduce_(0, quarter.rows, lines, "amax")
    top = foot.clone().scatter_reduce_(0, quarter.rows, lines, "amin")
    mean_grey = _grey(colour[..., None, None]).flatten()
    return Segments(
        is_object=(torch.arange(batch * ids, device=x.device) % ids > 0).float(),
        known=count / (count + 1),
        x=x,
        y=y,
        radius=(count.sqrt() * (_STEP * _RADIUS)).clamp(min=0.5),
        top=top,
        foot=foot,
        colour=colour,
        ambient=_ambient(quarter, x.view(batch, ids), y.view(batch, ids)),
        # not below 0.02: the root of a difference of nearly nothing is mostly rounding
        contrast=(square - mean_grey.square()).clamp(min=4e-4).sqrt(),
        sharpness=(fine + 1e-3) / (coarse + 4e-3),
    )


def _grey(images: Tensor) -> Tensor:
    red, green, blue = images[:, 0:1], images[:, 1:2], images[:, 2:3]
    return (red * _GREY[0]).add_(green, alpha=_GREY[1]).add_(blue, alpha=_GREY[2])


def _fine(images: Tensor, grey: Tensor) -> Tensor:
    """Difference of each sample to the full-size pixel on its right; 0 where there is none."""
    step = SCALE * _STEP
    right = _grey(images[..., ::step, 1::step])
    return functional.pad((right - grey[..., : right.shape[-1]]).abs_(), (0, grey.shape[-1] - right.shape[-1]))


def _coarse(grey: Tensor, ids: Tensor) -> Tensor:
    """Difference to the right neighbour, where that belongs to the same segment."""
    steps = (grey[..., 1:] - grey[..., :-1]).abs_() * (ids[..., 1:] == ids[..., :-1])
    return functional.pad(steps, (0, 1))


def _ambient(quarter: Quarter, x: Tensor, y: Tensor) -> Tensor:
    """Mean colour ``[B · ids, 3]`` of the background around places ``[B, ids]``.

    Where none is near, the whole background's; mid-grey where there is none at all.
    """
    images, outside = (planes[..., ::_CELL, ::_CELL] for planes in (quarter.images, 1 - quarter.inside))
    cells = torch.cat([images * outside, outside], 1)
    whole = cells.mean((2, 3), keepdim=True)
    whole = (whole[:, :3] + 0.5e-4) / (whole[:, 3:] + 1e-4)
    near = gaussian_blur(cells, max(cells.shape[-2:]) * _AMBIENT_SIGMA)
    colours = (near[:, :3] + _WHOLE_BACKGROUND * whole) / (near[:, 3:] + _WHOLE_BACKGROUND)
    cell = (y / _CELL).long() * cells.shape[-1] + (x / _CELL).long()
    return colours.flatten(2).gather(2, cell[:, None].expand(-1, 3, -1)).movedim(1, -1).reshape(-1, 3)
