"""Image files as pixels. Nothing that they say is trusted: what cannot be read whole is refused with a reason.

A reason is a text; what is read is an array.
"""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from sos_online.library.sources.reading.picture_headers import (
    TOO_LARGE,
    is_jpeg,
    is_png,
    is_too_large,
    is_whole_jpeg,
    is_whole_png,
    open_picture,
)
from sos_online.types import Pixels

NO_ALPHA = "no alpha channel"
NOT_READABLE = "not a readable image"
OTHER_SIZE = "image size differs from the annotation file"


def read_rgba(path: Path) -> Pixels | str:
    """An image file with alpha: see :func:`decode_rgba`."""
    return decode_rgba(path.read_bytes()) if path.is_file() else "not a file"


def decode_rgba(data: bytes) -> Pixels | str:
    """An encoded picture with alpha as uint8 ``[h, w, 4]`` RGBA, turned as its EXIF says, or the reason why it is none.

    Palettes, grey and 16 bits are converted; one transparent colour is alpha too.
    """
    if not data:
        return "empty file"
    if not _is_plain(data):
        return _decode_rgba_with_pillow(data)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3 or image.shape[2] != 4:
        return NOT_READABLE
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8)


def decode_photo(data: bytes, width: int | None = None, height: int | None = None) -> Pixels | str:
    """An encoded picture as uint8 ``[H, W, 3]`` RGB, or the reason why it is none.

    Annotations mostly refer to the pixels as they are stored, and sometimes as an EXIF rotation turns them: the size
    that they were made for decides, ``width`` and ``height``, and the stored pixels if both fit or neither is known.
    """
    picture = open_picture(data)
    if picture is None:
        return "empty file" if not data else NOT_READABLE
    if is_too_large(picture.size):
        return TOO_LARGE
    if is_jpeg(data) and not is_whole_jpeg(data):
        return NOT_READABLE
    for flags in (cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION, cv2.IMREAD_COLOR_RGB):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        if image is None:
            return NOT_READABLE
        if width in (None, image.shape[1]) and height in (None, image.shape[0]):
            return np.asarray(image, np.uint8)
    return OTHER_SIZE


def read_photo(path: Path, width: int | None = None, height: int | None = None) -> Pixels | str:
    """An image file without alpha: see :func:`decode_photo`."""
    return decode_photo(path.read_bytes(), width, height) if path.is_file() else "photo is not there"


def read_labels(path: Path) -> npt.NDArray[np.integer] | str:
    """A PNG whose pixels are numbers (grey of 1 to 16 bits, entries of a palette) as ``[H, W]``, or why it is none."""
    loaded = _load_png(path)
    if isinstance(loaded, str):
        return loaded
    if loaded.mode in ("P", "L", "I;16", "I"):
        return np.asarray(loaded)
    if loaded.mode == "1":
        return np.asarray(loaded, np.uint8)
    if loaded.mode == "RGB":
        pixels = np.asarray(loaded)
        if (pixels == pixels[..., :1]).all():
            return pixels[..., 0]
    return "mask of more than one channel"


def read_colours(path: Path) -> Pixels | str:
    """A PNG whose colours are numbers as uint8 ``[H, W, 3]`` RGB, or why it is none."""
    loaded = _load_png(path)
    if isinstance(loaded, str):
        return loaded
    return np.asarray(loaded) if loaded.mode == "RGB" else "mask without three channels"


def _load_png(path: Path) -> Image.Image | str:
    """Pixels of a PNG as they are stored: what is said with numbers must not have been through a lossy format."""
    if not path.is_file():
        return "mask is not there"
    data = path.read_bytes()
    if not is_png(data):
        return "mask is no PNG"
    picture = open_picture(data)
    if picture is not None and is_too_large(picture.size):
        return TOO_LARGE
    return "mask not readable" if picture is None or not _load(picture, data) else picture


def _is_plain(data: bytes) -> bool:
    """True for a still picture with an alpha channel that needs no turning: OpenCV reads it faster than Pillow."""
    if is_png(data) and len(data) > 33:
        width, height, _, colours = struct.unpack_from(">IIBB", data, 16)
        if is_too_large((width, height)):
            return False
        return colours in (4, 6) and b"acTL" not in data[: data.find(b"IDAT")] and b"eXIf" not in data
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and len(data) > 30:
        animated, exif, alpha = 0x02, 0x08, 0x10
        return data[20] & (animated | exif | alpha) == alpha
    return False


def _decode_rgba_with_pillow(data: bytes) -> Pixels | str:
    picture = open_picture(data)
    if picture is None:
        return NOT_READABLE
    if is_too_large(picture.size):
        return TOO_LARGE
    if getattr(picture, "is_animated", False):
        return "animated"
    if not _load(picture, data):
        return NOT_READABLE
    if not picture.has_transparency_data:
        return NO_ALPHA
    if "transparency" in picture.info and is_png(data) and data[24] == 16:
        return "16 bits with one transparent colour"  # Pillow would compare its upper byte alone
    try:
        upright = ImageOps.exif_transpose(picture)
    except Exception:  # EXIF that is none turns nothing
        upright = picture
    return np.asarray(upright.convert("RGBA"))


def _load(picture: Image.Image, data: bytes) -> bool:
    """Decode; False if anything is missing or wrong."""
    if is_png(data) and not is_whole_png(data):
        return False
    try:
        picture.load()
    except Exception:  # whatever damage leads to
        return False
    return True
