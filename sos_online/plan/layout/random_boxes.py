"""Random boxes: the first ablation layout of the SOS paper (arXiv 2510.09110)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from sos_online.ops.boxes import Rect, area
from sos_online.plan.layout.limits import Shares
from sos_online.types import Section


class RandomBoxes(Section):
    """Boxes of uniform sides at uniform places inside the canvas, no two of them nearly the same.

    Attributes:
        sides: limits of a box's width as a share of the canvas' width, uniform; of its height likewise, on its own.
        max_iou: largest intersection over union of any two boxes.
        tries: proposals for one box; one that finds no place is left out, and the next is still tried.
    """

    kind: Literal["random_boxes"] = "random_boxes"
    sides: Shares = (0.05, 0.6)
    max_iou: float = Field(default=0.5, ge=0, le=1)
    tries: int = Field(default=100, ge=1, le=1000)


def random_boxes(settings: RandomBoxes, size_hw: tuple[int, int], count: int, rng: np.random.Generator) -> list[Rect]:
    """At most ``count`` boxes inside the canvas, in the order in which they are drawn, large and small alike."""
    boxes: list[Rect] = []
    for _ in range(count):
        for _ in range(settings.tries):
            box = _propose(settings.sides, size_hw, rng)
            if all(_iou(box, other) <= settings.max_iou for other in boxes):
                boxes.append(box)
                break
    return boxes


def _propose(sides: tuple[float, float], size_hw: tuple[int, int], rng: np.random.Generator) -> Rect:
    height, width = size_hw
    u_width, u_height, u_x, u_y = rng.random(4).tolist()
    box_w = width * (sides[0] + u_width * (sides[1] - sides[0]))
    box_h = height * (sides[0] + u_height * (sides[1] - sides[0]))
    x, y = u_x * (width - box_w), u_y * (height - box_h)
    return x, y, x + box_w, y + box_h


def _iou(one: Rect, other: Rect) -> float:
    shared = area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))
    return shared / (area(one) + area(other) - shared)
