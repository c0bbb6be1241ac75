"""Cut-outs in image files: every way to write them, and every way in which they are damaged."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sos_online.library.sources.reading.pictures import decode_photo, decode_rgba
from sos_online.types import Pixels
from tests.library.conftest import disc, png
from tests.library.sources.made_up import TURNS, as_png, chunk, exif, flip_byte, palette_png, pil_bytes, png_header_only


def with_chunk(data: bytes, name: bytes, content: bytes, at_end: bool = False) -> bytes:
    """A PNG with another chunk, after its header or before its end."""
    place = data.rindex(b"IEND") - 4 if at_end else 33
    return data[:place] + chunk(name, content) + data[place:]


def same_where_visible(found: Pixels | str, expected: Pixels) -> bool:
    assert not isinstance(found, str), found
    assert found.dtype == np.uint8
    visible = expected[..., 3] > 0
    return bool((found[..., 3] == expected[..., 3]).all() and (found[visible] == expected[visible]).all())


# cut-outs


def one_transparent_colour(mode: str) -> tuple[bytes, Pixels]:
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8) // 8 * 40
    image = Image.fromarray(grey).convert(mode)
    transparent: Any = {"L": 40, "RGB": (40, 40, 40), "1": 0}[mode]
    expected = np.dstack(
        [np.asarray(image.convert("RGB")), (np.asarray(image.convert("L")) != (40, 0)[mode == "1"]) * 255]
    )
    return pil_bytes(image, "PNG", transparency=transparent), expected.astype(np.uint8)


def variants() -> dict[str, tuple[bytes, Pixels]]:
    """Ways to write a cut-out, and what each says."""
    rgba = disc()
    deep = cv2.cvtColor(rgba.astype(np.uint16) * 257, cv2.COLOR_RGBA2BGRA)
    grey = np.dstack([rgba[..., :1]] * 3 + [rgba[..., 3:]])
    few = np.dstack([rgba[..., :3] // 128 * 255, rgba[..., 3:] // 128 * 255])  # 16 colours at most
    palette = Image.fromarray(few).quantize(16)
    deep_grey = struct.pack(">IIBBBBB", 3, 2, 16, 4, 0, 0, 0)
    rows = b"".join(b"\0" + bytes([10, 99, 255, 255, 20, 99, 128, 0, 30, 99, 0, 0]) for _ in range(2))
    la16 = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", deep_grey) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return {
        "8 bits": (png(rgba), rgba),
        "16 bits": (bytes(cv2.imencode(".png", deep)[1]), rgba),
        "interlaced": (interlaced(rgba), rgba),
        "grey with alpha": (pil_bytes(Image.fromarray(grey).convert("LA"), "PNG"), grey),
        "grey of 16 bits with alpha": (
            la16,
            np.array([[[10] * 3 + [255], [20] * 3 + [127], [30] * 3 + [0]]] * 2, np.uint8),
        ),
        "palette with alpha": (pil_bytes(palette, "PNG"), np.asarray(palette.convert("RGBA"))),
        "one transparent grey": one_transparent_colour("L"),
        "one transparent colour": one_transparent_colour("RGB"),
        "one transparent bit": one_transparent_colour("1"),
        "lossless WebP": (pil_bytes(Image.fromarray(rgba), "WEBP", lossless=True, exact=True), rgba),
    }


def interlaced(rgba: Pixels) -> bytes:
    """Adam7 (PNG specification, 8.2): seven reduced pictures one after the other, rows unfiltered."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b""
    for top, left, down, right in passes:
        part = rgba[top::down, left::right]
        rows += b"".join(b"\0" + row.tobytes() for row in part) if part.size else b""
    header = struct.pack(">IIBBBBB", rgba.shape[1], rgba.shape[0], 8, 6, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("case", variants())
def test_every_way_to_write_a_cut_out(case: str) -> None:
    data, expected = variants()[case]
    assert same_where_visible(decode_rgba(data), expected)


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_exif_turns_a_cut_out(format: str, orientation: int) -> None:
    data = pil_bytes(
        Image.fromarray(disc()), format, exif=exif(orientation), **({"lossless": True} if format == "WEBP" else {})
    )
    assert same_where_visible(decode_rgba(data), TURNS[orientation](disc()))


def test_exif_after_the_pixels_turns_too() -> None:
    plain = png(disc())
    turned = with_chunk(plain, b"eXIf", exif(6).tobytes().removeprefix(b"Exif\0\0"), at_end=True)
    assert same_where_visible(decode_rgba(turned), TURNS[6](disc()))
    assert same_where_visible(decode_rgba(with_chunk(plain, b"eXIf", b"nonsense")), disc())


def animation(format: str) -> bytes:
    frames = [Image.fromarray(disc(seed=seed)) for seed in range(2)]
    return pil_bytes(frames[0], format, save_all=True, append_images=frames[1:])


BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty file"),
    "no picture": (b"hello", "not a readable image"),
    "a format that is not read": (pil_bytes(Image.fromarray(disc()), "TIFF"), "not a readable image"),
    "cut": (png(disc())[:-300], "not a readable image"),
    "without its last byte": (png(disc())[:-1], "not a readable image"),
    "one byte flipped": (flip_byte(png(disc()), 400), "not a readable image"),
    "header alone": (png(disc())[:33], "not a readable image"),
    "no alpha": (as_png(disc()[..., :3]), "no alpha channel"),
    "grey": (as_png(disc()[..., 0]), "no alpha channel"),
    "grey of 16 bits": (as_png(disc()[..., 0].astype(np.uint16) * 257), "no alpha channel"),
    "one bit": (pil_bytes(Image.fromarray(disc()[..., 3]).convert("1"), "PNG"), "no alpha channel"),
    "palette without alpha": (palette_png(disc()[..., 0]), "no alpha channel"),
    "a JPEG": (pil_bytes(Image.fromarray(disc()[..., :3]), "JPEG"), "no alpha channel"),
    "a JPEG of four inks": (pil_bytes(Image.fromarray(disc()[..., :3]).convert("CMYK"), "JPEG"), "no alpha channel"),
    "WebP without alpha": (pil_bytes(Image.fromarray(disc()[..., :3]), "WEBP"), "no alpha channel"),
    "BMP, whose fourth byte means nothing": (pil_bytes(Image.fromarray(disc()), "BMP"), "no alpha channel"),
    "animated PNG": (animation("PNG"), "animated"),
    "animated WebP": (animation("WEBP"), "animated"),
    "16 bits and one colour": (
        with_chunk(as_png(disc()[..., 0].astype(np.uint16) * 257), b"tRNS", b"\1\0"),
        "16 bits with one transparent colour",
    ),
    "a bomb": (png_header_only(40_000, 40_000), "more than 67108864 pixels"),
    "a palette's bomb": (
        png_header_only(40_000, 40_000)[:8]
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 3, 0, 0, 0))
        + png_header_only(1, 1)[33:],
        "more than 67108864 pixels",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken_cut_outs_are_refused_with_a_reason(case: str) -> None:
    data, reason = BROKEN[case]
    assert decode_rgba(data) == reason


