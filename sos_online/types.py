"""What flows through the house: plain, small, frozen data, and the protocols by which rooms meet.

Coordinates: boxes are XYXY in pixels, half-open (``x2`` = last column + 1), the origin at the top left corner of the
canvas. Sizes are named by their order: ``size_hw`` is (height, width), ``size_wh`` is (width, height).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sos_online.errors import StreamError

Pixels = npt.NDArray[np.uint8]


def _not_empty(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    if box[2] <= box[0] or box[3] <= box[1]:
        raise ValueError(f"expected x1 < x2 and y1 < y2, found {list(box)}")
    return box


# The limits are checked where a scene is read from JSON; what plans draw keeps to them.
NonNegative = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Byte = Annotated[int, Field(ge=0, le=255)]
RGB = tuple[Byte, Byte, Byte]
Box = Annotated[tuple[int, int, int, int], AfterValidator(_not_empty)]

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


class Section(BaseModel):
    """Base of settings, such as a section of a recipe: immutable, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Words:
    """What is known about a segment in words; empty where the source says nothing."""

    sub_category: str = ""
    description: str = ""
    short_phrase: str = ""
    features: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sub_category or self.description or self.short_phrase or self.features)


@dataclass(frozen=True, slots=True)
class Placement:
    """One segment on the canvas.

    The segment's crop is mirrored (``flip_x``, then ``flip_y``), turned by ``angle`` inside a frame grown to hold it,
    and that frame is scaled to fill ``box``.

    Attributes:
        segment: row in the library.
        category: category id in the library, 1-based.
        box: integer pixels; may reach over the border of the canvas, which cuts it.
        flip_x: mirrored left to right.
        flip_y: mirrored top to bottom.
        angle: degrees, counter-clockwise as seen.
    """

    __pydantic_config__ = _STRICT

    segment: NonNegative
    category: Positive
    box: Box
    flip_x: bool = False
    flip_y: bool = False
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class SolidBackground:
    """One colour, RGB 0 … 255."""

    __pydantic_config__ = _STRICT

    colour: RGB
    kind: Literal["solid"] = "solid"


@dataclass(frozen=True, slots=True)
class GradientBackground:
    """Linear from ``start`` to ``end`` (RGB) across the canvas, in direction ``angle`` (degrees, 0 = rightwards)."""

    __pydantic_config__ = _STRICT

    start: RGB
    end: RGB
    angle: float
    kind: Literal["gradient"] = "gradient"


@dataclass(frozen=True, slots=True)
class NoiseBackground:
    """Smooth colour noise around ``colour``: grains of ``grain`` pixels, ± ``amplitude`` grey levels, from ``seed``."""

    __pydantic_config__ = _STRICT

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

    __pydantic_config__ = _STRICT

    photo: NonNegative
    zoom: Annotated[float, Field(gt=0, le=1)]
    x: Share
    y: Share
    flip_x: bool = False
    kind: Literal["photo"] = "photo"


Background = Annotated[
    SolidBackground | GradientBackground | NoiseBackground | PhotoBackground, Field(discriminator="kind")
]


@dataclass(frozen=True, slots=True)
class Scene:
    """The plan of one image. The same scene over the same library always gives the same pixels.

    Attributes:
        size_hw: of the canvas, pixels.
        background: what lies behind everything.
        placements: in the order of painting: later ones lie on top.
    """

    __pydantic_config__ = _STRICT

    size_hw: tuple[Positive, Positive]
    background: Background
    placements: tuple[Placement, ...]

    def to_json(self) -> str:
        """One line of JSON that :meth:`from_json` turns back into an equal scene."""
        return _scene_adapter().dump_json(self).decode()

    @staticmethod
    def from_json(text: str | bytes) -> Scene:
        """Inverse of :meth:`to_json`. Raises ``StreamError`` naming the field that is wrong."""
        try:
            return _scene_adapter().validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            raise StreamError(f"scene: {'.'.join(map(str, first['loc'])) or 'text'}: {first['msg']}") from None


@cache
def _scene_adapter() -> TypeAdapter[Scene]:
    return TypeAdapter(Scene)


@dataclass(frozen=True, slots=True)
class RegionMask:
    """The pixels of one object, as a window of the canvas.

    Attributes:
        x, y: top left corner of the window on the canvas.
        mask: bool ``[h, w]``; the window lies inside the canvas.
    """

    x: int
    y: int
    mask: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Composite:
    """Pixels with their truth.

    Attributes:
        image: uint8 ``[3, H, W]``, RGB.
        instance_map: int16 ``[H, W]``; 0 = background, ``i + 1`` = ``objects[i]``. The single source of the labels.
        objects: the placements that are visible, **from the front to the back**.
        whole: for each of ``objects`` the whole object inside the canvas, hidden parts too.
    """

    image: Pixels
    instance_map: npt.NDArray[np.int16]
    objects: tuple[Placement, ...]
    whole: tuple[RegionMask, ...]


class SegmentIndex(Protocol):
    """What planning needs to know about a library: counts, ranges and sizes, never pixels.

    ``groups`` are the ranges of rows that share a category and a source, in row order.
    """

    @property
    def num_categories(self) -> int: ...
    @property
    def num_sources(self) -> int: ...
    @property
    def category_starts(self) -> npt.NDArray[np.int64]:
        """``[num_categories + 1]``: category ``c`` holds rows ``category_starts[c - 1]`` to ``category_starts[c]``."""
        ...

    def group_starts(self, source: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """First rows of the source's groups, and the cumulated sizes before each group (one longer: the total last)."""
        ...

    def __len__(self) -> int: ...
    def size_wh(self, segment: int) -> tuple[int, int]:
        """Width and height of the crop at its largest stored level, pixels."""
        ...


class SegmentPixels(Protocol):
    """What compositing needs: a segment's crop at several sizes ("levels", small to large)."""

    def level_sizes(self, segment: int) -> Sequence[tuple[int, int]]:
        """(width, height) of each level, small to large."""
        ...

    def alpha(self, segment: int, level: int) -> Pixels:
        """uint8 ``[h, w]``. Raises ``BrokenSegmentError``."""
        ...

    def colour(self, segment: int, level: int) -> Pixels:
        """uint8 ``[h, w, 3]``: RGB, straight, bled under the edge. Raises ``BrokenSegmentError``."""
        ...


class PhotoPixels(Protocol):
    """What painting a photo background needs."""

    def __len__(self) -> int: ...
    def read(self, photo: int, at_least_hw: tuple[int, int]) -> Pixels:
        """uint8 ``[h, w, 3]``, RGB, upright; may be decoded smaller as long as it covers ``at_least_hw``.

        Raises ``BrokenPhotoError``.
        """
        ...


Target = dict[str, Any]
