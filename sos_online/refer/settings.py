"""How many expressions of each kind an image gets."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sos_online.types import Section

_Count = Annotated[int, Field(ge=0, le=100)]


class ScopeCounts(Section):
    """Expressions of one kind in an image.

    Attributes:
        one: that mean one object.
        several: that mean two or more.
        none: that mean nothing in the image, though something nearly fits.
    """

    one: _Count = 6
    several: _Count = 3
    none: _Count = 0


class ExpressionChoice(Section):
    """Referring expressions; the defaults are the published numbers, of which none mean nothing.

    An image that has not enough to say gets fewer.

    Attributes:
        attribute: by what objects are and look like.
        position: by where they are.
        mixed: by both.
    """

    attribute: ScopeCounts = ScopeCounts()
    position: ScopeCounts = ScopeCounts()
    mixed: ScopeCounts = ScopeCounts()
