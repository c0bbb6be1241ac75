"""Backgrounds by weight."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sos_online.errors import RecipeError
from sos_online.plan.background import BackgroundChoice, background_weights, choose_background
from sos_online.types import Background, GradientBackground, NoiseBackground, PhotoBackground, SolidBackground

KINDS = {"photo": PhotoBackground, "solid": SolidBackground, "gradient": GradientBackground, "noise": NoiseBackground}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def choice_of(weights: Mapping[str, float] | str = "auto", **options: float) -> BackgroundChoice:
    return BackgroundChoice.model_validate({"weights": weights, **options})


def draw(choice: BackgroundChoice, count: int, num_photos: int = 7, seed: int = 0) -> list[Background]:
    rng, weights = generator(seed), background_weights(choice, num_photos)
    return [choose_background(choice, weights, num_photos, rng) for _ in range(count)]


def assert_uniform(values: list[float], low: float, high: float) -> None:
    """Kolmogorov-Smirnov, passed once in a thousand."""
    shares = (np.sort(values) - low) / (high - low)
    assert (shares >= 0).all()
    assert (shares <= 1).all()
    assert np.abs(shares - (np.arange(len(shares)) + 0.5) / len(shares)).max() < 1.95 / math.sqrt(len(shares))


# weights


@pytest.mark.parametrize(
    ("weights", "num_photos", "expected"),
    [
        ("auto", 0, {"solid": 1 / 3, "gradient": 1 / 3, "noise": 1 / 3}),  # no photos
        ("auto", 1, {"photo": 1.0}),  # photos
        ({"solid": 5}, 0, {"solid": 1.0}),  # one kind
        ({"photo": 9, "noise": 1}, 3, {"photo": 0.9, "noise": 0.1}),  # need not add up to 1
        ({"photo": 0, "noise": 2}, 0, {"photo": 0.0, "noise": 1.0}),  # photos switched off, and there are none
    ],
)
def test_weights_table(weights: dict[str, float] | str, num_photos: int, expected: dict[str, float]) -> None:
    assert background_weights(choice_of(weights), num_photos) == pytest.approx(expected)


def test_exception_for_photos_that_are_not_there() -> None:
    with pytest.raises(RecipeError, match=r"background\.weights\.photo.*no photos"):
        background_weights(choice_of({"photo": 0.001, "noise": 1}), 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {},  # nothing to draw
        {"solid": 0},  # nothing with a chance
        {"solid": -1, "noise": 2},  # negative
        {"solid": math.nan},  # no number
        {"forest": 1},  # unknown
        "manual",  # unknown
        [1, 2],  # no mapping
    ],
)
def test_exception_for_weights_that_make_no_sense(wrong: object) -> None:
    with pytest.raises(ValidationError, match="weights"):
        BackgroundChoice.model_validate({"weights": wrong})


def test_exception_for_an_infinite_weight() -> None:
    with pytest.raises(ValidationError, match="weights"):
        choice_of({"solid": 1, "noise": math.inf})


@pytest.mark.parametrize(
    "wrong", [{"photo_zoom": 0}, {"photo_zoom": 1.1}, {"photo_flip": 2}, {"noise_amplitude": 256}, {"zoom": 1}]
)
def test_exception_for_options_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        BackgroundChoice.model_validate(wrong)


# draws


@pytest.mark.parametrize(
    "weights",
    [
        {"photo": 0.7, "noise": 0.2, "solid": 0.1},
        {"solid": 0, "photo": 0.5, "noise": 0, "gradient": 0.5},  # zeros before, between
        {"gradient": 1, "solid": 0},  # zero at the end
    ],
)
def test_kinds_come_by_their_weight(weights: dict[str, float]) -> None:
    """Within five standard deviations; what weighs nothing never comes."""
    found = Counter(background.kind for background in draw(choice_of(weights), 3000))
    total = sum(weights.values())
    for kind, weight in weights.items():
        share = weight / total
        assert abs(found[kind] - 3000 * share) <= 5 * math.sqrt(3000 * share * (1 - share)), kind
    assert set(found) <= set(weights)


class Lowest(np.random.Generator):
    """Draws the lowest number every time."""

    def random(self, size: Any = None, *_: Any, **__: Any) -> Any:
        return 0.0 if size is None else np.zeros(size)


def test_what_weighs_nothing_never_comes_even_for_the_lowest_draw() -> None:
    choice = choice_of({"photo": 0, "solid": 0, "noise": 1})
    background = choose_background(choice, background_weights(choice, 0), 0, Lowest(np.random.Philox(0)))
    assert background.kind == "noise"


@pytest.mark.parametrize("kind", KINDS)
def test_smoke_each_kind(kind: str) -> None:
    (background,) = draw(choice_of({kind: 1}), 1)
    assert type(background) is KINDS[kind]
    assert background.kind == kind


@pytest.mark.parametrize("zoom", [0.01, 0.6, 1.0])
def test_photos_and_their_crops_are_uniform(zoom: float) -> None:
    drawn = draw(choice_of({"photo": 1}, photo_zoom=zoom), 3000, num_photos=7)
    photos = [background for background in drawn if isinstance(background, PhotoBackground)]
    counts = Counter(photo.photo for photo in photos)
    assert set(counts) == set(range(7))
    assert max(abs(count - 3000 / 7) for count in counts.values()) < 5 * math.sqrt(3000 / 7)
    assert_uniform([photo.x for photo in photos], 0, 1)
    assert_uniform([photo.y for photo in photos], 0, 1)
    if zoom == 1:
        assert {photo.zoom for photo in photos} == {1.0}
    else:
        assert_uniform([photo.zoom for photo in photos], zoom, 1)
    assert {type(photo.photo) for photo in photos} == {int}


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_frequency_of_mirrored_photos(probability: float) -> None:
    drawn = draw(choice_of({"photo": 1}, photo_flip=probability), 2000, num_photos=1)
    flipped = sum(photo.flip_x for photo in drawn if isinstance(photo, PhotoBackground))
    assert abs(flipped - 2000 * probability) <= 5 * math.sqrt(2000 * probability * (1 - probability))


@pytest.mark.parametrize("amplitude", [0.0, 20.0, 255.0])
def test_noise_is_drawn_within_its_limits(amplitude: float) -> None:
    drawn = draw(choice_of({"noise": 1}, noise_amplitude=amplitude), 1500)
    noises = [background for background in drawn if isinstance(background, NoiseBackground)]
    assert {noise.grain for noise in noises} == {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0}
    assert all(0 <= noise.seed < 2**63 for noise in noises)
    assert len({noise.seed for noise in noises}) == 1500
    if amplitude:
        assert_uniform([noise.amplitude for noise in noises], 0, amplitude)
    else:
        assert {noise.amplitude for noise in noises} == {0.0}


def test_colours_reach_every_grey_level() -> None:
    drawn = draw(choice_of({"solid": 1}), 4000)
    levels = Counter(
        level for background in drawn if isinstance(background, SolidBackground) for level in background.colour
    )
    assert (min(levels), max(levels), len(levels)) == (0, 255, 256)
    assert {type(level) for level in levels} == {int}


def test_gradients_point_everywhere() -> None:
    drawn = draw(choice_of({"gradient": 1}), 1500)
    assert_uniform([background.angle for background in drawn if isinstance(background, GradientBackground)], 0, 360)


def test_round_trip_of_the_generator() -> None:
    choice = choice_of(dict.fromkeys(KINDS, 1))
    assert draw(choice, 50, seed=9) == draw(choice, 50, seed=9) != draw(choice, 50, seed=10)
