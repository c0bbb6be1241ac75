"""Pixels with their truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sos_online.types.scene import Placement
from sos_online.types.values import Pixels


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
