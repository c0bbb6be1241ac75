"""Painting objects on a device, for a whole batch at once: the same picture as the compositor's in the worker.

No loop over images or objects. A row of an object's box is a *span*; spans are enumerated from the boxes, pixels from
the spans, and every pixel samples its patch bilinearly, premultiplied. Then the rounds are laid over the canvases one
after the other: no two objects of a round share a pixel. A pixel is one 32-bit word, RGBA, wherever it is read or
written alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sos_online.compose.patches import AT_ONCE, PatchBatch, Round
from sos_online.errors import StreamError

_OPAQUE = -(2**24)  # 0xFF000000: the alpha byte of a little-endian word


def paint(canvases: Tensor, patches: PatchBatch) -> Tensor:
    """The canvases with their objects on them.

    Args:
        canvases: uint8 ``[B, 3, H, W]``, RGB.
        patches: the objects of the same images, on the same device.

    Returns:
        uint8 ``[B, 3, H, W]``, a new tensor: within two grey levels of :func:`sos_online.compose.compose`. An image
        does not depend on what else is in the batch.

    Raises:
        StreamError: the canvases are not those of the patches.
    """
    expected = (patches.images, 3, *patches.size_hw)
    if canvases.dtype is not torch.uint8 or tuple(canvases.shape) != expected:
        found = f"{canvases.dtype} {list(canvases.shape)}"
        raise StreamError(f"canvases: expected torch.uint8 {list(expected)}, found {found}")
    canvas = _to_words(canvases)
    first = 0
    for rounds in _runs(patches.rounds):
        objects = slice(first, first + sum(each.objects for each in rounds))
        first = objects.stop
        address, sampled = _sample(patches, objects, rounds)
        sizes = [each.pixels for each in rounds]
        for where, layer in zip(torch.split(address, sizes), torch.split(sampled, sizes), strict=True):
            _lay_over(canvas, where, layer)
    return _to_planes(canvas, canvases.shape)


def _runs(rounds: Sequence[Round]) -> list[list[Round]]:
    """Consecutive rounds that are sampled together: as many as memory allows."""
    runs: list[list[Round]] = []
    pixels = 0
    for each in rounds:
        if not runs or pixels + each.pixels > AT_ONCE:
            runs.append([])
            pixels = 0
        runs[-1].append(each)
        pixels += each.pixels
    return runs


class _Spans(NamedTuple):
    """What the pixels of a span share: one entry a span, or looked up for every pixel.

    Attributes:
        number: of the first pixel, among all that are sampled together; int64.
        address: of the first pixel in the canvases; int64.
        patch, width: first pixel and width of the patch; int64.
        x, y: where the first pixel lies in the patch; float32.
        step_x, step_y: from one pixel to the next, in the patch; float32.
        last_x, last_y: of the patch; float32.
    """

    number: Tensor
    address: Tensor
    patch: Tensor
    width: Tensor
    x: Tensor
    y: Tensor
    step_x: Tensor
    step_y: Tensor
    last_x: Tensor
    last_y: Tensor


def _spans(patches: PatchBatch, objects: slice, rows: int) -> tuple[Tensor, _Spans]:
    """The spans of some objects: their lengths in pixels, int64 ``[rows]``, and the rest of them."""
    canvas_h, canvas_w = patches.size_hw
    places, affines = patches.places[objects], patches.affines[objects]
    heights = places[:, 4]
    index = torch.repeat_interleave(heights, output_size=rows)
    row = torch.arange(rows, device=index.device) - (heights.cumsum(0) - heights)[index]
    image, box_x, box_y, lengths, _, patch, width, height = places[index].T
    step, down, start = affines[index].permute(2, 1, 0)
    spans = _Spans(
        number=lengths.cumsum(0) - lengths,
        address=(image * canvas_h + box_y + row) * canvas_w + box_x,
        patch=patch,
        width=width,
        x=start[0] + down[0] * row,
        y=start[1] + down[1] * row,
        step_x=step[0],
        step_y=step[1],
        last_x=(width - 1).to(step.dtype),
        last_y=(height - 1).to(step.dtype),
    )
    return lengths, spans


def _sample(patches: PatchBatch, objects: slice, rounds: Sequence[Round]) -> tuple[Tensor, Tensor]:
    """Every pixel of some objects' boxes: int64 ``[n]`` where it lies in the canvases, float32 ``[n, 4]`` what it is.

    The latter is premultiplied RGBA, 0 … 255.
    """
    pixels = sum(each.pixels for each in rounds)
    lengths, spans = _spans(patches, objects, sum(each.rows for each in rounds))
    span = torch.repeat_interleave(lengths, output_size=pixels)
    at = _Spans(*(shared.index_select(0, span) for shared in spans))
    column = torch.arange(pixels, device=span.device) - at.number
    x = torch.minimum((at.x + at.step_x * column).clamp(min=0), at.last_x)
    y = torch.minimum((at.y + at.step_y * column).clamp(min=0), at.last_y)
    left, top = x.floor(), y.floor()
    share_x, share_y = x - left, y - top
    # a neighbour outside has no share; it is looked up at the border
    columns = (left.long(), 1 - share_x), (torch.minimum(left + 1, at.last_x).long(), share_x)
    rows = (top.long(), 1 - share_y), (torch.minimum(top + 1, at.last_y).long(), share_y)
    sampled = torch.zeros(pixels, 4, device=span.device)
    for row, row_share in rows:
        row_start = at.patch + row * at.width
        row_weight = row_share / 255
        for tap_column, column_share in columns:
            taps = patches.pixels.index_select(0, row_start + tap_column)
            weight = row_weight * column_share * _channels(taps)[:, 3]
            # an opaque colour times its share of the alpha is premultiplied colour, and alpha in the fourth channel
            sampled += _channels(taps | _OPAQUE) * weight[:, None]
    return at.address + column, sampled


def _lay_over(canvas: Tensor, where: Tensor, layer: Tensor) -> None:
    """Blend in place: ``behind · (1 − alpha) + premultiplied``, rounded once."""
    through = 1 - layer[:, 3:] / 255
    behind = _channels(canvas.index_select(0, where))
    blended = (behind * through + layer).round_().to(torch.uint8)
    canvas.index_copy_(0, where, blended.view(torch.int32).flatten())


def _channels(words: Tensor) -> Tensor:
    """uint8 ``[n, 4]`` of int32 ``[n]``: the same memory."""
    return words.view(torch.uint8).view(-1, 4)


def _to_words(images: Tensor) -> Tensor:
    """uint8 ``[B, 3, H, W]`` as opaque pixels: int32 ``[B · H · W]``."""
    batch, _, height, width = images.shape
    pixels = torch.full((batch, height, width, 4), 255, dtype=torch.uint8, device=images.device)
    pixels[..., :3] = images.permute(0, 2, 3, 1)
    return pixels.view(torch.int32).flatten()


def _to_planes(words: Tensor, shape: torch.Size) -> Tensor:
    batch, _, height, width = shape
    pixels = _channels(words).view(batch, height, width, 4)
    return pixels[..., :3].permute(0, 3, 1, 2).contiguous()
