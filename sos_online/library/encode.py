"""How one segment is stored: cropped to its alpha, at several sizes, colour as JPEG and alpha as PNG."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import cv2
import numpy as np
from pydantic import Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator

from sos_online.errors import LibraryError
from sos_online.ops.alpha import bleed, resize_rgba
from sos_online.types import Pixels, Section


class Encoding(Section):
    """Settings of stored pixels, the same for a whole library.

    Attributes:
        max_side: a longer segment is shrunk to this, pixels.
        ladder: longer sides at which a segment is stored besides its own size, pixels, growing.
        jpeg_quality: of the colours, 1 … 100.

    Raises:
        LibraryError: a setting is unknown or out of its limits.
    """

    max_side: Annotated[int, Field(ge=1, le=65500)] = 1024  # a JPEG ends at 65500
    ladder: tuple[Annotated[int, Field(ge=1)], ...] = (32, 64, 128, 256, 512)
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] = 90

    @field_validator("ladder")
    @classmethod
    def _grows(cls, ladder: tuple[int, ...]) -> tuple[int, ...]:
        if list(ladder) != sorted(set(ladder)):
            raise ValueError("expected growing sides")
        return ladder

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_by_name(cls, values: Any, check: ModelWrapValidatorHandler[Encoding]) -> Encoding:
        try:
            return check(values)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(["encoding", *map(str, first["loc"])])
            problem = first["msg"].removeprefix("Value error, ")
            raise LibraryError(f"{field}: {problem} (found {first['input']!r})") from None


@dataclass(frozen=True, slots=True)
class EncodedLevel:
    """One stored size of a segment: a JPEG and a PNG."""

    colour: bytes
    alpha: bytes


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """A segment as it is stored.

    Attributes:
        size_wh: (width, height) of the largest level.
        opaque: pixels of alpha ≥ 128 at the largest level.
        levels: small to large.
    """

    size_wh: tuple[int, int]
    opaque: int
    levels: list[EncodedLevel]


@lru_cache(maxsize=1 << 14)  # asked for three times for each object of a sample
def level_sizes(size_wh: tuple[int, int], ladder: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """(width, height) of each stored level of a crop whose own size is ``size_wh``, small to large."""
    longest = max(size_wh)
    sizes = [
        (max(1, round(size_wh[0] * side / longest)), max(1, round(size_wh[1] * side / longest)))
        for side in ladder
        if side < longest
    ]
    return (*sizes, size_wh)


def crop_to_alpha(rgba: Pixels) -> Pixels | None:
    """The smallest window that holds every pixel of alpha above 0; None if there is none."""
    x, y, width, height = cv2.boundingRect((rgba[..., 3] > 0).astype(np.uint8))
    return rgba[y : y + height, x : x + width] if width else None


def encode_segment(crop: Pixels, encoding: Encoding) -> EncodedSegment:
    """Encode a crop (uint8 ``[h, w, 4]`` RGBA, straight alpha)."""
    colour, alpha = np.ascontiguousarray(crop[..., :3]), np.ascontiguousarray(crop[..., 3])
    size_wh = crop.shape[1], crop.shape[0]
    if max(size_wh) > encoding.max_side:
        (size_wh,) = level_sizes(size_wh, (encoding.max_side,))[:1]
        colour, alpha = resize_rgba(colour, alpha, size_wh)
    opaque = int(np.count_nonzero(alpha >= 128))
    levels = []
    for level_wh in reversed(level_sizes(size_wh, encoding.ladder)):
        if level_wh != (colour.shape[1], colour.shape[0]):
            # from the next larger level: nearly the same as from the largest, and four times as fast
            colour, alpha = resize_rgba(colour, alpha, level_wh)
        levels.append(_encode_level(colour, alpha, encoding.jpeg_quality))
    return EncodedSegment(size_wh, opaque, levels[::-1])


def _encode_level(colour: Pixels, alpha: Pixels, jpeg_quality: int) -> EncodedLevel:
    filled = bleed(colour, alpha) if alpha.any() else colour
    options = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(filled, cv2.COLOR_RGB2BGR), options)[1]
    # the strongest compression is also the fastest to decode: masks are mostly long runs
    png = cv2.imencode(".png", alpha, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
    return EncodedLevel(jpeg.tobytes(), png.tobytes())
