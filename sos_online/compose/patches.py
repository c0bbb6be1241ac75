"""Patches: what travels to a device that composites there.

A patch is an object's crop at the stored level that its placement asks for, straight colour and alpha, untouched;
mirror, turn and scale are folded into one affine map from the canvas back to the patch. Labels do not come from here:
they are made with the instance map, in the worker, wherever the colours are painted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sos_online.errors import StreamError
from sos_online.ops.alpha import resize_rgba
from sos_online.ops.boxes import clip_box
from sos_online.ops.resize import turn_matrix
from sos_online.types import Pixels, Placement

Layer = tuple[Placement, Pixels, Pixels]
AT_ONCE = 2**21  # pixels that are sampled together, unless one object has more; about 200 bytes each
_COLUMNS = 8
_IMAGE, _FIRST = 0, 5


class Round(NamedTuple):
    """Objects painted at once: no two of them share a pixel. Sizes are known here, so that no device is asked.

    Attributes:
        objects: how many.
        rows: of their boxes, all together.
        pixels: of their boxes, all together.
    """

    objects: int
    rows: int
    pixels: int


@dataclass(frozen=True, slots=True)
class Patches:
    """The objects of one image, from the back to the front.

    Attributes:
        size_hw: of the canvas, pixels.
        pixels: uint8 ``[P, 4]`` straight RGBA: all patches, one after the other, each row by row.
        places: int64 ``[N, 8]``: index of the image in its batch; x, y, width, height of the box inside the canvas;
            index of the patch's first pixel, its width, its height.
        affines: float32 ``[N, 2, 3]`` from (column, row) in the box inside the canvas to (x, y) in the patch, both as
            indices of pixels; what falls outside the patch takes its nearest pixel.
        depths: int64 ``[N]``: the round in which an object is painted; higher than that of all it covers.
    """

    size_hw: tuple[int, int]
    pixels: Pixels
    places: npt.NDArray[np.int64]
    affines: npt.NDArray[np.float32]
    depths: npt.NDArray[np.int64]


@dataclass(frozen=True)
class PatchBatch:
    """The objects of a batch of images, by rounds.

    Attributes:
        size_hw: of the canvases, pixels.
        images: how many canvases.
        rounds: from the back to the front; they divide the rows of ``places`` and ``affines``.
        pixels: int32 ``[P]``: those of :class:`Patches`, the four bytes of each as one word.
        places, affines: as in :class:`Patches`.
    """

    size_hw: tuple[int, int]
    images: int
    rounds: tuple[Round, ...]
    pixels: Tensor
    places: Tensor
    affines: Tensor

    def map_tensors(self, function: Callable[[Tensor], Tensor]) -> PatchBatch:
        return replace(self, pixels=function(self.pixels), places=function(self.places), affines=function(self.affines))

    def pin_memory(self) -> PatchBatch:
        return self.map_tensors(Tensor.pin_memory)

    def to(self, device: torch.device | str) -> PatchBatch:
        """On another device; a copy from pinned memory does not wait."""
        return self.map_tensors(lambda tensor: tensor.to(device, non_blocking=True))


def pack_patches(layers: Sequence[Layer], size_hw: tuple[int, int]) -> Patches:
    """The objects of one image, ready to travel.

    Args:
        layers: placement, alpha uint8 ``[h, w]`` and straight colour uint8 ``[h, w, 3]`` of each object, from the back
            to the front. Those outside the canvas are left out.
        size_hw: of the canvas, pixels.
    """
    patches: list[Pixels] = []
    places: list[list[int]] = []
    affines: list[npt.NDArray[np.float64]] = []
    pixels = 0
    for placement, alpha, colour in layers:
        x1, y1, x2, y2 = clip_box(placement.box, size_hw)
        if x2 <= x1 or y2 <= y1:
            continue
        patch = _patch(placement, alpha, colour)
        height, width = patch.shape[:2]
        places.append([0, x1, y1, x2 - x1, y2 - y1, pixels, width, height])
        affines.append(_affine(placement, (width, height), (x1, y1)))
        patches.append(patch.reshape(-1, 4))
        pixels += width * height
    table = np.array(places, np.int64).reshape(-1, _COLUMNS)
    return Patches(
        size_hw=size_hw,
        pixels=np.concatenate([np.empty((0, 4), np.uint8), *patches]),
        places=table,
        affines=np.array(affines, np.float32).reshape(-1, 2, 3),
        depths=_depths(table[:, 1:5]),
    )


def collate_patches(images: Sequence[Patches]) -> PatchBatch:
    """The patches of the images of one batch, in their order.

    Raises:
        StreamError: the canvases differ in size.
    """
    sizes = {image.size_hw for image in images}
    if len(sizes) != 1:
        raise StreamError(f"canvas: compositing on a device takes one size a batch, found {sorted(sizes)}")
    places = np.concatenate([image.places for image in images])
    objects = [len(image.places) for image in images]
    before = np.cumsum([0, *(len(image.pixels) for image in images[:-1])])
    places[:, _IMAGE] = np.repeat(np.arange(len(images)), objects)
    places[:, _FIRST] += np.repeat(before, objects)
    depths = np.concatenate([image.depths for image in images])
    order = np.argsort(depths, kind="stable")
    places = places[order]
    return PatchBatch(
        size_hw=images[0].size_hw,
        images=len(images),
        rounds=_rounds(depths[order], places[:, 3:5]),
        pixels=torch.from_numpy(np.concatenate([image.pixels for image in images]).view(np.int32).ravel()),
        places=torch.from_numpy(places),
        affines=torch.from_numpy(np.concatenate([image.affines for image in images])[order]),
    )


def _patch(placement: Placement, alpha: Pixels, colour: Pixels) -> Pixels:
    """Straight RGBA ``[h, w, 4]``."""
    if placement.angle == 0:
        alpha, colour = _average_long_axes(alpha, colour, placement)
        channels = [alpha, colour]
    else:
        # outside a turned crop is nothing, and the nearest pixel of this border is nothing too
        channels = [
            np.asarray(cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_CONSTANT), np.uint8)
            for image in (alpha, colour)
        ]
    patch = np.empty((*channels[0].shape[:2], 4), np.uint8)
    cv2.mixChannels(channels, [patch], [1, 0, 2, 1, 3, 2, 0, 3])
    return patch


def _average_long_axes(alpha: Pixels, colour: Pixels, placement: Placement) -> tuple[Pixels, Pixels]:
    """An axis that would shrink to less than half, averaged to its final length: two taps would miss pixels."""
    x1, y1, x2, y2 = placement.box
    height, width = alpha.shape
    averaged = x2 - x1 if width > 2 * (x2 - x1) else width, y2 - y1 if height > 2 * (y2 - y1) else height
    if averaged == (width, height):
        return alpha, colour
    colour, alpha = resize_rgba(colour, alpha, averaged)
    return alpha, colour


def _affine(placement: Placement, patch_wh: tuple[int, int], corner: tuple[int, int]) -> npt.NDArray[np.float64]:
    """``[2, 3]`` from (column, row) seen from ``corner`` of the canvas to (x, y) in the patch."""
    x1, y1, x2, y2 = placement.box
    box_w, box_h = x2 - x1, y2 - y1
    border = int(placement.angle != 0)
    width, height = patch_wh[0] - 2 * border, patch_wh[1] - 2 * border
    if placement.angle == 0:
        # a pixel's centre is its index + 0.5
        scale_x, scale_y = width / box_w, height / box_h
        affine = np.array([[scale_x, 0, 0.5 * scale_x - 0.5], [0, scale_y, 0.5 * scale_y - 0.5]])
    else:
        matrix = turn_matrix((width, height), (box_w, box_h), placement.angle)
        affine = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    affine[:, 2] += affine[:, :2] @ (corner[0] - x1, corner[1] - y1)
    for axis, (flip, length) in enumerate(((placement.flip_x, width), (placement.flip_y, height))):
        if flip:
            affine[axis] = [0, 0, length - 1] - affine[axis]
    affine[:, 2] += border
    return affine


def _depths(boxes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For boxes (x, y, width, height) from the back to the front: one more than the deepest of those it covers."""
    depths = np.zeros(len(boxes), np.int64)
    x1, y1 = boxes[:, 0], boxes[:, 1]
    x2, y2 = x1 + boxes[:, 2], y1 + boxes[:, 3]
    for i in range(1, len(boxes)):
        covers = (x1[:i] < x2[i]) & (x1[i] < x2[:i]) & (y1[:i] < y2[i]) & (y1[i] < y2[:i])
        depths[i] = (depths[:i] + 1)[covers].max(initial=0)
    return depths


def _rounds(depths: npt.NDArray[np.int64], sizes_wh: npt.NDArray[np.int64]) -> tuple[Round, ...]:
    """For objects in the order of painting: a round for every depth, more where it has many pixels."""
    rounds: list[Round] = []
    last = -1
    for depth, (width, height) in zip(depths.tolist(), sizes_wh.tolist(), strict=True):
        pixels = width * height
        if depth != last or rounds[-1].pixels + pixels > AT_ONCE:
            rounds.append(Round(0, 0, 0))
            last = depth
        before = rounds[-1]
        rounds[-1] = Round(before.objects + 1, before.rows + height, before.pixels + pixels)
    return tuple(rounds)
