"""Photos and masks in image files: turned as their annotations are, and never half of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sos_online.library.sources.reading.pictures import decode_photo, read_colours, read_labels
from sos_online.types import Pixels
from tests.library.sources.made_up import TURNS, as_png, exif, flip_byte, palette_png, photo, pil_bytes, png_header_only


def smooth(width: int = 60, height: int = 40) -> Pixels:
    rows, columns = np.mgrid[:height, :width]
    return np.dstack([columns * 4, rows * 6, (rows + columns) * 2]).astype(np.uint8)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", TURNS)
def test_the_annotated_size_decides_how_a_photo_is_turned(format: str, orientation: int) -> None:
    options = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format, {})
    data = pil_bytes(Image.fromarray(smooth()), format, exif=exif(orientation), **options)
    for width, height in ((None, None), (60, 40), (60, None), (None, 40)):
        stored = decode_photo(data, width, height)
        assert not isinstance(stored, str)
        assert np.abs(stored.astype(int) - smooth()).max() < 12
    turned = decode_photo(data, 40, 60)
    if orientation < 5:  # no turn of it has this size
        assert turned == "image size differs from the annotation file"
    else:
        assert not isinstance(turned, str)
        assert np.abs(turned.astype(int) - TURNS[orientation](smooth())).max() < 12
    assert decode_photo(data, 41, 60) == "image size differs from the annotation file"


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "CMYK", "I;16"])
def test_a_photo_of_another_mode_is_rgb(mode: str) -> None:
    if mode == "I;16":
        data = as_png(smooth()[..., 0].astype(np.uint16) * 257)
        expected = np.dstack([smooth()[..., 0]] * 3)
    else:
        image = Image.fromarray(smooth()).convert(mode)
        data = pil_bytes(image, "JPEG" if mode == "CMYK" else "PNG", quality=98)
        expected = np.asarray(image.convert("RGB"))
    found = decode_photo(data)
    assert not isinstance(found, str)
    assert np.abs(found.astype(int) - expected).max() < (60 if mode == "CMYK" else 2)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_cut_photo_is_never_half_a_photo(format: str, progressive: bool) -> None:
    """Decoders happily give the rest in grey."""
    image = Image.fromarray(photo().repeat(4, 0).repeat(4, 1))
    data = pil_bytes(image, format, **({"progressive": True} if progressive and format == "JPEG" else {}))
    assert not isinstance(decode_photo(data), str)
    for cut in (1, 2, 3, 10, 100, len(data) // 4, len(data) // 2):
        assert isinstance(decode_photo(data[:-cut]), str), cut


def test_a_photo_that_was_filled_up_with_zeros_is_refused() -> None:
    """As a download leaves it whose size was reserved."""
    data = pil_bytes(Image.fromarray(photo().repeat(4, 0).repeat(4, 1)), "JPEG")
    assert decode_photo(data[: len(data) // 2] + bytes(len(data) // 2)) == "not a readable image"


def test_a_bomb_is_no_photo() -> None:
    assert decode_photo(png_header_only(40_000, 40_000)) == "more than 67108864 pixels"


# numbers


LABELS = (np.arange(60).reshape(6, 10) % 2 * 7).astype(np.uint8)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (as_png(LABELS), LABELS),
        (palette_png(LABELS), LABELS),  # the entries' numbers, not their colours
        (as_png(LABELS.astype(np.uint16) * 300), LABELS.astype(int) * 300),
        (pil_bytes(Image.fromarray(LABELS * 36).convert("1"), "PNG"), LABELS > 0),
        (as_png(np.dstack([LABELS] * 3)), LABELS),  # grey that was saved as colours
    ],
    ids=["grey", "palette", "16 bits", "one bit", "three equal channels"],
)
def test_labels_of_every_depth(tmp_path: Path, data: bytes, expected: Any) -> None:
    (tmp_path / "mask.png").write_bytes(data)
    assert (read_labels(tmp_path / "mask.png") == expected).all()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (as_png(photo()), "mask of more than one channel"),
        (pil_bytes(Image.fromarray(LABELS), "JPEG"), "mask is no PNG"),
        (b"", "mask is no PNG"),
        (as_png(LABELS)[:-5], "mask not readable"),
        (flip_byte(as_png(LABELS), 45), "mask not readable"),
        (png_header_only(40_000, 40_000), "more than 67108864 pixels"),
    ],
)
def test_what_is_no_label_map(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "mask.png").write_bytes(data)
    assert read_labels(tmp_path / "mask.png") == reason


def test_an_absent_mask_and_a_mask_of_colours(tmp_path: Path) -> None:
    assert read_labels(tmp_path / "mask.png") == read_colours(tmp_path / "mask.png") == "mask is not there"
    (tmp_path / "mask.png").write_bytes(as_png(photo()))
    assert (read_colours(tmp_path / "mask.png") == photo()).all()
    (tmp_path / "mask.png").write_bytes(as_png(LABELS))
    assert read_colours(tmp_path / "mask.png") == "mask without three channels"
