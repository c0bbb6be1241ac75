"""How an image is lit."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import numpy as np
from pydantic import Field, field_validator, model_validator

from sos_online.plan.weighted import Weight, in_order, pick
from sos_online.types import Blender, CameraSpec, Direction, LightSpec, Relighting, Section
from sos_online.types.values import Share

_AZIMUTHS: dict[Direction, float] = {"right": 0.0, "top": 90.0, "left": 180.0, "bottom": 270.0}
_PROMPTS = (
    "soft daylight from a window",
    "bright midday sun, hard shadows",
    "warm light of a low evening sun",
    "overcast sky, even light",
    "golden morning light",
    "cool blue dusk",
    "a desk lamp in a dark room",
    "candle light",
    "white light of a photo studio",
    "fluorescent tubes in an office",
    "neon signs at night",
    "street lights after rain",
    "sun through leaves",
    "light from a television screen",
    "moonlight",
    "hazy light of a foggy day",
)

Range = tuple[float, float]
Kelvin = Annotated[float, Field(ge=1000, le=40000)]
BlurSigma = Annotated[float, Field(ge=0, le=8)]
GrainSigma = Annotated[float, Field(ge=0, le=64)]
Quality = Annotated[int, Field(ge=1, le=100)]


class CameraChoice(Section):
    """Blur, grain and compression of the finished picture; each is drawn for ``share`` of the images on its own.

    Attributes:
        share: probability of each, 0 … 1.
        blur: standard deviation in pixels, uniform between the two.
        noise: standard deviation in grey levels of 255, uniform between the two.
        jpeg: quality 1 … 100, uniform, both included.
    """

    share: Share = 0.5
    blur: tuple[BlurSigma, BlurSigma] = (0.3, 0.8)
    noise: tuple[GrainSigma, GrainSigma] = (1.0, 6.0)
    jpeg: tuple[Quality, Quality] = (60, 95)

    @field_validator("blur", "noise", "jpeg")
    @classmethod
    def _ordered(cls, limits: tuple[float, float]) -> tuple[float, float]:
        return _ordered(limits)


class LightChoice(Section):
    """Light by weights and ranges.

    Attributes:
        relighters: a weight for each wanted: ``identity`` (leaves the composite), ``photometric`` (cheap light made
            from masks and statistics), ``iclight`` (diffusion). Several are a mixture: each image takes one.
        blenders: a weight for each way to join relit picture and composite inside the objects; ``relit`` takes the
            relit pixels as they are, ``rank_sigmoid`` is the published one (``rank_sigmoid_truncated`` rounds down as
            the published scripts do), ``ratio``, ``feather``, ``multiband`` and ``poisson`` leave other seams.
        blend_by: draw a blender for each ``image`` or for each ``object``.
        directions: a weight for each direction of diffusion light; ``none`` leaves it to the prompt (published: half
            none, the others alike). Photometric light comes from about the same direction, from anywhere for ``none``.
        prompts: light in words, one of them drawn; for diffusion light.
        temperature: of the light, kelvin; uniform in 1/kelvin, which is about even to the eye.
        strength: of the effect, 0 … 1, uniform.
        shadow: darkness of shadows, 0 … 1, uniform.
        camera: what the camera adds to the whole picture.
    """

    relighters: dict[Relighting, Weight] = Field(default={"photometric": 1.0})
    blenders: dict[Blender, Weight] = Field(default={"relit": 1.0})
    blend_by: Literal["image", "object"] = "image"
    directions: dict[Direction, Weight] = Field(
        default={"none": 0.5, "left": 0.125, "right": 0.125, "top": 0.125, "bottom": 0.125}
    )
    prompts: Annotated[tuple[str, ...], Field(min_length=1)] = _PROMPTS
    temperature: tuple[Kelvin, Kelvin] = (4000.0, 9500.0)
    strength: tuple[Share, Share] = (0.3, 1.0)
    shadow: tuple[Share, Share] = (0.2, 0.8)
    camera: CameraChoice = CameraChoice()

    @field_validator("relighters")
    @classmethod
    def _relighters(cls, weights: dict[Relighting, float]) -> dict[Relighting, float]:
        return in_order(weights, get_args(Relighting))

    @field_validator("blenders")
    @classmethod
    def _blenders(cls, weights: dict[Blender, float]) -> dict[Blender, float]:
        return in_order(weights, get_args(Blender))

    @field_validator("directions")
    @classmethod
    def _directions(cls, weights: dict[Direction, float]) -> dict[Direction, float]:
        return in_order(weights, get_args(Direction))

    @field_validator("temperature", "strength", "shadow")
    @classmethod
    def _ordered(cls, limits: Range) -> Range:
        return _ordered(limits)

    @model_validator(mode="after")
    def _blends_something(self) -> LightChoice:
        wanted = {kind for kind, weight in self.relighters.items() if weight > 0}
        if wanted == {"identity"} and self.blenders.keys() != {"relit"}:
            raise ValueError("blenders join a relit picture with the composite, and the only relighter is identity")
        return self


def choose_light(choice: LightChoice, num_objects: int, rng: np.random.Generator) -> LightSpec:
    """Draw the light of an image of ``num_objects`` planned objects."""
    kind, direction, turn, warmth, strength, shadow = rng.random(6).tolist()
    prompt, seed = int(rng.integers(len(choice.prompts))), int(rng.integers(2**63))
    blender_numbers = rng.random(max(num_objects, 1) if choice.blend_by == "object" else 1)
    chosen = pick(choice.directions, direction)
    return LightSpec(
        relighter=pick(choice.relighters, kind),
        blenders=tuple(pick(choice.blenders, number) for number in blender_numbers.tolist()),
        direction=chosen,
        # within 45 degrees of the direction, or anywhere
        azimuth=360 * turn if chosen == "none" else (_AZIMUTHS[chosen] + 90 * (turn - 0.5)) % 360,
        prompt=choice.prompts[prompt],
        temperature=1 / _between((1 / choice.temperature[0], 1 / choice.temperature[1]), warmth),
        strength=_between(choice.strength, strength),
        shadow=_between(choice.shadow, shadow),
        camera=_choose_camera(choice.camera, rng),
        seed=seed,
    )


def _choose_camera(choice: CameraChoice, rng: np.random.Generator) -> CameraSpec:
    numbers = rng.random(6).tolist()
    blurs, grains, compresses = (number < choice.share for number in numbers[:3])
    low, high = choice.jpeg
    return CameraSpec(
        blur=_between(choice.blur, numbers[3]) if blurs else 0.0,
        noise=_between(choice.noise, numbers[4]) if grains else 0.0,
        jpeg=low + int(numbers[5] * (high - low + 1)) if compresses else 0,
    )


def _between(limits: Range, share: float) -> float:
    return limits[0] + share * (limits[1] - limits[0])


def _ordered(limits: Range) -> Range:
    if limits[0] > limits[1]:
        raise ValueError(f"expected the smaller first, found {list(limits)}")
    return limits
