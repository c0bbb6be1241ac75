"""Blur, grain and compression: as strong as the spec says, the same everywhere in the picture and in every batch."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.relight.camera import blur_each, camera
from sos_online.relight.jpeg import jpeg_round_trip
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


@settings(max_examples=30)
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
        if one.camera.jpeg:  # a coefficient that lies half way between two steps may be rounded either way
            assert ((alone - taken[sample]).abs() > 1e-4).float().mean() < 0.01
        else:
            torch.testing.assert_close(alone, taken[sample], atol=1e-6, rtol=0)


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


def test_blur_is_each_images_own() -> None:
    point = torch.zeros(4, 1, 41, 41)
    point[:, :, 20, 20] = 1
    sigmas = [0.3, 0.8, 1.7, 3.0]
    blurred = blur_each(point, sigmas)
    for sigma, image in zip(sigmas, blurred[:, 0], strict=True):
        impulse = np.zeros((41, 41))
        impulse[20, 20] = 1
        reference = cv2.GaussianBlur(impulse, (2 * int(np.ceil(3 * sigma)) + 1,) * 2, sigma)
        np.testing.assert_allclose(image.numpy(), reference, atol=1e-6)


@pytest.mark.parametrize("quality", [10, 30, 60, 75, 90, 97])
def test_compression_is_that_of_a_codec(quality: int) -> None:
    image = photograph()
    pixels = (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    stored = cv2.imencode(".jpg", pixels[..., ::-1].copy(), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    reference = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.float32)[..., ::-1]
    ours = jpeg_round_trip(image[None], [quality])[0].permute(1, 2, 0).numpy() * 255
    lost = np.abs(reference - pixels).mean()
    assert np.abs(ours - reference).mean() < 0.2 * lost + 0.6, "about what the codec gives"
    assert 0.75 < np.abs(ours - pixels).mean() / lost < 1.25, "and as far from the original"


def test_more_quality_loses_less_whatever_else_is_in_the_batch() -> None:
    image = photograph((50, 70))
    qualities = [1, 10, 30, 50, 70, 85, 95, 100]
    together = jpeg_round_trip(image.expand(len(qualities), -1, -1, -1), qualities)
    errors = (together - image).square().mean((1, 2, 3)).tolist()
    assert errors == sorted(errors, reverse=True) and errors[0] > 10 * errors[-1]
    alone = torch.cat([jpeg_round_trip(image[None], [quality]) for quality in qualities])
    assert ((alone - together).abs() > 1e-4).float().mean() < 1e-2
