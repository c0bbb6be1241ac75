"""How one image is lit, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sos_online.types.values import STRICT, Share

Relighting = Literal["identity", "photometric", "iclight"]
Direction = Literal["none", "left", "right", "top", "bottom"]
Blender = Literal["relit", "rank_sigmoid", "rank_sigmoid_truncated", "ratio", "feather", "multiband", "poisson"]


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """What a camera does to a whole picture, objects and background alike.

    Attributes:
        blur: standard deviation of a Gaussian, pixels; 0 is none.
        noise: standard deviation of the grain, grey levels of 255; 0 is none.
        jpeg: quality 1 … 100 of a JPEG round trip; 0 is none.
    """

    __pydantic_config__ = STRICT

    blur: Annotated[float, Field(ge=0, le=8)] = 0.0
    noise: Annotated[float, Field(ge=0, le=64)] = 0.0
    jpeg: Annotated[int, Field(ge=0, le=100)] = 0


@dataclass(frozen=True, slots=True)
class LightSpec:
    """The light of one image; relighters and blenders draw nothing, so equal specs give equal light.

    Attributes:
        relighter: which one.
        blenders: how the relit picture and the composite are joined inside the objects: row ``i`` of the target takes
            ``blenders[i % len(blenders)]``. ``relit`` takes the relit pixels as they are.
        direction: where diffusion light comes from; ``none`` leaves it to the prompt.
        azimuth: where photometric light comes from, degrees: 0 = right, 90 = top, counter-clockwise.
        prompt: light in words, for diffusion light.
        temperature: of the light, kelvin; 6500 is neutral.
        strength: of the light's effect, 0 … 1.
        shadow: darkness of shadows on the background, 0 … 1.
        camera: blur, grain and compression of the finished picture.
        seed: of what varies from object to object, of grain, and of diffusion noise.
    """

    __pydantic_config__ = STRICT

    relighter: Relighting = "identity"
    blenders: Annotated[tuple[Blender, ...], Field(min_length=1)] = ("relit",)
    direction: Direction = "none"
    azimuth: float = 90.0
    prompt: str = ""
    temperature: Annotated[float, Field(ge=1000, le=40000)] = 6500.0
    strength: Share = 0.5
    shadow: Share = 0.5
    camera: CameraSpec = CameraSpec()
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
