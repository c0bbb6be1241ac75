"""What lies behind the objects, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sos_online.types.values import RGB, STRICT, NonNegative, Share


@dataclass(frozen=True, slots=True)
class SolidBackground:
    """One colour, RGB 0 … 255."""

    __pydantic_config__ = STRICT

    colour: RGB
    kind: Literal["solid"] = "solid"


@dataclass(frozen=True, slots=True)
class GradientBackground:
    """Linear from ``start`` to ``end`` (RGB) across the canvas, in direction ``angle`` (degrees, 0 = rightwards)."""

    __pydantic_config__ = STRICT

    start: RGB
    end: RGB
    angle: float
    kind: Literal["gradient"] = "gradient"


@dataclass(frozen=True, slots=True)
class NoiseBackground:
    """Smooth colour noise around ``colour``: grains of ``grain`` pixels, ± ``amplitude`` grey levels, from ``seed``."""

    __pydantic_config__ = STRICT

    colour: RGB
    amplitude: Annotated[float, Field(ge=0)]
    grain: Annotated[float, Field(gt=0)]
    seed: NonNegative
    kind: Literal["noise"] = "noise"


@dataclass(frozen=True, slots=True)
class PhotoBackground:
    """A crop of a photo that has the canvas' aspect.

    Attributes:
        photo: row in the ``Backgrounds``.
        zoom: side of the crop over the largest crop of that aspect, in (0, 1].
        x, y: place of the crop in the room that is left, 0 … 1 each.
        flip_x: mirrored left to right.
    """

    __pydantic_config__ = STRICT

    photo: NonNegative
    zoom: Annotated[float, Field(gt=0, le=1)]
    x: Share
    y: Share
    flip_x: bool = False
    kind: Literal["photo"] = "photo"


Background = Annotated[
    SolidBackground | GradientBackground | NoiseBackground | PhotoBackground, Field(discriminator="kind")
]
