"""What a layout is: something that draws boxes, and may say what is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sos_online.ops.boxes import Rect

DrawBoxes = Callable[[tuple[int, int], int, np.random.Generator], list[Rect]]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A drawn layout.

    Attributes:
        boxes: XYXY in pixels of the canvas, of positive width and height, in the order of painting.
        categories: int64 ``[len(boxes)]``, category ids of the library; None if any segment may come.
    """

    boxes: list[Rect]
    categories: npt.NDArray[np.int64] | None = None


class Layout(Protocol):
    def draw(self, size_hw: tuple[int, int], count: int, rng: np.random.Generator) -> LaidOut:
        """A layout of ``count`` objects, or of fewer by a rule that the layout states."""
        ...


@dataclass(frozen=True, slots=True)
class BoxesAlone:
    """A layout of boxes into which any segment may come."""

    draw_boxes: DrawBoxes

    def draw(self, size_hw: tuple[int, int], count: int, rng: np.random.Generator) -> LaidOut:
        return LaidOut(self.draw_boxes(size_hw, count, rng))
