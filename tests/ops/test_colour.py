"""Colour spaces against scikit-image, which shares no code with the package and computes in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage import color as skimage_colour

from sos_online.ops import colour

GREY_LEVEL = 1 / 255


def random_images(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape, np.float32))


def channels_last(images: torch.Tensor) -> np.ndarray:
    return images.movedim(-3, -1).double().numpy()


def every_level() -> torch.Tensor:
    """All greys, and the corners and edges of the RGB cube."""
    ramp = torch.arange(256) / 255
    zeros, ones = torch.zeros(256), torch.ones(256)
    mixes = [(ramp, ramp, ramp), (ramp, zeros, zeros), (zeros, ramp, zeros), (zeros, zeros, ramp),
             (ones, ramp, zeros), (ramp, ones, ones), (ones, ones, ramp), (ramp, 1 - ramp, zeros)]  # fmt: skip
    return torch.stack([torch.stack(mix) for mix in mixes], 1)


@pytest.mark.parametrize("images", [random_images(3, 40, 31), every_level()], ids=["random", "edges of the cube"])
def test_lab_against_skimage(images: torch.Tensor) -> None:
    expected = skimage_colour.rgb2lab(channels_last(images))
    # the matrices differ in the seventh digit and the white points in the fifth
    np.testing.assert_allclose(channels_last(colour.rgb_to_lab(images)), expected, atol=0.02)
    back = colour.lab_to_rgb(torch.from_numpy(expected.astype(np.float32)).movedim(-1, -3))
    assert (back - images).abs().max() < 0.25 * GREY_LEVEL


@pytest.mark.parametrize("images", [random_images(3, 40, 31), every_level()], ids=["random", "edges of the cube"])
def test_there_and_back(images: torch.Tensor) -> None:
    assert (colour.lab_to_rgb(colour.rgb_to_lab(images)) - images).abs().max() < 1e-4
    assert (colour.linear_to_srgb(colour.srgb_to_linear(images)) - images).abs().max() < 1e-5
    assert (colour.xyz_to_linear(colour.linear_to_xyz(images)) - images).abs().max() < 1e-5
    assert (colour.expand(colour.compress(images)) - images).abs().max() < 1e-5


def test_colours_outside_the_gamut_as_skimage_clips_them() -> None:
    rng = np.random.default_rng(1)
    lab = np.stack([rng.uniform(0, 100, 5000), rng.uniform(-120, 120, 5000), rng.uniform(-120, 120, 5000)], -1)[None]
    with pytest.warns(UserWarning, match="negative Z"):
        expected = skimage_colour.lab2rgb(lab)
    got = channels_last(colour.lab_to_rgb(torch.from_numpy(lab.astype(np.float32)).movedim(-1, -3)))
    assert np.abs(got - expected).max() < GREY_LEVEL


def test_greys_have_no_chroma() -> None:
    lab = colour.rgb_to_lab(every_level()[:, :1])
    assert lab[1:].abs().max() < 1e-3
    assert lab[0, 0, 0].abs() < 1e-4
    assert (lab[0, 0, 255] - 100).abs() < 1e-3


def test_luminance_is_the_y_of_xyz() -> None:
    images = random_images(2, 3, 5, 7)
    torch.testing.assert_close(colour.luminance(images), colour.linear_to_xyz(images)[:, 1:2])
    torch.testing.assert_close(colour.luminance(torch.ones(3, 1, 1)), torch.ones(1, 1, 1))


@pytest.mark.parametrize("convert", [colour.rgb_to_lab, colour.lab_to_rgb, colour.srgb_to_linear, colour.luminance])
def test_leading_dimensions(convert: object) -> None:
    assert callable(convert)
    images = random_images(2, 4, 3, 6, 5)
    kept = images.clone()
    whole = convert(images)
    assert whole.dtype == torch.float32
    torch.testing.assert_close(whole[1, 2], convert(images[1, 2]), rtol=0, atol=1e-4)
    assert torch.equal(images, kept)


def test_autocast_does_not_round() -> None:
    images = random_images(1, 3, 8, 8)
    expected = colour.rgb_to_lab(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(colour.rgb_to_lab(images), expected)


@given(st.floats(-2, 2, width=32))
def test_no_value_becomes_nan(value: float) -> None:
    """Filters overshoot: what lies a little outside 0 … 1 must stay finite."""
    number = torch.tensor(value)
    for function in (colour.srgb_to_linear, colour.linear_to_srgb, colour.compress, colour.expand):
        assert torch.isfinite(function(number)), function.__name__
