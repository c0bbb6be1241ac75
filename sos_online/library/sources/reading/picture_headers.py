"""What can be said of an encoded picture before it is decoded: its size, and whether it is all there."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

MAX_PIXELS = 2**26  # of 8 bits and four channels 256 MiB, and what reading makes of it is several times that
TOO_LARGE = f"more than {MAX_PIXELS} pixels"

_PNG = b"\x89PNG\r\n\x1a\n"


def is_png(data: bytes) -> bool:
    return data.startswith(_PNG)


def is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")


def open_picture(data: bytes) -> Image.Image | None:
    """A PNG, JPEG, WebP or BMP whose pixels are not decoded yet; None if it is none of them."""
    # not Image.open: it tries dozens of formats, and refuses at a limit of its own that belongs to the whole process
    try:
        if is_png(data):
            return PngImagePlugin.PngImageFile(io.BytesIO(data), "")
        if is_jpeg(data):
            return JpegImagePlugin.JpegImageFile(io.BytesIO(data), "")
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return WebPImagePlugin.WebPImageFile(io.BytesIO(data), "")
        if data.startswith(b"BM"):
            return BmpImagePlugin.BmpImageFile(io.BytesIO(data), "")
    except Exception:  # whatever a damaged header leads to
        return None
    return None


def is_too_large(size_wh: tuple[int, int]) -> bool:
    return size_wh[0] * size_wh[1] > MAX_PIXELS


def is_whole_png(data: bytes) -> bool:
    """True if every chunk of a PNG is there and has the checksum that it states: Pillow does not look at those of
    pixels."""
    position = len(_PNG)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        if end > len(data):
            return False
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != checksum:
            return False
        if data[position + 4 : position + 8] == b"IEND":
            return True
        position = end
    return False


def is_whole_jpeg(data: bytes) -> bool:
    """True if a JPEG has an end: decoders take zeros for the rest of one that was not downloaded to its end."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        if data[position + 1] == 0xFF:  # filling
            position += 1
            continue
        if data[position + 1] == 0xDA:  # pixels follow, in which no 0xFF stands before 0xD9
            return data.find(b"\xff\xd9", position) >= 0
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return False
