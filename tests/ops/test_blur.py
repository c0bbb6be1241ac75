"""The blur against SciPy's, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import convolve1d, gaussian_filter

from sos_online.ops.blur import _add_shifted, _depthwise, gaussian_blur, pair_blur


def random_images(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape, np.float32))


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5, 9.0])
@pytest.mark.parametrize("size_hw", [(20, 33), (1, 9), (7, 1), (1, 1)])  # also smaller than the kernel
def test_against_scipy(sigma: float, size_hw: tuple[int, int]) -> None:
    images = random_images(2, 3, *size_hw)
    radius = max(1, math.ceil(3 * sigma))
    expected = gaussian_filter(
        images.double().numpy(), (0, 0, sigma, sigma), mode="nearest", radius=(0, 0, radius, radius)
    )
    np.testing.assert_allclose(gaussian_blur(images, sigma).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("dim", [-1, -2])
def test_the_convolution_of_other_devices_is_the_same(dim: int) -> None:
    images = random_images(2, 5, 16, 18)
    kernel = torch.tensor([0.1, 0.2, 0.4, 0.2, 0.1])
    torch.testing.assert_close(_depthwise(images, kernel, dim), _add_shifted(images, kernel, dim), atol=1e-6, rtol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert _depthwise(images, kernel, dim).dtype == torch.float32


@given(st.floats(0, 1, width=32), st.floats(0, 20))
def test_a_constant_stays(value: float, sigma: float) -> None:
    images = torch.full((1, 1, 12, 5), value)
    torch.testing.assert_close(gaussian_blur(images, sigma), images, atol=1e-5, rtol=0)


def test_no_blur_and_a_negative_one() -> None:
    images = random_images(1, 1, 4, 4)
    assert torch.equal(gaussian_blur(images, 0.0), images)
    with pytest.raises(ValueError, match="sigma is -1"):
        gaussian_blur(images, -1.0)


def test_the_input_is_left_alone() -> None:
    images = random_images(1, 2, 9, 9)
    kept = images.clone()
    gaussian_blur(images, 1.5)
    assert torch.equal(images, kept)


@pytest.mark.parametrize(
    ("reaches", "kernel"), [((1, 1), [1, 2, 1]), ((1, 1, 2), [1, 2, 2, 2, 1]), ((1, 3), [1, 1, 0, 1, 1])]
)
@pytest.mark.parametrize("size_hw", [(20, 33), (1, 9), (1, 1)])  # also smaller than the kernel
def test_means_of_pairs_are_a_kernel(reaches: tuple[int, ...], kernel: list[int], size_hw: tuple[int, int]) -> None:
    images = random_images(2, 3, *size_hw)
    expected, weights = images.double().numpy(), np.array(kernel) / sum(kernel)
    for axis in (-1, -2):
        expected = convolve1d(expected, weights, axis, mode="nearest")
    np.testing.assert_allclose(pair_blur(images, reaches).numpy(), expected, atol=1e-6)
