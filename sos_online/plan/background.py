"""What lies behind the objects."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from pydantic import Field, field_validator

from sos_online.errors import RecipeError
from sos_online.plan.weighted import Weight, in_order, pick
from sos_online.types import (
    RGB,
    Background,
    GradientBackground,
    NoiseBackground,
    PhotoBackground,
    Section,
    SolidBackground,
)

Kind = Literal["photo", "solid", "gradient", "noise"]
_DRAWN: tuple[Kind, ...] = ("solid", "gradient", "noise")


class BackgroundChoice(Section):
    """Backgrounds by weight.

    Attributes:
        weights: ``auto``: photos if the dataset has any, else solid, gradient and noise alike. Or a weight for each
            kind wanted, such as ``{photo: 0.9, noise: 0.1}``.
        photo_zoom: smallest side of a photo's crop over the largest crop that has the canvas' aspect; uniform up to 1.
        photo_flip: probability of mirroring a photo left to right.
        noise_amplitude: largest deviation of a noise background, grey levels.
    """

    weights: Literal["auto"] | dict[Kind, Weight] = "auto"
    photo_zoom: float = Field(default=0.6, gt=0, le=1)
    photo_flip: float = Field(default=0.5, ge=0, le=1)
    noise_amplitude: float = Field(default=60.0, ge=0, le=255)

    @field_validator("weights")
    @classmethod
    def _in_one_order(cls, weights: Literal["auto"] | dict[Kind, float]) -> Literal["auto"] | dict[Kind, float]:
        return weights if weights == "auto" else in_order(weights, get_args(Kind))


def background_weights(choice: BackgroundChoice, num_photos: int) -> dict[Kind, float]:
    """Probability of each kind. Raises ``RecipeError`` if photos are asked for and there are none."""
    if choice.weights == "auto":
        kinds: tuple[Kind, ...] = ("photo",) if num_photos else _DRAWN
        return {kind: 1 / len(kinds) for kind in kinds}
    if choice.weights.get("photo", 0) > 0 and not num_photos:
        raise RecipeError(
            "background.weights.photo is above 0, but there are no photos: pass SOSDataset(backgrounds=...) "
            "or --backgrounds FOLDER, or leave `photo` out"
        )
    total = sum(choice.weights.values())
    return {kind: weight / total for kind, weight in choice.weights.items()}


def choose_background(
    choice: BackgroundChoice, weights: dict[Kind, float], num_photos: int, rng: np.random.Generator
) -> Background:
    """Draw a background by its weights, see :func:`background_weights`."""
    kind = pick(weights, rng.random())
    if kind == "photo":
        zoom, x, y, flip = rng.random(4).tolist()
        return PhotoBackground(
            photo=int(rng.integers(num_photos)),
            zoom=choice.photo_zoom + zoom * (1 - choice.photo_zoom),
            x=x,
            y=y,
            flip_x=flip < choice.photo_flip,
        )
    if kind == "solid":
        return SolidBackground(_colour(rng))
    if kind == "gradient":
        return GradientBackground(_colour(rng), _colour(rng), angle=float(rng.random() * 360))
    return NoiseBackground(
        _colour(rng),
        amplitude=float(rng.random() * choice.noise_amplitude),
        grain=float(2.0 ** rng.integers(0, 7)),
        seed=int(rng.integers(2**63)),
    )


def _colour(rng: np.random.Generator) -> RGB:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue
