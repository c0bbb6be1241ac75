"""Maps as they are written are read without OpenCV, to the same values; every other PNG is left to it."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from zlib_ng import zlib_ng

from sos_online.data.cache.pictures import MAX_ID, decode_map, encode_ids
from sos_online.data.cache.plain_png import read_plain_png
from sos_online.errors import BrokenSampleError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Ids = npt.NDArray[np.uint16]


def some_ids(seed: int, height: int, width: int, highest: int = MAX_ID) -> Ids:
    return np.random.default_rng(seed).integers(0, highest + 1, (height, width), dtype=np.uint16)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(rows: bytes, width: int, height: int, *between: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0))
    return SIGNATURE + head + b"".join(between) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def rows_of(ids: Ids) -> bytes:
    return b"".join(b"\0" + row.astype(">u2").tobytes() for row in ids)


@given(st.integers(0, 2**32), st.integers(1, 200), st.integers(1, 200), st.sampled_from([1, 300, MAX_ID]))
def test_what_was_written(seed: int, height: int, width: int, highest: int) -> None:
    ids = some_ids(seed, height, width, highest)
    encoded = encode_ids(ids, "x")
    read = read_plain_png(encoded, (height, width))
    assert read is None if len(rows_of(ids)) <= 2**14 else np.array_equal(read, ids)  # type: ignore[arg-type]
    assert np.array_equal(decode_map(encoded, (height, width), "torch.int32", highest, "x"), ids)


def test_a_small_window_is_left_to_opencv() -> None:
    """Where a stream states one and oversteps it, OpenCV refuses it."""
    ids = some_ids(5, 200, 150, 4)
    encoded = png(rows_of(ids), 150, 200)
    stated = zlib.compress(rows_of(ids))
    small = encoded.replace(chunk(b"IDAT", stated), chunk(b"IDAT", b"\x08\x1d" + stated[2:]))
    assert read_plain_png(encoded, (200, 150)) is not None
    assert read_plain_png(small, (200, 150)) is None


def test_many_small_chunks_are_left_to_opencv() -> None:
    ids = some_ids(6, 200, 150, 4)
    stated = zlib.compress(rows_of(ids))
    parts = [chunk(b"IDAT", stated[at : at + 100]) for at in range(0, len(stated), 100)]
    encoded = png(rows_of(ids), 150, 200).replace(chunk(b"IDAT", stated), b"".join(parts))
    assert read_plain_png(encoded, (200, 150)) is None
    assert np.array_equal(decode_map(encoded, (200, 150), "torch.int32", 4, "x"), ids)


def test_a_large_map_in_several_chunks() -> None:
    ids = some_ids(0, 700, 900)
    encoded = encode_ids(ids, "x")
    assert encoded.count(b"IDAT") > 1
    assert np.array_equal(read_plain_png(encoded, (700, 900)), ids)  # type: ignore[arg-type]


def as_filtered(ids: Ids) -> bytes:
    return cv2.imencode(".png", ids, [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP])[1].tobytes()


def as_written_by_pillow(ids: Ids) -> bytes:
    file = io.BytesIO()
    Image.fromarray(ids).save(file, "PNG")
    return file.getvalue()


def with_a_text(ids: Ids) -> bytes:
    return png(rows_of(ids), ids.shape[1], ids.shape[0], chunk(b"tEXt", b"a\0b"))


@pytest.mark.parametrize("encode", [as_filtered, as_written_by_pillow, with_a_text])
def test_other_pngs_are_left_to_opencv(encode) -> None:  # type: ignore[no-untyped-def]
    ids = some_ids(1, 200, 150, 5)
    assert read_plain_png(encode(ids), (200, 150)) is None
    read = decode_map(encode(ids), (200, 150), "torch.int32", 5, "x")
    assert read.dtype is torch.int32 and np.array_equal(read, ids)


@pytest.mark.parametrize("size_hw", [(150, 200), (200, 151), (201, 150)])
def test_a_map_of_another_size(size_hw: tuple[int, int]) -> None:
    encoded = encode_ids(some_ids(2, 200, 150), "x")
    assert read_plain_png(encoded, size_hw) is None
    with pytest.raises(BrokenSampleError, match=f"expected {size_hw[1]} x {size_hw[0]} pixels"):
        decode_map(encoded, size_hw, "torch.int32", MAX_ID, "x")


def test_rows_that_are_too_many_or_too_few() -> None:
    rows = rows_of(some_ids(3, 30, 20))
    assert read_plain_png(png(rows, 20, 30), (30, 20)) is not None
    assert read_plain_png(png(rows[:-1], 20, 30), (30, 20)) is None
    assert read_plain_png(png(rows + b"\0", 20, 30), (30, 20)) is None


def test_a_few_bytes_that_swell(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = zlib_ng.decompressobj

    class Counting:
        def __init__(self) -> None:
            self._stream = original()

        def decompress(self, content: bytes, most: int) -> bytes:
            given_back = self._stream.decompress(content, most)
            asked.append(len(given_back))
            return given_back

        @property
        def eof(self) -> bool:
            return self._stream.eof

    monkeypatch.setattr(zlib_ng, "decompressobj", Counting)
    assert read_plain_png(png(bytes(1 << 26), 20, 30), (30, 20)) is None
    assert asked == [30 * 41 + 1]


def test_any_flipped_byte_is_seen_and_any_cut() -> None:
    ids = np.zeros((200, 150), np.uint16)
    ids[50:90, 20:70] = 3
    encoded = encode_ids(ids, "x")
    assert read_plain_png(encoded, (200, 150)) is not None
    for position in range(len(encoded)):
        flipped = bytearray(encoded)
        flipped[position] ^= 0x10
        assert read_plain_png(bytes(flipped), (200, 150)) is None
        assert read_plain_png(encoded[:position], (200, 150)) is None
    assert read_plain_png(encoded + b"x", (200, 150)) is None
