"""Painting the background of a scene."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

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
    # projection on the direction, scaled so that the corners reach 0 and 1
    along_x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) * np.float32(cos)
    along_y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) * np.float32(sin)
    reach = abs(cos) * width + abs(sin) * height
    share = (along_x[None] + along_y[:, None]) / np.float32(reach) + np.float32(0.5)
    channels = [start + share * np.float32(end - start) for start, end in zip(spec.start, spec.end, strict=True)]
    return _rounded(cv2.merge(channels))


def _noise(spec: NoiseBackground, size_hw: tuple[int, int]) -> Pixels:
    height, width = size_hw
    grid = math.ceil(height / spec.grain) + 1, math.ceil(width / spec.grain) + 1
    noise = pixel_generator(spec.seed).random((*grid, 3), dtype=np.float32)
    noise = (noise * 2 - 1) * np.float32(spec.amplitude) + np.array(spec.colour, np.float32)
    return _rounded(cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR))


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
    canvas = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    if spec.flip_x:
        canvas = cv2.flip(canvas, 1)
    return np.ascontiguousarray(canvas, np.uint8)


def _rounded(colours: npt.ArrayLike) -> Pixels:
    """Rounded and cut to 0 … 255."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(colours, 0)), np.uint8)
