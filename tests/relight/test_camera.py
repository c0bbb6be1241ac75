"""Blur, grain and compression: as strong as the spec says, the same everywhere in the picture and in every batch."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.relight.camera import blur_batch, blur_each, blur_planes, camera
from sos_online.relight.grain import add_gathered, add_pieces
from sos_online.types import CameraSpec, LightSpec


def spec(seed: int = 0, **settings: float) -> LightSpec:
    return LightSpec(camera=CameraSpec(**settings), seed=seed)  # type: ignore[arg-type]


def photograph(size_hw: tuple[int, int] = (96, 112)) -> torch.Tensor:
    """Shapes and soft shading, float32 ``[3, H, W]``."""
    rng = np.random.default_rng(3)
    canvas = cv2.resize(
        rng.integers(30, 220, (6, 7, 3)).astype(np.float32), size_hw[::-1], interpolation=cv2.INTER_CUBIC
    )
    cv2.circle(canvas, (40, 40), 20, (200, 60, 30), -1)
    cv2.rectangle(canvas, (60, 20), (90, 70), (20, 90, 160), -1)
    noisy = canvas + rng.normal(0, 3, canvas.shape)
    return torch.from_numpy(np.clip(noisy, 0, 255).astype(np.uint8)).permute(2, 0, 1).float() / 255


CAMERAS = st.builds(
    spec,
    seed=st.integers(0, 2**63 - 1),
    blur=st.one_of(st.just(0.0), st.floats(0.01, 4)),
    noise=st.one_of(st.just(0.0), st.floats(0.01, 30)),
    jpeg=st.integers(0, 100),
)


@settings(max_examples=15)
@given(st.lists(CAMERAS, min_size=1, max_size=4), st.integers(1, 40), st.integers(1, 40))
def test_any_camera_gives_pictures_in_range_alike_in_any_batch(specs: list[LightSpec], height: int, width: int) -> None:
    rng = np.random.default_rng(height * 41 + width)
    images = torch.from_numpy(rng.random((len(specs), 3, height, width), np.float32))
    before = images.clone()
    taken = camera(images, specs)
    assert torch.equal(images, before)
    assert taken.shape == images.shape and taken.dtype == torch.float32
    assert torch.isfinite(taken).all() and taken.min() >= 0 and taken.max() <= 1
    for sample, one in enumerate(specs):
        alone = camera(images[sample : sample + 1], [one])[0]
        assert torch.equal(alone, taken[sample])


def test_a_camera_that_does_nothing_changes_nothing() -> None:
    images = photograph()[None].repeat(2, 1, 1, 1)
    taken = camera(images, [spec(), spec(noise=5.0)])
    assert torch.equal(taken[0], images[0]) and not torch.equal(taken[1], images[1])


@pytest.mark.parametrize("sigma", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_grain_is_as_strong_as_asked_and_the_same_everywhere(sigma: float, seed: int) -> None:
    grey = torch.full((1, 3, 240, 320), 0.5)
    grain = (camera(grey, [spec(seed, noise=sigma)]) - grey)[0] * 255
    assert abs(float(grain.std()) / sigma - 1) < 0.05
    assert abs(float(grain.mean())) < 0.05 * sigma
    for channel in grain:
        quarters = [part.std() for half in channel.chunk(2, 0) for part in half.chunk(2, 1)]
        assert max(quarters) < 1.1 * min(quarters)
    # neighbours are independent, and no row is a copy of another
    flat = grain.mean(0)
    for shift in ((0, 1), (1, 0), (7, 13)):
        moved = flat.roll(shift, (0, 1))
        assert abs(np.corrcoef(flat.flatten(), moved.flatten())[0, 1]) < 0.03


def test_grain_differs_from_seed_to_seed() -> None:
    grey = torch.full((4, 3, 64, 64), 0.5)
    grains = camera(grey, [spec(seed, noise=8.0) for seed in range(4)]) - grey
    similarity = np.corrcoef(grains.flatten(1))
    assert np.abs(similarity - np.eye(4)).max() < 0.1


@pytest.mark.parametrize("size_hw", [(5, 9), (512, 513), (700, 1100)])
def test_grain_by_pieces_is_that_which_is_gathered(size_hw: tuple[int, int]) -> None:
    images = torch.full((5, 3, *size_hw), 0.5)
    places = np.array([[0, 0], [511, 512], [512, 511], [1023, 1023], [700, 40]])
    scales = np.array([0.02, 0.01, 0.03, 0.02, 0.05], np.float32)
    torch.testing.assert_close(add_pieces(images, scales, places), add_gathered(images, scales, places))


@pytest.mark.parametrize("blur_each", [blur_each, blur_batch, blur_planes])
def test_blur_is_each_images_own(blur_each: Callable[[torch.Tensor, list[float]], torch.Tensor]) -> None:
    point = torch.zeros(4, 1, 41, 41)
    point[:, :, 20, 20] = 1
    sigmas = [0.3, 0.8, 1.7, 3.0]
    blurred = blur_each(point, sigmas)
    for sigma, image in zip(sigmas, blurred[:, 0], strict=True):
        impulse = np.zeros((41, 41))
        impulse[20, 20] = 1
        reference = cv2.GaussianBlur(impulse, (2 * int(np.ceil(3 * sigma)) + 1,) * 2, sigma)
        np.testing.assert_allclose(image.numpy(), reference, atol=1e-6)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 7), (3, 2), (40, 60)])
def test_both_ways_to_blur_repeat_the_border(size_hw: tuple[int, int]) -> None:
    images = torch.from_numpy(np.random.default_rng(1).random((3, 2, *size_hw), np.float32))
    sigmas = [0.3, 1.1, 4.0]
    torch.testing.assert_close(blur_planes(images, sigmas), blur_batch(images, sigmas), atol=1e-6, rtol=0)
