"""Stored pixels: sizes as promised, alpha without loss, colours close, no halo."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.errors import LibraryError
from sos_online.library.encode import EncodedLevel, Encoding, crop_to_alpha, encode_segment, level_sizes
from sos_online.types import Pixels
from tests.library.conftest import disc

SIDES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))
LADDERS = st.lists(st.integers(1, 1200), max_size=6, unique=True).map(lambda sides: tuple(sorted(sides)))


def decode(level: EncodedLevel) -> tuple[Pixels, Pixels]:
    colour = cv2.imdecode(np.frombuffer(level.colour, np.uint8), cv2.IMREAD_COLOR_RGB)
    alpha = cv2.imdecode(np.frombuffer(level.alpha, np.uint8), cv2.IMREAD_UNCHANGED)
    return np.asarray(colour, np.uint8), np.asarray(alpha, np.uint8)


def smooth_disc(side: int, colour: tuple[int, int, int]) -> Pixels:
    """One colour inside, green garbage outside."""
    rgba = disc(side, side)
    rgba[..., :3] = np.where(rgba[..., 3:] > 0, colour, (0, 255, 0))
    return rgba


# level_sizes


@pytest.mark.parametrize(
    ("size_wh", "ladder", "expected"),
    [
        ((10, 10), (), [(10, 10)]),  # no ladder
        ((10, 10), (16, 32), [(10, 10)]),  # smaller than the ladder
        ((16, 8), (16, 32), [(16, 8)]),  # as large as a rung: stored once
        ((17, 8), (16, 32), [(16, 8), (17, 8)]),  # a little larger than a rung
        ((100, 50), (16, 32), [(16, 8), (32, 16), (100, 50)]),  # wide
        ((50, 100), (16, 32), [(8, 16), (16, 32), (50, 100)]),  # tall
        ((1000, 1), (16, 32), [(16, 1), (32, 1), (1000, 1)]),  # a line: never thinner than a pixel
    ],
)
def test_level_sizes_table(size_wh: tuple[int, int], ladder: tuple[int, ...], expected: list[tuple[int, int]]) -> None:
    assert list(level_sizes(size_wh, ladder)) == expected


@given(size_wh=SIDES, ladder=LADDERS)
def test_level_sizes_grow_and_keep_proportions(size_wh: tuple[int, int], ladder: tuple[int, ...]) -> None:
    sizes = level_sizes(size_wh, ladder)
    assert sizes[-1] == size_wh
    assert [max(size) for size in sizes[:-1]] == [side for side in ladder if side < max(size_wh)]
    for width, height in sizes:
        factor = max(width, height) / max(size_wh)
        assert abs(width - max(1, size_wh[0] * factor)) <= 0.5
        assert abs(height - max(1, size_wh[1] * factor)) <= 0.5


# crop_to_alpha


@given(seed=st.integers(0, 2**32 - 1), size_hw=st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_crop_against_nonzero(seed: int, size_hw: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    rgba = rng.integers(0, 256, (*size_hw, 4)).astype(np.uint8)
    rgba[..., 3] *= rng.random(size_hw) < 0.1
    rows, columns = np.nonzero(rgba[..., 3])
    crop = crop_to_alpha(rgba)
    if len(rows) == 0:
        assert crop is None
    else:
        assert crop is not None
        assert (crop == rgba[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]).all()


def test_crop_keeps_the_faintest_alpha() -> None:
    rgba = np.zeros((5, 6, 4), np.uint8)
    rgba[4, 5] = (9, 8, 7, 1)
    crop = crop_to_alpha(rgba)
    assert crop is not None
    assert crop.tolist() == [[[9, 8, 7, 1]]]


# encode_segment


@pytest.mark.parametrize("size_wh", [(1, 1), (1, 40), (40, 1), (2, 300), (33, 17), (64, 64)])
def test_cardinality(size_wh: tuple[int, int]) -> None:
    encoding = Encoding(ladder=(8, 16, 32))
    encoded = encode_segment(disc(*size_wh), encoding)
    stored_wh, levels = encoded.size_wh, encoded.levels
    assert stored_wh == size_wh
    found = [(alpha.shape[::-1], colour.shape[1::-1], colour.shape[2]) for colour, alpha in map(decode, levels)]
    assert found == [(size, size, 3) for size in level_sizes(size_wh, encoding.ladder)]


@given(seed=st.integers(0, 2**32 - 1), size_hw=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_alpha_of_the_largest_level_is_lossless(seed: int, size_hw: tuple[int, int]) -> None:
    rgba = np.random.default_rng(seed).integers(0, 256, (*size_hw, 4)).astype(np.uint8)
    levels = encode_segment(rgba, Encoding(ladder=(16,))).levels
    assert (decode(levels[-1])[1] == rgba[..., 3]).all()


def test_alpha_of_smaller_levels_is_the_area_average() -> None:
    """256 → 128 → 64: each a mean of 2 x 2, so nearly the mean of 4 x 4 (rounded twice)."""
    rgba = disc(256, 256)
    levels = encode_segment(rgba, Encoding(ladder=(64, 128))).levels
    mean = rgba[..., 3].reshape(64, 4, 64, 4).astype(float).mean((1, 3))
    assert np.abs(decode(levels[0])[1] - mean).max() <= 1.0


@pytest.mark.parametrize("shape", ["photo", "disc"])
def test_colours_are_near_the_source_where_opaque(shape: str) -> None:
    """A smooth picture at quality 90: on average within two grey levels, nowhere far off."""
    rows, columns = np.mgrid[:96, :128]
    picture = np.dstack([rows * 2, columns * 1.9, 128 + 80 * np.sin(rows / 20)]).astype(np.uint8)
    rgba = np.dstack([picture, disc(128, 96)[..., 3] if shape == "disc" else np.full((96, 128), 255, np.uint8)])
    rgba[rgba[..., 3] == 0] = (0, 255, 0, 0)
    levels = encode_segment(rgba, Encoding(ladder=())).levels
    colour, alpha = decode(levels[0])
    off = np.abs(colour.astype(int) - rgba[..., :3])[alpha == 255]
    assert off.mean() < 2
    assert off.max() < 25


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (250, 250, 250), (5, 5, 5)], ids=str)
def test_no_halo_at_any_level(colour: tuple[int, int, int]) -> None:
    """One colour on green garbage stays that colour at every pixel that can be seen, soft edge and all."""
    levels = encode_segment(smooth_disc(150, colour), Encoding(ladder=(8, 16, 32, 64, 128))).levels
    assert len(levels) == 6
    for level in levels:
        stored, alpha = decode(level)
        off = np.abs(stored.astype(int) - colour)
        assert off[alpha > 0].max() <= 4
        assert off.max() <= 4  # under the edge too: a bilinear tap may reach there


def test_too_large_a_segment_is_shrunk_to_max_side() -> None:
    encoded = encode_segment(disc(300, 100), Encoding(max_side=90, ladder=(16, 32, 200)))
    stored_wh, levels = encoded.size_wh, encoded.levels
    assert stored_wh == (90, 30)
    assert [decode(level)[1].shape[::-1] for level in levels] == [(16, 5), (32, 11), (90, 30)]


def test_a_level_where_nothing_can_be_seen_is_stored_all_the_same() -> None:
    """One faint pixel in a thousand rounds to alpha 0 in the smallest level."""
    rgba = np.zeros((200, 200, 4), np.uint8)
    rgba[0, 0], rgba[-1, -1] = (200, 10, 10, 1), (200, 10, 10, 1)
    levels = encode_segment(rgba, Encoding(ladder=(4,))).levels
    assert not decode(levels[0])[1].any()
    assert (decode(levels[1])[1] == rgba[..., 3]).all()


def test_round_trip_gives_the_same_bytes_again() -> None:
    first, second = (encode_segment(disc(70, 50), Encoding(ladder=(16, 32))) for _ in range(2))
    assert first == second


def test_input_is_not_written_to() -> None:
    rgba = disc(70, 50)
    before = rgba.copy()
    encode_segment(rgba, Encoding(ladder=(16,), max_side=60))
    assert (rgba == before).all()


# settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_side": 0},
        {"max_side": 65501},  # a JPEG ends at 65500
        {"ladder": (0,)},
        {"ladder": (-16, 32)},
        {"jpeg_quality": 0},
        {"jpeg_quality": 101},
        {"quality": 90},  # unknown
    ],
)
def test_exception_for_an_encoding_that_makes_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(LibraryError, match=next(iter(wrong))):
        Encoding.model_validate(wrong)


@pytest.mark.parametrize("ladder", [(64, 32), (32, 32)])
def test_exception_for_a_ladder_that_does_not_grow(ladder: tuple[int, ...]) -> None:
    with pytest.raises(LibraryError) as caught:
        Encoding(ladder=ladder)
    assert str(caught.value) == f"encoding.ladder: expected growing sides (found {ladder})"
