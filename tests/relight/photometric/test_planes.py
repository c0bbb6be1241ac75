"""The way from the quarter-size sample back up, and the blur of both sizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate
from torch.nn import functional

from sos_online.relight.photometric.planes import SCALE, blur_within, enlarge, sample_quarter


def random_planes(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape, np.float32))


@pytest.mark.parametrize("size_hw", [(7, 9), (1, 5), (1, 1)])
def test_enlarging_is_bilinear_and_meets_the_samples(size_hw: tuple[int, int]) -> None:
    height, width = size_hw
    planes = random_planes(2, 3, height + 1, width + 1)
    enlarged = enlarge(planes)
    expected = functional.interpolate(
        planes, size=(SCALE * height + 1, SCALE * width + 1), mode="bilinear", align_corners=True
    )
    torch.testing.assert_close(enlarged, expected[..., :-1, :-1], atol=1e-6, rtol=0)
    torch.testing.assert_close(sample_quarter(enlarged), planes[..., :-1, :-1], atol=0, rtol=0)


@pytest.mark.parametrize("size_hw", [(7, 9), (3, 3), (2, 5), (1, 1)])
def test_the_blur_is_a_kernel_of_three_by_three(size_hw: tuple[int, int]) -> None:
    planes = random_planes(*size_hw)
    kernel = np.array([[1, 1, 0], [1, 2, 1], [0, 1, 1]]) / 8
    expected = correlate(planes.double().numpy(), kernel, mode="constant")[1:-1, 1:-1]
    np.testing.assert_allclose(blur_within(planes).numpy().reshape(expected.shape), expected, atol=1e-6)
    np.testing.assert_array_equal(kernel.sum(0), [0.25, 0.5, 0.25])
