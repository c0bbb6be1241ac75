"""Random centres: the second ablation layout of the SOS paper (arXiv 2510.09110)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sos_online.ops.boxes import Rect
from sos_online.plan.layout.limits import Shares
from sos_online.types import Section


class RandomCentres(Section):
    """Boxes of uniform sides whose centres are uniform on the canvas: they may reach over its border, and hide others.

    Attributes:
        sides: limits of a box's width as a share of the canvas' width, uniform; of its height likewise, on its own.
    """

    kind: Literal["random_centres"] = "random_centres"
    sides: Shares = (0.05, 0.6)


def random_centres(
    settings: RandomCentres, size_hw: tuple[int, int], count: int, rng: np.random.Generator
) -> list[Rect]:
    """``count`` boxes whose centres are on the canvas, in the order in which they are drawn."""
    low, high = settings.sides
    numbers = rng.random((count, 4))
    wh = np.array([size_hw[1], size_hw[0]])
    half = wh * (low + numbers[:, :2] * (high - low)) / 2
    centres = wh * numbers[:, 2:]
    boxes: list[Rect] = [(x1, y1, x2, y2) for x1, y1, x2, y2 in np.hstack([centres - half, centres + half]).tolist()]
    return boxes
