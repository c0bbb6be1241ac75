"""The values that data is made of: pixels, ranges that are checked where data is read, and the base of settings."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Pixels = npt.NDArray[np.uint8]
Target = dict[str, Any]


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

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


class Section(BaseModel):
    """Base of settings, such as a section of a recipe: immutable, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
