"""Compression: the codec's on a CPU, and tensor arithmetic that agrees with it; the same in every batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest
import torch

from sos_online.relight import jpeg
from sos_online.relight.jpeg import codec_round_trip, cosine_parts, dct_round_trip, jpeg_round_trip
from tests.relight.test_camera import photograph

RoundTrip = Callable[[torch.Tensor, Sequence[int]], torch.Tensor]
BOTH = pytest.mark.parametrize("round_trip", [codec_round_trip, dct_round_trip])
QUALITIES = [1, 10, 30, 50, 70, 85, 95, 100]


@pytest.mark.parametrize("quality", [10, 30, 60, 75, 90, 97])
def test_cpu_tensors_go_through_the_codec(quality: int) -> None:
    image = photograph()
    pixels = (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    stored = cv2.imencode(".jpg", pixels[..., ::-1].copy(), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    reference = cv2.imdecode(stored, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32) / 255
    assert np.array_equal(jpeg_round_trip(image[None], [quality])[0].permute(1, 2, 0).numpy(), reference)


@pytest.mark.parametrize("size_hw", [(96, 112), (97, 111)])
@pytest.mark.parametrize("quality", [1, 10, 30, 60, 75, 90, 97, 100])
def test_tensor_arithmetic_loses_what_the_codec_loses(size_hw: tuple[int, int], quality: int) -> None:
    image = photograph(size_hw)[None]
    codec, tensors = codec_round_trip(image, [quality]), dct_round_trip(image, [quality])
    lost = (codec - image).abs().mean() * 255
    difference = (codec - tensors).abs() * 255
    assert difference.mean() < 0.2 * lost
    assert difference.mean() < 0.6
    assert (difference < 0.5).float().mean() > 0.6
    assert 0.95 < (tensors - image).abs().mean() * 255 / lost < 1.05


@BOTH
def test_more_quality_loses_less_whatever_else_is_in_the_batch(round_trip: RoundTrip) -> None:
    image = photograph((50, 70))
    images = image.expand(len(QUALITIES), -1, -1, -1)
    together = round_trip(images, QUALITIES)
    errors = (together - image).square().mean((1, 2, 3)).tolist()
    assert errors == sorted(errors, reverse=True) and errors[0] > 10 * errors[-1]
    alone = torch.cat([round_trip(image[None], [quality]) for quality in QUALITIES])
    assert torch.equal(alone, together)
    assert torch.equal(together, torch.round(together * 255) / 255), "whole grey levels"


@BOTH
@pytest.mark.parametrize(("size", "changed"), [(1e-7, 0.002), (1e-6, 0.01)])
def test_tiny_differences_stay_tiny(round_trip: RoundTrip, size: float, changed: float) -> None:
    """Of whole grey levels nothing changes; of others those that lie half way between two, and blocks around them."""
    image = photograph((240, 320))[None]
    rng = np.random.default_rng(0)
    noise, between = (torch.from_numpy(rng.uniform(-1, 1, image.shape).astype(np.float32)) for _ in range(2))
    assert torch.equal(round_trip(image + size * noise, [80]), round_trip(image, [80]))
    image = (image + between / 255).clamp(0.01, 0.99)
    assert (round_trip(image + size * noise, [80]) != round_trip(image, [80])).float().mean() < changed


@BOTH
def test_inputs_stay_as_they_are(round_trip: RoundTrip) -> None:
    image = photograph((17, 33))[None]
    before = image.clone()
    round_trip(image, [40])
    assert torch.equal(image, before)


def as_tf32(values: torch.Tensor) -> torch.Tensor:
    """Cut to 10 bits of mantissa, as a tensor core may read them."""
    return (values.view(torch.int32) & ~0x1FFF).view(torch.float32)


def test_products_survive_tf32() -> None:
    cosines = torch.from_numpy(cosine_parts())
    exact = cosines.double().sum(0)
    torch.testing.assert_close(exact @ exact.T, torch.eye(64, dtype=torch.float64), atol=1e-6, rtol=0)
    rng = np.random.default_rng(4)
    for most in (128, 2047):  # samples, coefficients
        numbers = torch.from_numpy(rng.integers(-most, most, (500, 64)).astype(np.float32))
        in_tf32 = sum(as_tf32(numbers) @ as_tf32(part).T for part in cosines)
        expected = numbers.double() @ exact.T
        assert (in_tf32 - expected).abs().max() < 2e-6 * most
        assert (as_tf32(numbers) @ as_tf32(exact.float()).T - expected).abs().max() > 1e-4 * most, "in one part"


def test_tf32_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole round trip with factors cut as TF32 cuts them."""
    image = photograph()[None]
    expected = dct_round_trip(image, [85])
    parts = cosine_parts()
    monkeypatch.setattr(jpeg, "cosine_parts", lambda: as_tf32(torch.from_numpy(parts)).numpy())
    assert torch.equal(dct_round_trip(image, [85]), expected)


def test_autocast_changes_nothing() -> None:
    image = photograph()[None]
    expected = dct_round_trip(image, [85])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(dct_round_trip(image, [85]), expected)
