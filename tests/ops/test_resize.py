"""Fitting a crop into its box against slow float64 bilinear sampling written from the definition."""

from __future__ import annotations

import cmath
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.ops.resize import fit, frame_size, pick_level, turn_matrix
from tests.compose.reference import average

Array = npt.NDArray[np.float64]
Size = tuple[int, int]
TOLERANCE = 0.05  # grey levels of 255


def turned(x: float, y: float, angle: float) -> complex:
    """A point turned counter-clockwise as seen; y runs downwards, so it is the complex conjugate that turns."""
    return ((x - 1j * y) * cmath.exp(1j * math.radians(angle))).conjugate()


def slow_frame(size_wh: tuple[float, float], angle: float) -> tuple[float, float]:
    """From the turned corners."""
    corners = [turned(x * size_wh[0] / 2, y * size_wh[1] / 2, angle) for x in (-1, 1) for y in (-1, 1)]
    return (
        max(corner.real for corner in corners) - min(corner.real for corner in corners),
        max(corner.imag for corner in corners) - min(corner.imag for corner in corners),
    )


def slow_sample(crop: Array, x: float, y: float, clamp: bool) -> Array:
    """Bilinear at a position in pixels (centres at .5); beyond the border the nearest pixel, or zero."""
    height, width = crop.shape[:2]
    left, top = math.floor(x - 0.5), math.floor(y - 0.5)
    total = np.zeros(crop.shape[2:])
    for row in (top, top + 1):
        for column in (left, left + 1):
            weight = (1 - abs(x - 0.5 - column)) * (1 - abs(y - 0.5 - row))
            if clamp:
                total = total + weight * crop[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
            elif 0 <= row < height and 0 <= column < width:
                total = total + weight * crop[row, column]
    return total


def slow_fit(crop: npt.NDArray[np.generic], box_wh: Size, flip_x: bool, flip_y: bool, angle: float) -> Array:
    """Every pixel of the box is looked up where it comes from."""
    source = crop.astype(np.float64)
    source = source[:, ::-1] if flip_x else source
    source = source[::-1] if flip_y else source
    if angle == 0 and source.shape[0] > 2 * box_wh[1]:
        source = average(source, box_wh[1])
    if angle == 0 and source.shape[1] > 2 * box_wh[0]:
        source = average(source.swapaxes(0, 1), box_wh[0]).swapaxes(0, 1)
    height, width = source.shape[:2]
    frame_w, frame_h = slow_frame((width, height), angle)
    result = np.zeros((box_wh[1], box_wh[0], *source.shape[2:]))
    for row in range(box_wh[1]):
        for column in range(box_wh[0]):
            in_frame = ((column + 0.5) / box_wh[0] - 0.5) * frame_w, ((row + 0.5) / box_wh[1] - 0.5) * frame_h
            back = turned(*in_frame, -angle)
            result[row, column] = slow_sample(source, back.real + width / 2, back.imag + height / 2, clamp=angle == 0)
    return result


def noise(size_hw: Size, channels: int | None = None, seed: int = 0) -> npt.NDArray[np.float32]:
    """The hardest picture: every pixel independent of its neighbours."""
    shape = size_hw if channels is None else (*size_hw, channels)
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


# fit


@pytest.mark.parametrize("angle", [0.0, 30.0])
@pytest.mark.parametrize("channels", [None, 3, 4])
@pytest.mark.parametrize("box_wh", [(1, 1), (1, 7), (9, 1), (8, 6)])
def test_fit_cardinality(box_wh: Size, channels: int | None, angle: float) -> None:
    fitted = fit(noise((6, 8), channels), box_wh, angle=angle)
    assert fitted.shape == (box_wh[1], box_wh[0], *(() if channels is None else (channels,)))
    assert fitted.dtype == np.float32


@pytest.mark.parametrize("box_wh", [(9, 9), (6, 8)])
def test_fit_keeps_a_single_channel(box_wh: Size) -> None:
    """OpenCV drops a channel axis of length 1 whenever it computes something."""
    assert fit(noise((6, 8), 1), box_wh, flip_x=True).shape == (box_wh[1], box_wh[0], 1)


@given(
    seed=st.integers(0, 2**32 - 1),
    size_hw=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    box_wh=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    flips=st.tuples(st.booleans(), st.booleans()),
    angle=st.sampled_from([0.0]) | st.floats(-180, 180),
)
def test_fit_against_float64(seed: int, size_hw: Size, box_wh: Size, flips: tuple[bool, bool], angle: float) -> None:
    crop = noise(size_hw, seed=seed)
    fitted = fit(crop, box_wh, flip_x=flips[0], flip_y=flips[1], angle=angle)
    assert np.abs(fitted - slow_fit(crop, box_wh, *flips, angle)).max() < TOLERANCE


@pytest.mark.parametrize(
    ("size_hw", "box_wh", "angle"),
    [
        ((40, 60), (90, 57), 0.0),  # enlarged
        ((61, 47), (40, 52), 0.0),  # shrunk by less than two
        ((64, 48), (24, 32), 0.0),  # shrunk by exactly two: OpenCV averages
        ((50, 70), (11, 9), 0.0),  # shrunk far
        ((40, 60), (70, 70), 37.0),  # turned
        ((40, 60), (70, 50), -143.0),  # turned the other way, squeezed
        ((2, 90), (64, 64), 45.0),  # thin and diagonal
        ((40, 60), (40, 60), 90.0),  # upright again
        ((40, 60), (60, 40), 180.0),  # upside down
        ((40, 60), (61, 41), 1e-6),  # hardly turned: zero outside, not the nearest pixel
    ],
)
def test_fit_larger_against_float64(size_hw: Size, box_wh: Size, angle: float) -> None:
    """uint8 RGB as stored; positions far from the origin, where float32 coordinates are coarser."""
    crop = np.rint(noise(size_hw, 3)).astype(np.uint8)
    assert np.abs(fit(crop, box_wh, angle=angle) - slow_fit(crop, box_wh, False, False, angle)).max() < TOLERANCE


@pytest.mark.parametrize("flips", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("box_wh", [(8, 6), (13, 11), (5, 3), (4, 3)])
def test_mirroring_the_crop_mirrors_the_result(flips: tuple[bool, bool], box_wh: Size) -> None:
    crop = noise((6, 8), 3)
    plain = fit(crop, box_wh)
    mirrored = plain[:: -1 if flips[1] else 1, :: -1 if flips[0] else 1]
    np.testing.assert_allclose(fit(crop, box_wh, flip_x=flips[0], flip_y=flips[1]), mirrored, atol=1e-3)


def test_mirroring_comes_before_turning() -> None:
    """So a mirrored crop turned one way is the mirror image of the crop turned the other way."""
    crop = noise((20, 30))
    mirrored_then_turned = fit(crop, (31, 33), flip_x=True, angle=25)
    assert (mirrored_then_turned == fit(np.ascontiguousarray(crop[:, ::-1]), (31, 33), angle=25)).all()
    np.testing.assert_allclose(mirrored_then_turned, fit(crop, (31, 33), angle=-25)[:, ::-1], atol=TOLERANCE)


@pytest.mark.parametrize(("angle", "quarters"), [(90.0, 1), (180.0, 2), (-90.0, 3), (-180.0, 2), (270.0, 3)])
def test_quarter_turns_are_counter_clockwise(angle: float, quarters: int) -> None:
    """``np.rot90`` turns counter-clockwise as seen; each result pixel is one crop pixel."""
    crop = noise((7, 10), 3)
    expected = np.rot90(crop, quarters)
    np.testing.assert_allclose(fit(crop, expected.shape[1::-1], angle=angle), expected, atol=TOLERANCE)


def test_a_mark_on_the_right_goes_up_when_turned_by_90() -> None:
    crop = np.zeros((9, 9), np.float32)
    crop[4, 8] = 255
    rows, columns = np.nonzero(fit(crop, (9, 9), angle=90) > 128)
    assert (rows.tolist(), columns.tolist()) == ([0], [4])


@pytest.mark.parametrize("value", [0, 1, 127, 255])
def test_a_flat_crop_stays_flat(value: int) -> None:
    """Opaque alpha stays opaque: 255 must not fade, at the border least of all."""
    fitted = fit(np.full((13, 7), value, np.uint8), (23, 5))
    np.testing.assert_allclose(fitted, value, atol=2e-5)


def test_outside_a_turned_crop_is_nothing() -> None:
    turned_square = fit(np.full((50, 50), 255, np.uint8), (71, 71), angle=45)
    assert turned_square[35, 35] == pytest.approx(255, abs=1e-3)
    assert (turned_square[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()


# frame_size


@pytest.mark.parametrize(
    ("angle", "expected"),
    [
        (0, (8, 6)),  # upright
        (90, (6, 8)),  # lying
        (-90, (6, 8)),  # lying the other way
        (180, (8, 6)),  # upside down
        (45, (14 / math.sqrt(2), 14 / math.sqrt(2))),  # diagonal
    ],
)
def test_frame_size_table(angle: float, expected: tuple[float, float]) -> None:
    assert frame_size((8, 6), angle) == pytest.approx(expected)


@given(size_wh=st.tuples(st.floats(0.1, 1e4), st.floats(0.1, 1e4)), angle=st.floats(-360, 360))
def test_frame_size_against_turned_corners(size_wh: tuple[float, float], angle: float) -> None:
    assert frame_size(size_wh, angle) == pytest.approx(slow_frame(size_wh, angle), rel=1e-6, abs=1e-6)


def test_frame_size_does_not_grow_without_a_turn() -> None:
    """Exactly: planning divides by it, and boxes are rounded after."""
    assert frame_size((123.4, 56.7), 0.0) == (123.4, 56.7)


# turn_matrix


@given(
    size_wh=st.tuples(st.integers(1, 99), st.integers(1, 99)),
    box_wh=st.tuples(st.integers(1, 99), st.integers(1, 99)),
    angle=st.floats(-180, 180),
)
def test_turned_corners_touch_every_side_of_the_box(size_wh: Size, box_wh: Size, angle: float) -> None:
    """Nothing of the crop is cut off, and nothing of the box is wasted."""
    matrix = turn_matrix(size_wh, box_wh, angle)
    corners = np.array([[x - 0.5, y - 0.5, 1] for x in (0, size_wh[0]) for y in (0, size_wh[1])])  # as pixel indices
    landed = corners @ matrix.T + 0.5
    np.testing.assert_allclose(landed.min(0), 0, atol=1e-9 * max(box_wh))
    np.testing.assert_allclose(landed.max(0), box_wh, rtol=1e-9)


# pick_level

LADDER = [(8, 6), (16, 12), (32, 24)]


@pytest.mark.parametrize(
    ("box_wh", "angle", "level"),
    [
        ((1, 1), 0.0, 0),  # far smaller than the smallest
        ((8, 6), 0.0, 0),  # the smallest exactly
        ((9, 6), 0.0, 1),  # one pixel too wide for it
        ((8, 7), 0.0, 1),  # one pixel too high for it
        ((16, 12), 0.0, 1),  # the middle one exactly
        ((17, 1), 0.0, 2),  # wide and flat: the longer side decides
        ((32, 24), 0.0, 2),  # the largest exactly
        ((33, 24), 0.0, 2),  # larger than all
        ((999, 999), 0.0, 2),  # far larger than all
        ((6, 8), 90.0, 0),  # a quarter turn swaps the sides of the smallest
        ((8, 6), 90.0, 1),  # and so it is too narrow
        ((9, 9), 45.0, 0),  # the frame of the smallest is 9.9 wide
        ((10, 10), 45.0, 1),  # and 10 is more than that
    ],
)
def test_pick_level_table(box_wh: Size, angle: float, level: int) -> None:
    assert pick_level(LADDER, box_wh, angle) == level


def test_pick_level_of_a_single_level() -> None:
    assert pick_level([(3, 3)], (1, 1), 0.0) == pick_level([(3, 3)], (99, 99), 10.0) == 0
