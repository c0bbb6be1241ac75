"""What the model is shown, and how light is carried up."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sos_online.ops.blur import gaussian_blur
from sos_online.ops.colour import linear_to_srgb, srgb_to_linear
from sos_online.relight.iclight.carry import carry_light
from sos_online.relight.iclight.conditions import (
    from_model_pixels,
    light_gradient,
    objects_on_grey,
    resize,
    to_model_pixels,
    without_objects,
)
from sos_online.relight.iclight.settings import IcLightSettings, working_size


def test_grey_is_zero_to_the_model() -> None:
    images, objects = torch.rand(1, 3, 6, 6), torch.zeros(1, 1, 6, 6, dtype=torch.bool)
    objects[..., 2:4, 2:4] = True
    pixels = to_model_pixels(objects_on_grey(images, objects))
    outside = pixels[~objects.expand_as(pixels)]
    assert outside.abs().max() < 1e-6
    torch.testing.assert_close(pixels[..., 2:4, 2:4], images[..., 2:4, 2:4] * 255 / 127 - 1)
    assert from_model_pixels(torch.tensor([-3.0, -1.0, 0.0, 1.0, 2.0])).tolist() == [0, 0, 0.5, 1, 1]


def test_light_comes_from_where_it_is_said_to_come() -> None:
    for direction, turns in (("left", 0), ("bottom", 1), ("right", 2), ("top", 3)):
        picture = light_gradient(direction, (64, 64), torch.device("cpu"))  # type: ignore[arg-type]
        expected = torch.linspace(1, 0, 64).expand(1, 3, 64, 64).rot90(turns, (2, 3))
        torch.testing.assert_close(picture, expected)
    assert light_gradient("left", (64, 128), torch.device("cpu")).shape == (1, 3, 64, 128)


@pytest.mark.parametrize("size_hw", [(64, 64), (37, 50), (1, 9)])
def test_holes_are_filled_from_around_them(size_hw: tuple[int, int]) -> None:
    colour = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1)
    objects = torch.zeros(2, 1, *size_hw, dtype=torch.bool)
    objects[0, :, : max(1, size_hw[0] // 2), : size_hw[1] // 2] = True
    objects[1] = True
    images = torch.where(objects, 1.0, colour)
    filled = without_objects(images, objects)
    torch.testing.assert_close(filled[:1], colour.expand(1, 3, *size_hw), rtol=0, atol=1e-4)
    assert (filled[1] - 127 / 255).abs().max() < 1e-4, "no background at all is grey"


def test_known_background_is_kept() -> None:
    images = torch.rand(1, 3, 32, 32)
    objects = torch.rand(1, 1, 32, 32) < 0.4
    filled = without_objects(images, objects)
    torch.testing.assert_close(torch.where(objects, 0, filled), torch.where(objects, 0, images))
    assert filled.min() >= 0 and filled.max() <= 1


@pytest.mark.parametrize(
    ("size_hw", "longer", "expected"),
    [
        ((1024, 1024), 1024, (1024, 1024)),
        ((640, 640), 512, (512, 512)),
        ((480, 640), 512, (384, 512)),
        ((640, 480), 1024, (1024, 768)),
        ((10, 2000), 512, (64, 512)),  # very wide
    ],
)
def test_working_size(size_hw: tuple[int, int], longer: int, expected: tuple[int, int]) -> None:
    assert working_size(size_hw, longer) == expected


def textured(seed: int) -> torch.Tensor:
    """Fine grain over coarse patches, like a photograph: 256 × 256, sRGB."""
    rng = np.random.default_rng(seed)
    scales = [torch.from_numpy(rng.random((1, 3, side, side), np.float32)) for side in (4, 16, 64, 256)]
    return sum(torch.nn.functional.interpolate(part, (256, 256), mode="bilinear") for part in scales) / 5 + 0.1


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return -10 * float(torch.log10((a - b).square().mean()))


def test_carried_light_keeps_detail() -> None:
    composite = textured(0)
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 256), torch.linspace(-1, 1, 256), indexing="ij")
    light = torch.stack([0.7 * torch.exp(0.4 * rows + tint * columns) for tint in (-0.3, 0.0, 0.3)])[None]
    truth = linear_to_srgb((srgb_to_linear(composite) * light).clamp(0, 1))
    small, relit = resize(composite, (128, 128)), resize(truth, (128, 128))
    objects = torch.zeros(1, 1, 256, 256, dtype=torch.bool)
    carried = carry_light(composite, small, relit, objects, resize(objects.float(), (128, 128)))
    assert psnr(carried, truth) > 45
    assert psnr(resize(relit, (256, 256)), truth) < 28, "enlarging the relit picture instead"


def test_light_without_detail_is_the_same_light() -> None:
    """Relit to itself, and softened; a third of the pixels nearly black, whose own ratios are in the tens."""
    composite = textured(2)
    composite[..., torch.from_numpy(np.random.default_rng(2).random((256, 256)) < 0.3)] = 0.01
    objects = torch.zeros(1, 1, 256, 256, dtype=torch.bool)
    objects[..., 60:200, 40:180] = True
    softened = gaussian_blur(composite, 3.0)
    carried = carry_light(composite, composite, softened, objects, objects.float())
    assert (carried - composite).mean().abs() * 255 < 1
    assert (carried - composite).abs().mean() * 255 < 3


def test_no_change_of_light_is_no_change() -> None:
    composite = textured(1)
    objects = torch.rand(1, 1, 256, 256) < 0.5
    small = resize(composite, (64, 64))
    carried = carry_light(composite, small, small, objects, resize(objects.float(), (64, 64)))
    torch.testing.assert_close(carried, composite, rtol=0, atol=1e-5)


def test_objects_and_background_do_not_share_light() -> None:
    composite = torch.full((1, 3, 128, 128), 0.5)
    objects = torch.zeros(1, 1, 128, 128, dtype=torch.bool)
    objects[..., 32:96, 32:96] = True
    relit = torch.where(objects, 0.3, 0.9).expand(1, 3, -1, -1)
    carried = carry_light(composite, composite, relit, objects, objects.float())
    torch.testing.assert_close(carried, relit.contiguous(), rtol=0, atol=0.01)


def test_presets() -> None:
    assert IcLightSettings.paper() == IcLightSettings()
    paper, fast = IcLightSettings.paper(), IcLightSettings.fast()
    assert (paper.size, paper.steps, paper.guidance, paper.strength, paper.second_pass) == (1024, 25, 2.0, 0.9, 0.5)
    assert (fast.size, fast.steps, fast.guidance, fast.second_pass, fast.carry) == (512, 4, 1.0, None, True)
    assert IcLightSettings.fast(size=256, sampler="lcm").size == 256
    for wrong in ({"size": 500}, {"steps": 0}, {"strength": 0}, {"guidance": 0.5}, {"sampler": "euler"}, {"stepps": 3}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            IcLightSettings(**wrong)
