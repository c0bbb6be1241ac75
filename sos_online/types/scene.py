"""The plan of one image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from sos_online.errors import StreamError
from sos_online.types.background import Background
from sos_online.types.light import LightSpec
from sos_online.types.values import STRICT, Box, NonNegative, Positive


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

    __pydantic_config__ = STRICT

    segment: NonNegative
    category: Positive
    box: Box
    flip_x: bool = False
    flip_y: bool = False
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """The plan of one image. The same scene over the same library always gives the same pixels.

    Attributes:
        size_hw: of the canvas, pixels.
        background: what lies behind everything.
        placements: in the order of painting: later ones lie on top.
        light: how the composite is lit; None leaves it as it is.
        words_seed: of the expressions about it; None if there are none.
    """

    __pydantic_config__ = STRICT

    size_hw: tuple[Positive, Positive]
    background: Background
    placements: tuple[Placement, ...]
    light: LightSpec | None = None
    words_seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None

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
