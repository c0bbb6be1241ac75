"""How an image is lit: weights, ranges, and draws that leave the scene alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import sos_online as sos
from sos_online.plan.light import LightChoice, choose_light
from sos_online.plan.weighted import in_order, pick
from sos_online.types import LightSpec
from tests.conftest import small_recipe


def draws(count: int, objects: int = 3, **settings: Any) -> list[LightSpec]:
    rng = np.random.Generator(np.random.Philox(1))
    choice = LightChoice.model_validate(settings)
    return [choose_light(choice, objects, rng) for _ in range(count)]


def test_weights_are_met() -> None:
    lights = draws(4000, relighters={"photometric": 3, "iclight": 1}, blenders={"ratio": 1, "feather": 1})
    assert Counter(light.relighter for light in lights)["iclight"] / 4000 == pytest.approx(0.25, abs=0.03)
    assert Counter(light.blenders for light in lights)[("ratio",)] / 4000 == pytest.approx(0.5, abs=0.03)
    directions = Counter(light.direction for light in lights)
    assert directions["none"] / 4000 == pytest.approx(0.5, abs=0.03)  # published: half none, an eighth each
    assert directions["left"] / 4000 == pytest.approx(0.125, abs=0.02)


def test_a_weight_of_zero_is_never_drawn() -> None:
    assert {light.relighter for light in draws(500, relighters={"identity": 0, "photometric": 1})} == {"photometric"}


def test_ranges_are_kept_and_filled() -> None:
    lights = draws(2000, temperature=[3000, 9000], strength=[0.2, 0.4], shadow=[0.5, 0.5])
    kelvins = [light.temperature for light in lights]
    assert 3000 <= min(kelvins) < 3050 and 8900 < max(kelvins) <= 9000.001
    # uniform in 1/kelvin: half below the harmonic middle
    assert np.mean([kelvin < 4500 for kelvin in kelvins]) == pytest.approx(0.5, abs=0.05)
    assert {light.shadow for light in lights} == {0.5}
    assert 0.2 <= min(light.strength for light in lights) < 0.21
    assert len({light.seed for light in lights}) == 2000


@pytest.mark.parametrize(("direction", "azimuth"), [("right", 0), ("top", 90), ("left", 180), ("bottom", 270)])
def test_photometric_light_comes_from_about_the_direction(direction: str, azimuth: float) -> None:
    for light in draws(100, directions={direction: 1}):
        assert abs((light.azimuth - azimuth + 180) % 360 - 180) <= 45


def test_blenders_for_each_object() -> None:
    lights = draws(50, objects=7, blenders={"ratio": 1, "feather": 1}, blend_by="object")
    assert {len(light.blenders) for light in lights} == {7}
    assert any(len(set(light.blenders)) == 2 for light in lights)


def test_an_image_without_objects_has_a_light() -> None:
    assert draws(1, objects=0, blend_by="object")[0].blenders == ("relit",)


def test_camera_effects_are_drawn_each_on_its_own() -> None:
    cameras = [light.camera for light in draws(4000, camera={"share": 0.25, "jpeg": [60, 62]})]
    for name in ("blur", "noise", "jpeg"):
        assert np.mean([getattr(camera, name) > 0 for camera in cameras]) == pytest.approx(0.25, abs=0.03)
    assert np.mean([camera.blur > 0 and camera.noise > 0 for camera in cameras]) == pytest.approx(1 / 16, abs=0.02)
    assert {camera.jpeg for camera in cameras} == {0, 60, 61, 62}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"relighters": {"photometric": -1}}, "expected 0, or a weight"),
        ({"relighters": {}}, "at least one above 0"),
        ({"relighters": {"sunlight": 1}}, "sunlight"),
        ({"blenders": {"seamless": 1}}, "seamless"),
        ({"temperature": [9000, 3000]}, "smaller first"),
        ({"temperature": [10, 3000]}, "1000"),
        ({"strength": [0, 1.5]}, "less than or equal to 1"),
        ({"camera": {"jpeg": [0, 50]}}, "greater than or equal to 1"),
        ({"camera": {"noise": [5, 2]}}, "smaller first"),
        ({"prompts": []}, "at least 1"),
        ({"relighters": {"identity": 1}, "blenders": {"ratio": 1}}, "only relighter is identity"),
        ({"relighters": {"identity": 1, "iclight": 0}, "blenders": {"ratio": 1}}, "only relighter is identity"),
    ],
)
def test_exceptions(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LightChoice.model_validate(settings)


def test_light_does_not_change_the_scene(library: sos.SegmentLibrary) -> None:
    dark = sos.SOSDataset(library, small_recipe(64))
    lit = sos.SOSDataset(library, small_recipe(64, light=LightChoice().model_dump()))
    for index in range(20):
        scene, same = dark.scene(index), lit.scene(index)
        assert scene.light is None and same.light is not None
        assert (scene.size_hw, scene.background, scene.placements) == (same.size_hw, same.background, same.placements)
        assert sos.Scene.from_json(same.to_json()) == same


def test_order_in_a_file_changes_nothing() -> None:
    assert draws(20, blenders={"ratio": 1, "feather": 2}) == draws(20, blenders={"feather": 2, "ratio": 1})


def test_pick_at_the_borders() -> None:
    weights = in_order({"b": 1.0, "a": 3.0}, ("a", "b"))
    assert list(weights) == ["a", "b"]
    assert [pick(weights, number) for number in (0.0, 0.7499, 0.75, np.nextafter(1, 0))] == ["a", "a", "b", "b"]
    assert pick({"a": 0.0, "b": 1.0}, 0.0) == "b"