def test_a_picture_of_just_as_many_pixels_is_looked_at() -> None:
    assert decode_rgba(png_header_only(8192, 8192)) == "not a readable image"


WHOLE = {
    "PNG": png(disc(90, 70)),
    "palette PNG": pil_bytes(Image.fromarray(disc(90, 70)).quantize(16), "PNG"),
    "grey PNG": pil_bytes(Image.fromarray(disc(90, 70)).convert("LA"), "PNG"),
    "WebP": pil_bytes(Image.fromarray(disc(90, 70)), "WEBP", lossless=True),
    "WebP with losses": pil_bytes(Image.fromarray(disc(90, 70)), "WEBP", quality=80),
    "BMP": pil_bytes(Image.fromarray(disc(90, 70)), "BMP"),
}


@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=40)
@pytest.mark.parametrize("case", WHOLE)
def test_a_cut_file_is_never_half_a_picture(case: str, share: float) -> None:
    data = WHOLE[case]
    assert isinstance(decode_rgba(data[: int(share * len(data))]), str)
    assert isinstance(decode_rgba(data[:-1]), str)


@given(place=st.floats(0, 1, exclude_max=True))
@settings(max_examples=60)
@pytest.mark.parametrize("case", ["PNG", "palette PNG", "grey PNG"])
def test_a_damaged_png_is_refused_or_right(case: str, place: float) -> None:
    """Its checksums cover all that matters."""
    data = WHOLE[case]
    found = decode_rgba(flip_byte(data, int(place * len(data))))
    whole = decode_rgba(data)
    assert isinstance(found, str) or (not isinstance(whole, str) and (found == whole).all())


@given(
    data=st.binary(max_size=200), start=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"RIFF", b"BM", b"\xff\xd8\xff"])
)
@settings(max_examples=150)
def test_garbage_is_refused(data: bytes, start: bytes) -> None:
    assert isinstance(decode_rgba(start + data), str)
    assert isinstance(decode_photo(start + data), str)
