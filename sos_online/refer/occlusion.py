"""What hides what: counted while the whole objects are at hand, as pixels of one that another covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

from sos_online.refer.extent import Extent, extents_of_anchors
from sos_online.types import RegionMask

Covering = Literal["in front of", "behind", "on"]
COVERING: tuple[Covering, ...] = get_args(Covering)

_HIDES, _HIDES_PIXELS = 0.1, 64
_ON, _NOT_ON, _ON_SEEN, _ON_SIZE = 0.98, 0.5, 0.9, 0.5
_BYTE = 256

Ints = npt.NDArray[np.int64]


def hidden_pixels(
    instance_map: npt.NDArray[np.int16], whole: Sequence[RegionMask], partly: Iterable[int] | None = None
) -> Ints:
    """``[p, o]``: so many pixels of the whole object of row p belong to row o in the map.

    Args:
        instance_map: ``[H, W]``, 0 = background, ``i + 1`` = row ``i``.
        whole: the whole object of each row, inside the canvas.
        partly: rows of which something is hidden; only those are looked at, the others have zeros. All if None.
    """
    count = len(whole)
    pixels = np.zeros((count, count), np.int64)
    for row in range(count) if partly is None else partly:
        part = whole[row]
        height, width = part.mask.shape
        ids = instance_map[part.y : part.y + height, part.x : part.x + width]
        if count < _BYTE - 1:  # a third of the time of bincount over the masked pixels
            counted = cv2.calcHist([ids.astype(np.uint8)], [0], part.mask.view(np.uint8), [_BYTE], [0, _BYTE]).ravel()
            pixels[row] = counted[1 : count + 1].astype(np.int64)
        else:
            pixels[row] = np.bincount(ids[part.mask.astype(bool)], minlength=count + 1)[1:]
    return pixels


def covering_relations(
    hidden: Ints, area: npt.NDArray[np.float64], whole_area: npt.NDArray[np.float64]
) -> list[dict[str, Extent]]:
    """For each row as the anchor, the rows that hide a part of it, that it hides, and that lie inside its outline.

    Args:
        hidden: as :func:`hidden_pixels` gives it.
        area, whole_area: pixels that are visible, and of the whole objects, ``[N]``.
    """
    hidden = hidden.copy()
    np.fill_diagonal(hidden, 0)
    least = np.maximum(_HIDES * np.minimum(whole_area[:, None], whole_area[None]), _HIDES_PIXELS)
    hides, hides_nothing = hidden >= least, hidden == 0  # [p, o]
    share = hidden / np.maximum(area, 1)
    fits = (area >= _ON_SEEN * whole_area) & (area <= _ON_SIZE * whole_area[:, None])
    found: dict[Covering, list[Extent]] = {
        "in front of": extents_of_anchors(hides, hides_nothing),
        "behind": extents_of_anchors(hides.T, hides_nothing.T),
        "on": extents_of_anchors((share >= _ON) & fits, share < _NOT_ON),
    }
    return [{name: found[name][anchor] for name in COVERING} for anchor in range(len(hidden))]
