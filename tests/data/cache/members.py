"""A sample's members, made and read in tests."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from torchvision.tv_tensors import Image

from sos_online.data.cache.codec import StoredSample, check_sample, decode_sample
from sos_online.data.cache.format import CacheSettings
from sos_online.types import Target
from tests.data.compare import digest

PNG = CacheSettings(image_format="png")


def encode(image: Any, target: Target, how: CacheSettings = PNG, **described: Any) -> dict[str, bytes]:
    return check_sample(image, target, epoch=2, index=7, settings=how, described=described).encode()


def decode(members: dict[str, bytes], how: CacheSettings = PNG, categories: int = 4) -> StoredSample:
    return decode_sample(members, how, epoch=2, index=7, categories=categories, where="s.tar: sample k")


def check_same(stored: StoredSample, image: Any, target: Target) -> None:
    assert digest((stored.image, stored.target)) == digest((image, target))
    assert isinstance(stored.image, Image)
    assert {key: type(value) for key, value in stored.target.items()} == {
        key: type(value) for key, value in target.items()
    }
    assert stored.target["boxes"].canvas_size == target["boxes"].canvas_size


def png_header(width: int, height: int) -> bytes:
    """A PNG that states a size and has next to no pixels."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = {b"IHDR": size, b"IDAT": zlib.compress(b"0"), b"IEND": b""}
    body = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks.items())  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)
