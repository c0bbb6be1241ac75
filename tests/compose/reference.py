"""The compositor written plainly, in float64, from the definitions; shares no code with the package."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sos_online.types import Placement, Scene, SegmentPixels

Array = npt.NDArray[np.float64]


def sample_bilinear(image: Array, x: Array, y: Array, outside_is_zero: bool) -> Array:
    """``image`` at pixel indices (x, y); outside either zero or the nearest pixel."""
    height, width = image.shape[:2]
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    total = np.zeros((*x.shape, *image.shape[2:]))
    for dy in (0, 1):
        for dx in (0, 1):
            columns, rows = x0 + dx, y0 + dy
            weight = (1 - np.abs(x - columns)) * (1 - np.abs(y - rows))
            if outside_is_zero:
                weight = weight * ((columns >= 0) & (columns < width) & (rows >= 0) & (rows < height))
            value = image[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
            total += weight.reshape(weight.shape + (1,) * (image.ndim - 2)) * value
    return total


def average(image: Array, length: int) -> Array:
    """The first axis shrunk to ``length``: each new pixel is the mean of the interval that it covers."""
    old = image.shape[0]
    weights = np.zeros((length, old))
    for new in range(length):
        begin, end = new * old / length, (new + 1) * old / length
        for pixel in range(math.floor(begin), min(math.ceil(end), old)):
            weights[new, pixel] = (min(end, pixel + 1) - max(begin, pixel)) / (end - begin)
    return np.tensordot(weights, image, axes=1)


def fit(image: Array, placement: Placement) -> Array:
    """The crop as it fills its box: mirrored, turned in a grown frame, the frame scaled to the box."""
    if placement.flip_x:
        image = image[:, ::-1]
    if placement.flip_y:
        image = image[::-1]
    box_w, box_h = placement.box[2] - placement.box[0], placement.box[3] - placement.box[1]
    if placement.angle == 0 and image.shape[0] > 2 * box_h:
        image = average(image, box_h)
    if placement.angle == 0 and image.shape[1] > 2 * box_w:
        image = average(image.swapaxes(0, 1), box_w).swapaxes(0, 1)
    height, width = image.shape[:2]
    cos, sin = math.cos(math.radians(placement.angle)), math.sin(math.radians(placement.angle))
    frame_w, frame_h = width * abs(cos) + height * abs(sin), width * abs(sin) + height * abs(cos)
    rows, columns = np.mgrid[:box_h, :box_w]
    # position in the frame, from its centre, then turned back
    u, v = (columns + 0.5) * frame_w / box_w - frame_w / 2, (rows + 0.5) * frame_h / box_h - frame_h / 2
    x, y = u * cos - v * sin + width / 2 - 0.5, u * sin + v * cos + height / 2 - 0.5
    if placement.angle == 0:
        x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    return sample_bilinear(image, x, y, outside_is_zero=placement.angle != 0)


def pick_level(sizes: list[tuple[int, int]], placement: Placement) -> int:
    """The smallest stored size that need not be enlarged."""
    box_w, box_h = placement.box[2] - placement.box[0], placement.box[3] - placement.box[1]
    cos, sin = abs(math.cos(math.radians(placement.angle))), abs(math.sin(math.radians(placement.angle)))
    for level, (width, height) in enumerate(sizes):
        if width * cos + height * sin >= box_w and width * sin + height * cos >= box_h:
            return level
    return len(sizes) - 1


def layers(scene: Scene, pixels: SegmentPixels) -> list[Array]:
    """Premultiplied colour and alpha (0 … 1) of each placement on the canvas, ``[H, W, 4]``."""
    height, width = scene.size_hw
    fitted = []
    for placement in scene.placements:
        level = pick_level(list(pixels.level_sizes(placement.segment)), placement)
        alpha = pixels.alpha(placement.segment, level).astype(np.float64) / 255
        colour = pixels.colour(placement.segment, level).astype(np.float64) * alpha[..., None]
        layer = fit(np.dstack([colour, alpha]), placement)
        whole = np.zeros((height, width, 4))
        x1, y1, x2, y2 = placement.box
        for row in range(max(y1, 0), min(y2, height)):
            left, right = max(x1, 0), min(x2, width)
            if left < right:
                whole[row, left:right] = layer[row - y1, left - x1 : right - x1]
        fitted.append(whole)
    return fitted


def compose(
    scene: Scene, pixels: SegmentPixels, canvas: Array, min_pixels: int, min_share: float, half: float = 0.5
) -> tuple[Array, npt.NDArray[np.int64], list[int], list[npt.NDArray[np.bool_]]]:
    """Image (unrounded), instance map, positions of the visible placements front to back, and their whole masks.

    A pixel is an object's from an alpha of ``half`` on.
    """
    height, width = scene.size_hw
    fitted = layers(scene, pixels)
    instance_map = np.zeros((height, width), np.int64)
    kept: list[int] = []
    masks = []
    for position in reversed(range(len(fitted))):
        mask = fitted[position][..., 3] >= half
        free = mask & (instance_map == 0)
        if free.sum() >= max(min_pixels, min_share * mask.sum(), 1):
            kept.append(position)
            masks.append(mask)
            instance_map[free] = len(kept)
    image = canvas.astype(np.float64)
    for position in sorted(kept):
        layer = fitted[position]
        image = image * (1 - layer[..., 3:]) + layer[..., :3]
    return image, instance_map, kept, masks


def rounding(scene: Scene, pixels: SegmentPixels, kept: list[int]) -> Array:
    """How far an image may be from the exact one if it is rounded after each object: half a level each, as it shows."""
    fitted = layers(scene, pixels)
    levels = np.zeros(scene.size_hw)
    for position in sorted(kept):
        alpha = fitted[position][..., 3]
        levels = levels * (1 - alpha) + 0.5 * (alpha > 0)
    return levels
