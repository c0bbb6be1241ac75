"""Premultiplying, blending, bleeding and shrinking against float64, exactly where exactness is promised."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.ops.alpha import bleed, lay_over, premultiply, resize_rgba
from sos_online.types import Pixels

Array = npt.NDArray[np.float64]
EVERY_PAIR = np.mgrid[:256, :256].astype(np.uint8)  # [0] = alpha, [1] = colour


def grey(values: Pixels) -> Pixels:
    return np.repeat(values[..., None], 3, axis=2)


# premultiply


def test_premultiply_of_every_pair_against_float64() -> None:
    alpha, colour = EVERY_PAIR
    product = premultiply(grey(colour), alpha)
    assert product.dtype == np.float32
    assert np.abs(product - grey(colour).astype(float) * alpha[..., None] / 255).max() < 1e-4


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 4), (4, 1), (4, 4), (1, 3), (3, 1)])
def test_premultiply_cardinality(size_hw: tuple[int, int]) -> None:
    """Small arrays too: OpenCV takes some of them for scalars."""
    rng = np.random.default_rng(0)
    colour, alpha = rng.integers(0, 256, (*size_hw, 3), np.uint8), rng.integers(0, 256, size_hw, np.uint8)
    product = premultiply(colour, alpha)
    assert product.shape == (*size_hw, 3)
    np.testing.assert_allclose(product, colour * (alpha[..., None] / 255), atol=1e-4)


# lay_over


def laid_over(behind: Pixels, premultiplied: npt.ArrayLike, alpha: npt.ArrayLike) -> Pixels:
    result = behind.copy()
    lay_over(result, np.asarray(premultiplied, np.float32), np.asarray(alpha, np.float32))
    return result


def exact_over(behind: Pixels, premultiplied: npt.ArrayLike, alpha: npt.ArrayLike) -> Array:
    through = 1 - np.asarray(alpha, np.float64)[..., None] / 255
    return behind * through + np.asarray(premultiplied, np.float64)


def test_a_colour_over_itself_changes_nothing() -> None:
    """For every alpha and every colour, to the bit: flat regions get no edge."""
    alpha, colour = EVERY_PAIR
    behind, premultiplied = grey(colour), premultiply(grey(colour), alpha)
    assert (laid_over(behind, premultiplied, alpha) == behind).all()


@pytest.mark.parametrize("whole_alpha", [False, True], ids=["fractional alpha", "whole alpha"])
def test_lay_over_against_float64(whole_alpha: bool) -> None:
    """Within one grey level of rounded float64, and nearly always equal to it."""
    rng = np.random.default_rng(1)
    behind = rng.integers(0, 256, (100, 100, 3), dtype=np.uint8)
    alpha = np.clip(rng.uniform(-40, 295, (100, 100)), 0, 255)
    alpha = np.rint(alpha) if whole_alpha else alpha
    premultiplied = rng.uniform(0, 255, (100, 100, 3)) * alpha[..., None] / 255
    result = laid_over(behind, premultiplied, alpha)
    exact = exact_over(behind, premultiplied, alpha)
    assert np.abs(result - np.rint(exact)).max() <= 1
    assert np.abs(result - exact).max() < 0.52
    untouched = np.asarray(alpha) == 0
    assert (result[untouched] == behind[untouched]).all()


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 2), (5, 1), (3, 3), (1, 5000), (5000, 1), (80, 90)])
@pytest.mark.parametrize("alpha", [0.0, 1.0, 128.0, 254.0, 254.995, 255.0, 255.00003])
def test_lay_over_writes_into_a_window_and_nowhere_else(size_hw: tuple[int, int], alpha: float) -> None:
    height, width = size_hw
    canvas = np.full((height + 4, width + 5, 3), 200, np.uint8)
    window = slice(1, 1 + height), slice(2, 2 + width)
    lay_over(canvas[window], np.full((*size_hw, 3), 0.2 * alpha, np.float32), np.full(size_hw, alpha, np.float32))
    expected = np.full_like(canvas, 200)
    expected[window] = round(200 * (1 - min(alpha, 255) / 255) + 0.2 * alpha)
    assert (canvas == expected).all()


@pytest.mark.parametrize("soft", [10, 9000])  # of 10000 pixels
def test_lay_over_of_white_on_white_does_not_wrap_round(soft: int) -> None:
    """What bilinear weights add to 255 by rounding must not become black."""
    alpha = np.full((100, 100), 255.00002, np.float32)
    alpha.flat[:soft] = 254.98
    premultiplied = np.repeat(alpha[..., None], 3, axis=2) + np.float32(0.00002)
    assert (laid_over(np.full((100, 100, 3), 255, np.uint8), premultiplied, alpha) == 255).all()


# bleed


@st.composite
def cutouts(draw: st.DrawFn) -> tuple[Pixels, Pixels]:
    """Any colours, alpha mostly 0 or 255, at least one pixel above zero."""
    height, width = draw(st.integers(1, 17)), draw(st.integers(1, 17))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low, high = sorted((draw(st.integers(0, 255)), draw(st.integers(0, 255))))
    colour = rng.integers(low, high + 1, (height, width, 3)).astype(np.uint8)
    alpha = rng.choice([0, 1, 128, 255], (height, width)).astype(np.uint8)
    alpha[rng.random((height, width)) < draw(st.floats(0, 1))] = 0
    alpha[rng.integers(height), rng.integers(width)] = 255
    colour[alpha == 0] = rng.integers(0, 256, ((alpha == 0).sum(), 3))
    return colour, alpha


@given(cutouts())
def test_bleed_keeps_the_visible_and_fills_within_their_range(cutout: tuple[Pixels, Pixels]) -> None:
    colour, alpha = cutout
    before = colour.copy()
    filled = bleed(colour, alpha)
    visible = colour[alpha > 0]
    assert (colour == before).all()
    assert (filled.shape, filled.dtype) == (colour.shape, np.uint8)
    assert (filled[alpha > 0] == visible).all()
    assert (filled >= visible.min(0)).all()
    assert (filled <= visible.max(0)).all()


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 50), (50, 1), (2, 2), (33, 64), (64, 7)])
def test_bleed_from_one_pixel_fills_everything(size_hw: tuple[int, int]) -> None:
    colour, alpha = np.full((*size_hw, 3), (0, 255, 0), np.uint8), np.zeros(size_hw, np.uint8)
    alpha[-1, -1], colour[-1, -1] = 1, (7, 99, 201)
    assert (bleed(colour, alpha) == (7, 99, 201)).all()


def test_bleed_where_all_is_opaque_changes_nothing() -> None:
    colour = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    assert (bleed(colour, np.full((9, 11), 255, np.uint8)) == colour).all()


def test_bleed_fills_from_the_nearest() -> None:
    """Red to the left, blue to the right, a hole between: it goes from red to blue and stays between them."""
    colour, alpha = np.zeros((16, 64, 3), np.uint8), np.zeros((16, 64), np.uint8)
    colour[...] = (0, 255, 0)
    colour[:, :16], alpha[:, :16] = (255, 0, 0), 255
    colour[:, 48:], alpha[:, 48:] = (0, 0, 255), 255
    filled = bleed(colour, alpha).astype(int)
    assert (filled[..., 1] == 0).all()
    assert (filled[:, 16, 0] > 200).all()
    assert (filled[:, 47, 2] > 200).all()
    assert (np.diff(filled[:, :, 0], axis=1) <= 0).all()


def test_bleed_weighs_by_alpha() -> None:
    """A faint green pixel (alpha 1) between an opaque red area and the hole is kept, and fills next to nothing."""
    colour, alpha = np.zeros((16, 32, 3), np.uint8), np.zeros((16, 32), np.uint8)
    colour[:, :8], alpha[:, :8] = (200, 0, 0), 255
    colour[:, 8:10], alpha[:, 8:10] = (0, 200, 0), 1
    filled = bleed(colour, alpha)
    assert (filled[:, 8:10] == (0, 200, 0)).all()
    assert filled[:, 10:, 1].max() <= 20
    assert filled[:, 10:, 0].min() >= 180


# resize_rgba


def area_weights(size: int, new_size: int) -> Array:
    """``[new, old]``: the share of each old pixel in the average that is a new one."""
    weights = np.zeros((new_size, size))
    for new in range(new_size):
        start, stop = new * size / new_size, (new + 1) * size / new_size
        for old in range(size):
            weights[new, old] = max(0.0, min(stop, old + 1) - max(start, old)) * new_size / size
    return weights


@given(
    seed=st.integers(0, 2**32 - 1),
    size_hw=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    shrink=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
)
def test_resize_rgba_against_an_area_average(seed: int, size_hw: tuple[int, int], shrink: tuple[float, float]) -> None:
    new_h, new_w = (max(1, int(size * factor)) for size, factor in zip(size_hw, shrink, strict=True))
    rng = np.random.default_rng(seed)
    colour = rng.integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    alpha = rng.choice([0, 0, 3, 200, 255], size_hw).astype(np.uint8)
    rows, columns = area_weights(size_hw[0], new_h), area_weights(size_hw[1], new_w)
    coverage = rows @ alpha.astype(float) @ columns.T
    premultiplied = np.einsum("ij,jkc,lk->ilc", rows, colour * (alpha[..., None] / 255), columns)

    small, small_alpha = resize_rgba(colour, alpha, (new_w, new_h))
    assert (small.shape, small.dtype) == ((new_h, new_w, 3), np.uint8)
    assert (small_alpha.shape, small_alpha.dtype) == ((new_h, new_w), np.uint8)
    assert np.abs(small_alpha - coverage).max() < 0.501
    seen = coverage > 0.5
    straight = premultiplied[seen] * 255 / coverage[seen][:, None]
    assert np.abs(small[seen] - straight).max(initial=0) < 0.51


@pytest.mark.parametrize("side", [1, 3, 16, 31, 100, 199])
def test_no_halo_in_a_shrunk_disc(side: int) -> None:
    """Red on transparent green garbage: no green at any pixel that can be seen (mistake 3 of REFERENCE.md)."""
    rows, columns = np.mgrid[:200, :200] + 0.5
    alpha = (np.clip(90 - np.hypot(rows - 100, columns - 100), 0, 1) * 255).astype(np.uint8)
    colour = np.full((200, 200, 3), (0, 255, 0), np.uint8)
    colour[alpha > 0] = (255, 0, 0)
    small, small_alpha = resize_rgba(colour, alpha, (side, side))
    assert (small[small_alpha > 0] == (255, 0, 0)).all()
    assert (laid_over(np.zeros_like(small), premultiply(small, small_alpha), small_alpha)[..., 1] == 0).all()


def test_resize_rgba_round_trip_of_the_same_size() -> None:
    rng = np.random.default_rng(3)
    colour, alpha = rng.integers(0, 256, (12, 9, 3), dtype=np.uint8), rng.integers(1, 256, (12, 9)).astype(np.uint8)
    same, same_alpha = resize_rgba(colour, alpha, (9, 12))
    assert (same_alpha == alpha).all()
    assert (same == colour).all()


def test_resize_rgba_of_nothing_visible_is_nothing_visible() -> None:
    _, small_alpha = resize_rgba(np.full((10, 10, 3), 255, np.uint8), np.zeros((10, 10), np.uint8), (3, 4))
    assert small_alpha.shape == (4, 3)
    assert not small_alpha.any()
