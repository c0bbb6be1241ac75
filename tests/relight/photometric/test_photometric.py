"""The relighter as a whole: what it must do to any picture, and what it does to simple ones."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.ops.colour import rgb_to_lab
from sos_online.relight import Composites
from sos_online.relight.photometric import Photometric
from tests.relight.photometric.scenes import Rect, batch, light, paint

RELIGHT = Photometric()
ONE: list[Rect] = [(40, 40, 88, 88)]
LIGHTS = st.builds(
    light,
    azimuth=st.floats(-400, 400),
    temperature=st.floats(1000, 40000),
    strength=st.floats(0, 1),
    shadow=st.floats(0, 1),
    seed=st.integers(0, 2**63 - 1),
)


@st.composite
def composites(draw: st.DrawFn) -> Composites:
    height, width = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    painted = []
    for _ in range(draw(st.integers(1, 3))):
        rects = []
        for _ in range(draw(st.integers(0, 4))):
            x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
            rects.append((x, y, x + 1 + int(rng.integers(0, width - x)), y + 1 + int(rng.integers(0, height - y))))
        _, instance_map = paint(rects, (height, width))
        colours = torch.from_numpy(rng.random((3, height, width), np.float32)).round(decimals=int(rng.integers(0, 5)))
        painted.append((colours, instance_map))
    return batch(*painted, specs=[draw(LIGHTS) for _ in painted])


def lightness(image: torch.Tensor) -> torch.Tensor:
    return rgb_to_lab(image)[..., 0, :, :]


@settings(max_examples=60)
@given(composites())
def test_any_batch_gives_pictures_in_range_and_is_left_alone(given_batch: Composites) -> None:
    before = given_batch.images.clone(), given_batch.instance_maps.clone()
    relit = RELIGHT(given_batch)
    assert relit.shape == given_batch.images.shape and relit.dtype == torch.float32
    assert torch.isfinite(relit).all() and relit.min() >= 0 and relit.max() <= 1
    assert torch.equal(given_batch.images, before[0]) and torch.equal(given_batch.instance_maps, before[1])


@settings(max_examples=40)
@given(composites())
def test_a_sample_is_lit_alike_in_any_batch(given_batch: Composites) -> None:
    relit = RELIGHT(given_batch)
    # a twentieth of a grey level: rounding in Lab moves the gain of a channel that an object has none of
    for sample in range(len(given_batch)):
        torch.testing.assert_close(RELIGHT(given_batch.take([sample]))[0], relit[sample], atol=2e-4, rtol=0)


def test_it_asks_the_device_for_nothing() -> None:
    """Tensors without data have nothing to tell, so this also runs on a GPU without waiting for it."""
    given_batch = batch(paint(ONE), paint([]), specs=[light(), light()])
    without_data = dataclasses.replace(
        given_batch, images=given_batch.images.to("meta"), instance_maps=given_batch.instance_maps.to("meta")
    )
    assert RELIGHT(without_data).shape == given_batch.images.shape


def test_models_can_train_on_what_it_returns() -> None:
    weight = torch.ones((), requires_grad=True)
    (RELIGHT(batch(paint(ONE), specs=[light()])) * weight).sum().backward()
    assert weight.grad is not None


def test_equal_specs_give_equal_light() -> None:
    given_batch = batch(paint(ONE, texture=0.1), specs=[light(seed=5)])
    assert torch.equal(RELIGHT(given_batch), RELIGHT(given_batch))
    other = dataclasses.replace(given_batch, specs=[light(seed=6)])
    assert not torch.equal(RELIGHT(given_batch), RELIGHT(other))


@settings(max_examples=30)
@given(composites())
def test_no_light_changes_nothing(given_batch: Composites) -> None:
    dark = [dataclasses.replace(spec, strength=0.0, shadow=0.0, temperature=6500.0) for spec in given_batch.specs]
    unlit = dataclasses.replace(given_batch, specs=dark)
    torch.testing.assert_close(RELIGHT(unlit), unlit.images, atol=1e-3, rtol=0)


@pytest.mark.parametrize("azimuth", [0, 45, 90, 180, 270])
def test_the_side_towards_the_light_is_brighter_the_more_so_the_stronger_the_light(azimuth: float) -> None:
    painted = paint(ONE)
    angle = np.radians(azimuth)
    rows, columns = np.mgrid[:128, :128] + 0.5
    towards = torch.from_numpy((columns - 64) * np.cos(angle) - (rows - 64) * np.sin(angle))
    lit_side, far_side = ((painted[1] == 1) & (side > 12) for side in (towards, -towards))
    differences = []
    for strength in (0.0, 0.25, 0.5, 0.75, 1.0):
        # against light from the other side: what does not depend on the side cancels out
        specs = [light(azimuth=side, strength=strength, shadow=0.0) for side in (azimuth, azimuth + 180)]
        near, opposite = lightness(RELIGHT(batch(painted, painted, specs=specs)))
        differences.append(float((near - opposite)[lit_side].mean() - (near - opposite)[far_side].mean()))
    assert abs(differences[0]) < 0.01
    assert all(later > earlier + 1 for earlier, later in itertools.pairwise(differences))
    assert differences[-1] > 10


def test_temperature_tints_the_way_it_should() -> None:
    def redness(kelvin: float) -> float:
        red, _, blue = RELIGHT(batch(paint(ONE), specs=[light(temperature=kelvin)]))[0, :, 4:20, 4:20].mean((1, 2))
        return float(red - blue)

    values = [redness(kelvin) for kelvin in (1500, 3000, 5000, 6500, 9000, 20000)]
    assert values == sorted(values, reverse=True) and values[0] > 0.08 and values[-1] < -0.02
    assert abs(values[3]) < 1e-6


def test_objects_move_towards_their_surroundings_but_not_all_the_way() -> None:
    for background, colour in (((0.15, 0.2, 0.35), (0.8, 0.6, 0.5)), ((0.85, 0.8, 0.6), (0.25, 0.3, 0.3))):
        painted = paint(ONE, background=background, colours=[colour])
        relit = RELIGHT(batch(painted, specs=[light(strength=0.8, shadow=0.0)]))[0]
        inside = painted[1] == 1
        before, after, around = (
            rgb_to_lab(image[:, region].mean(1)[:, None, None]).flatten()
            for image, region in ((painted[0], inside), (relit, inside), (painted[0], ~inside))
        )
        assert (after - around).norm() < (before - around).norm() - 4
        assert (after - before).norm() < 0.6 * (around - before).norm()


def test_an_object_of_the_backgrounds_colour_keeps_it() -> None:
    grey = (0.5, 0.5, 0.5)
    painted = paint(ONE, background=grey, colours=[grey])
    relit = RELIGHT(batch(painted, specs=[light(strength=1.0, shadow=0.0)]))[0][:, painted[1] == 1].mean(1)
    assert (relit - relit.mean()).abs().max() < 0.01, "no colour cast"
    assert abs(float(relit.mean()) - 0.5) < 0.08, "but for the darkening near the ground"


def test_brightness_keeps_its_order_and_white_stays_white() -> None:
    ramp = torch.linspace(0, 1, 128).expand(3, 128, 128).contiguous()
    relit = RELIGHT(batch((ramp, torch.zeros(128, 128, dtype=torch.int16)), specs=[light(azimuth=0.0, strength=1.0)]))
    assert (relit[..., 1:] >= relit[..., :-1] - 1e-6).all()
    assert relit[..., -1].min() > 0.99


def test_more_objects_than_a_byte_counts_and_objects_of_one_pixel() -> None:
    instance_map = torch.zeros(64, 64, dtype=torch.int16)
    instance_map[1::3, 1::3] = torch.arange(1, 442, dtype=torch.int16).view(21, 21)
    image = torch.from_numpy(np.random.default_rng(0).random((3, 64, 64), np.float32))
    given_batch = batch((image, instance_map), (image, torch.zeros_like(instance_map)), specs=[light(), light()])
    relit = RELIGHT(given_batch)
    assert torch.isfinite(relit).all()
    assert (relit[0] - relit[1]).abs().max() > 0.01


def test_seams_are_softened_and_object_interiors_keep_their_detail() -> None:
    painted = paint(ONE, background=(0.2, 0.2, 0.2), colours=[(0.8, 0.8, 0.8)], texture=0.15)
    relit = RELIGHT(batch(painted, specs=[light(azimuth=90.0, strength=0.6, shadow=0.0)]))[0].mean(0)
    image = painted[0].mean(0)
    step_before = (image[60:68, 40] - image[60:68, 39]).mean()
    step_after = (relit[60:68, 40] - relit[60:68, 39]).mean()
    assert step_after < 0.75 * step_before
    detail, kept = (picture[56:72, 56:72].diff(dim=1).flatten() for picture in (image, relit))
    assert np.corrcoef(detail, kept)[0, 1] > 0.9


def test_a_dark_object_draws_no_rim_on_a_bright_wall() -> None:
    """What is brightened a lot rolls its own highlights off, and not those of the background next to it."""
    image, instance_map = paint([(23, 22, 41, 42)], (64, 64), (0.85, 0.85, 0.85), [(0.1, 0.1, 0.1)])
    lit = RELIGHT(batch((image, instance_map), specs=[light(strength=1.0, shadow=0.0)]))[0]
    near = torch.zeros(64, 64, dtype=torch.bool)
    near[18:46, 19:45] = True
    near[20:44, 21:43] = False  # the seam itself is softened
    assert lit[:, near].min() > 0.9 * lit[:, :8].min()
