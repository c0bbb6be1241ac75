"""Backgrounds: each kind against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.compose import paint_background
from sos_online.types import GradientBackground, NoiseBackground, PhotoBackground, Pixels, SolidBackground


class Ramp:
    """One photo whose colour tells the place: red grows rightwards, green downwards."""

    def __init__(self, size_hw: tuple[int, int]) -> None:
        height, width = size_hw
        rows, columns = np.mgrid[:height, :width]
        self.image = np.dstack([columns * 255 / (width - 1), rows * 255 / (height - 1), rows * 0]).astype(np.uint8)
        self.asked: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return 1

    def read(self, photo: int, at_least_hw: tuple[int, int]) -> Pixels:
        self.asked.append(at_least_hw)
        return self.image


def test_solid() -> None:
    assert (paint_background(SolidBackground((1, 2, 3)), (5, 7), None) == (1, 2, 3)).all()


@settings(max_examples=40)
@given(angle=st.floats(0, 360), height=st.integers(1, 40), width=st.integers(1, 40))
def test_gradient_agrees_with_a_plain_reference(angle: float, height: int, width: int) -> None:
    start, end = np.array((10, 200, 90)), np.array((250, 0, 100))
    canvas = paint_background(GradientBackground((10, 200, 90), (250, 0, 100), angle), (height, width), None)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = [x * cos + y * sin for x in (-width / 2, width / 2) for y in (-height / 2, height / 2)]
    for row in range(height):
        for column in range(width):
            along = (column + 0.5 - width / 2) * cos + (row + 0.5 - height / 2) * sin
            share = (along - min(corners)) / (max(corners) - min(corners))
            assert np.abs(canvas[row, column] - (start + share * (end - start))).max() <= 0.51


def test_noise_is_a_function_of_its_seed_and_stays_in_its_range() -> None:
    spec = NoiseBackground((100, 150, 200), amplitude=20, grain=4, seed=5)
    canvas = paint_background(spec, (50, 60), None)
    assert (canvas == paint_background(spec, (50, 60), None)).all()
    assert (canvas != paint_background(NoiseBackground((100, 150, 200), 20, 4, seed=6), (50, 60), None)).any()
    assert (np.abs(canvas.astype(int) - (100, 150, 200)) <= 20).all()
    assert canvas.std() > 3


def test_noise_is_cut_at_black_and_white_and_does_not_wrap() -> None:
    canvas = paint_background(NoiseBackground((0, 255, 0), amplitude=255, grain=1, seed=1), (64, 64), None)
    assert (canvas[..., 0] == 0).mean() > 0.3
    assert (canvas[..., 1] == 255).mean() > 0.3


@pytest.mark.parametrize("photo_hw", [(100, 200), (200, 100), (64, 64), (30, 50)])  # wide, tall, square, too small
@pytest.mark.parametrize("flip_x", [False, True])
def test_photo_shows_the_crop_that_was_planned(photo_hw: tuple[int, int], flip_x: bool) -> None:
    photos = Ramp(photo_hw)
    canvas = paint_background(PhotoBackground(0, zoom=0.5, x=1.0, y=0.0, flip_x=flip_x), (40, 60), photos)
    assert canvas.shape == (40, 60, 3)
    assert photos.asked == [(80, 120)]
    if flip_x:
        canvas = canvas[:, ::-1]
    height, width = photo_hw
    factor = 0.5 * min(width / 60, height / 40)
    # the right end of the photo, from its top: the crop's colours tell its place
    assert canvas[20, -1, 0] == pytest.approx(255, abs=4)
    assert canvas[20, 0, 0] == pytest.approx(255 * (width - 60 * factor) / width, abs=6)
    assert canvas[0, 30, 1] == pytest.approx(0, abs=4)
    assert canvas[-1, 30, 1] == pytest.approx(255 * 40 * factor / height, abs=6)
