"""The compositor.

Two passes. First the labels, from the front to the back: an object claims the pixels that its alpha covers by half or
more and that nothing before it has claimed, and it stays only if enough of it is left; so an object that is hidden by
another that was itself left out is judged by what is really seen. Then the colours, from the back to the front, of the
objects that stayed; the others are never decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from sos_online.compose.patches import Patches, pack_patches
from sos_online.errors import BrokenSegmentError
from sos_online.ops.alpha import lay_over, premultiply
from sos_online.ops.boxes import clip_box
from sos_online.ops.resize import fit, pick_level
from sos_online.types import Box, Composite, Pixels, Placement, RegionMask, Scene, Section, SegmentPixels

MAX_OBJECTS = int(np.iinfo(np.int16).max)
_COVERED = 127.5


class VisibilityRule(Section):
    """When an object counts as visible. One that does not is left out: no row, no pixel, no colour.

    Attributes:
        min_pixels: fewest visible pixels.
        min_share: smallest visible share of the whole object inside the canvas, 0 … 1.
    """

    min_pixels: int = Field(default=16, ge=1)
    min_share: float = Field(default=0.1, ge=0, le=1)


@dataclass(frozen=True, slots=True)
class _Layer:
    """An object that stays: what painting it needs."""

    position: int  # in the scene
    placement: Placement
    level: int
    level_alpha: Pixels
    alpha: npt.NDArray[np.float32]  # 0 … 255, fitted to the placement's box, whole
    whole: RegionMask


class _BrokenObjectError(Exception):
    def __init__(self, position: int, error: BrokenSegmentError) -> None:
        self.position = position
        self.error = error


def _raise(error: BrokenSegmentError) -> None:
    raise error


def compose(
    scene: Scene,
    pixels: SegmentPixels,
    canvas: Pixels,
    rule: VisibilityRule,
    on_broken: Callable[[BrokenSegmentError], None] = _raise,
) -> Composite:
    """Paint a scene's objects on its background.

    Args:
        scene: the plan.
        pixels: where segments are read from.
        canvas: the painted background, uint8 ``[H, W, 3]`` RGB; painted over.
        rule: what counts as visible.
        on_broken: called for each segment whose pixels are damaged; if it returns, the scene is composed without it.

    Returns:
        The composite; its objects run from the front to the back. Colours are rounded once for each object: within one
        grey level of exact arithmetic, except where three or more soft edges lie over one another.

    Raises:
        BrokenSegmentError: a segment's pixels are damaged, and ``on_broken`` was not given.
    """
    instance_map, layers = _decode(scene, pixels, rule, on_broken)
    for layer, colour in reversed(layers):
        _paint(canvas, layer, colour)
    return _composite(canvas, instance_map, layers)


def compose_patches(
    scene: Scene,
    pixels: SegmentPixels,
    canvas: Pixels,
    rule: VisibilityRule,
    on_broken: Callable[[BrokenSegmentError], None] = _raise,
) -> tuple[Composite, Patches]:
    """As :func:`compose`, but the objects are left to :func:`sos_online.compose.paint`.

    Returns:
        The composite, its ``image`` still the bare background, and the objects to be painted on it.
    """
    instance_map, layers = _decode(scene, pixels, rule, on_broken)
    patches = pack_patches(
        [(layer.placement, layer.level_alpha, colour) for layer, colour in reversed(layers)], scene.size_hw
    )
    return _composite(canvas, instance_map, layers), patches


def _decode(
    scene: Scene, pixels: SegmentPixels, rule: VisibilityRule, on_broken: Callable[[BrokenSegmentError], None]
) -> tuple[npt.NDArray[np.int16], list[tuple[_Layer, Pixels]]]:
    """The instance map, and the objects that stay with their colours, front to back."""
    left_out: set[int] = set()
    while True:
        try:
            instance_map, layers = _label(scene, pixels, rule, left_out)
            return instance_map, [(layer, _read_colour(layer, pixels)) for layer in layers]
        except _BrokenObjectError as broken:
            on_broken(broken.error)
            left_out.add(broken.position)


def _composite(canvas: Pixels, instance_map: npt.NDArray[np.int16], layers: list[tuple[_Layer, Pixels]]) -> Composite:
    return Composite(
        image=_channels_first(canvas),
        instance_map=instance_map,
        objects=tuple(layer.placement for layer, _ in layers),
        whole=tuple(layer.whole for layer, _ in layers),
    )


def _label(
    scene: Scene, pixels: SegmentPixels, rule: VisibilityRule, left_out: set[int]
) -> tuple[npt.NDArray[np.int16], list[_Layer]]:
    """The instance map, and the objects that stay, front to back."""
    instance_map = np.zeros(scene.size_hw, np.int16)
    layers: list[_Layer] = []
    for position in reversed(range(len(scene.placements))):
        placement = scene.placements[position]
        x1, y1, x2, y2 = inside = clip_box(placement.box, scene.size_hw)
        if position in left_out or x2 <= x1 or y2 <= y1:
            continue
        level, level_alpha, alpha = _fit_alpha(position, placement, pixels)
        mask = alpha[_window(inside, placement.box)] >= _COVERED
        region = instance_map[y1:y2, x1:x2]
        visible = mask & (region == 0)
        visible_pixels, whole_pixels = int(np.count_nonzero(visible)), int(np.count_nonzero(mask))
        if visible_pixels < rule.min_pixels or visible_pixels < rule.min_share * whole_pixels:
            continue
        layers.append(_Layer(position, placement, level, level_alpha, alpha, RegionMask(x1, y1, mask)))
        np.copyto(region, np.int16(len(layers)), where=visible)
    return instance_map, layers


def _fit_alpha(
    position: int, placement: Placement, pixels: SegmentPixels
) -> tuple[int, Pixels, npt.NDArray[np.float32]]:
    box_wh = _size(placement.box)
    level = pick_level(pixels.level_sizes(placement.segment), box_wh, placement.angle)
    try:
        level_alpha = pixels.alpha(placement.segment, level)
    except BrokenSegmentError as error:
        raise _BrokenObjectError(position, error) from None
    fitted = fit(level_alpha, box_wh, flip_x=placement.flip_x, flip_y=placement.flip_y, angle=placement.angle)
    return level, level_alpha, fitted


def _read_colour(layer: _Layer, pixels: SegmentPixels) -> Pixels:
    try:
        return pixels.colour(layer.placement.segment, layer.level)
    except BrokenSegmentError as error:
        raise _BrokenObjectError(layer.position, error) from None


def _paint(canvas: Pixels, layer: _Layer, colour: Pixels) -> None:
    placement = layer.placement
    premultiplied = fit(
        premultiply(colour, layer.level_alpha),
        _size(placement.box),
        flip_x=placement.flip_x,
        flip_y=placement.flip_y,
        angle=placement.angle,
    )
    box = clip_box(placement.box, (canvas.shape[0], canvas.shape[1]))
    window = _window(box, placement.box)
    lay_over(canvas[box[1] : box[3], box[0] : box[2]], premultiplied[window], layer.alpha[window])


def _size(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def _window(inner: Box, outer: Box) -> tuple[slice, slice]:
    """``inner``'s place in an array that covers ``outer``."""
    return (
        slice(inner[1] - outer[1], inner[3] - outer[1]),
        slice(inner[0] - outer[0], inner[2] - outer[0]),
    )


def _channels_first(canvas: Pixels) -> Pixels:
    image = np.empty((3, *canvas.shape[:2]), np.uint8)
    cv2.split(canvas, [image[0], image[1], image[2]])
    return image
