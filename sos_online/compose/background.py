"""Painting the background of a scene."""

from __future__ import annotations

import math

import cv2
import numpy as np

from sos_online.rng import pixel_generator
from sos_online.types import (
    Background,
    GradientBackground,
    NoiseBackground,
    PhotoBackground,
    PhotoPixels,
    Pixels,
    SolidBackground,
)


def paint_background(spec: Background, size_hw: tuple[int, int], photos: PhotoPixels | None) -> Pixels:
    """A fresh canvas, uint8 ``[H, W, 3]`` RGB.

    Args:
        spec: the scene's background.
        size_hw: of the canvas, pixels.
        photos: needed for a :class:`PhotoBackground` only.

    Raises:
        BrokenPhotoError: the photo cannot be decoded.
    """
    if isinstance(spec, SolidBackground):
        return _solid(spec, size_hw)
    if isinstance(spec, GradientBackground):
        return _gradient(spec, size_hw)
    if isinstance(spec, NoiseBackground):
        return _noise(spec, size_hw)
    assert photos is not None, "the scene needs photos"
    return _photo(spec, size_hw, photos)


def _solid(spec: SolidBackground, size_hw: tuple[int, int]) -> Pixels:
    canvas = np.empty((*size_hw, 3), np.uint8)
    canvas[0] = spec.colour
    canvas[1:] = canvas[0]  # whole rows: eighty times as fast as three bytes at a time
    return canvas


def _gradient(spec: GradientBackground, size_hw: tuple[int, int]) -> Pixels:
    height, width = size_hw
    cos, sin = math.cos(math.radians(spec.angle)), math.sin(math.radians(spec.angle))
    # position along the direction, scaled so that the corners reach 0 and 1: a part from the column, one from the row
    reach = abs(cos) * width + abs(sin) * height
    from_column = (np.arange(width) + 0.5 - width / 2) * cos / reach + 0.5
    from_row = (np.arange(height) + 0.5 - height / 2) * sin / reach
    channels = []
    for start, end in zip(spec.start, spec.end, strict=True):
        along = (start + from_column * (end - start)).astype(np.float32)
        down = (from_row * (end - start)).astype(np.float32)
        channels.append(cv2.convertScaleAbs(np.add.outer(down, along)))  # rounds; nothing is below 0
    return np.asarray(cv2.merge(channels), np.uint8)


def _noise(spec: NoiseBackground, size_hw: tuple[int, int]) -> Pixels:
    height, width = size_hw
    grid = math.ceil(height / spec.grain) + 1, math.ceil(width / spec.grain) + 1
    noise = pixel_generator(spec.seed).integers(0, 256, (*grid, 3), dtype=np.uint8)
    deviation = np.linspace(-spec.amplitude, spec.amplitude, 256)
    colours = np.rint(np.clip(np.add.outer(deviation, np.array(spec.colour)), 0, 255)).astype(np.uint8)
    smooth = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.LUT(smooth, colours[None]), np.uint8)


def _photo(spec: PhotoBackground, size_hw: tuple[int, int], photos: PhotoPixels) -> Pixels:
    height, width = size_hw
    # the crop covers at least `zoom` of the photo's tighter side, so this decoded size never has to be enlarged
    photo = photos.read(spec.photo, (math.ceil(height / spec.zoom), math.ceil(width / spec.zoom)))
    photo_h, photo_w = photo.shape[:2]
    factor = spec.zoom * min(photo_w / width, photo_h / height)
    crop_w, crop_h = max(1, round(width * factor)), max(1, round(height * factor))
    x, y = round(spec.x * (photo_w - crop_w)), round(spec.y * (photo_h - crop_h))
    crop = photo[y : y + crop_h, x : x + crop_w]
    shrinks = crop_w >= 2 * width
    if spec.flip_x:
        crop = np.asarray(cv2.flip(crop, 1), np.uint8)
    canvas = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.ascontiguousarray(canvas, np.uint8)
