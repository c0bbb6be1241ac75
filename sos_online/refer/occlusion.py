"""What hides what: counted while the whole objects are at hand, as pixels of one that another covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sos_online.refer.extent import Extent, extents_of_anchors
from sos_online.types import RegionMask

Covering = Literal["in front of", "behind", "on"]
COVERING: tuple[Covering, ...] = get_args(Covering)

_HIDES, _HIDES_PIXELS = 0.1, 64
_ON, _NOT_ON, _ON_SEEN, _ON_SIZE = 0.98, 0.5, 0.9, 0.5

Ints = npt.NDArray[np.int64]


def hidden_pixels(
    instance_map: npt.NDArray[np.int16], whole: Sequence[RegionMask], partly: Iterable[int] | None = None
) -> Ints:
    """``[p, o]``: so many pixels of the whole object of row p belong to row o in the map, an object in front of it.

    Args:
        instance_map: ``[H, W]``, 0 = background, ``i + 1`` = row ``i``.
        whole: the whole object of each row, inside the canvas; from the front to the back.
        partly: rows of which something is hidden; only those are looked at, the others have zeros. All if None.
    """
    count = len(whole)
    pixels = np.zeros((count, count), np.int64)
    starts = np.array([(one.x, one.y) for one in whole], np.int64).reshape(-1, 2)
    ends = starts + np.array([one.mask.shape[::-1] for one in whole], np.int64).reshape(-1, 2)
    rows = np.arange(count) if partly is None else np.array([*partly], np.intp)
    meet = ((starts[rows, None] < ends) & (starts < ends[rows, None])).all(axis=2)
    number, front = (meet & (np.arange(count) < rows[:, None])).nonzero()
    back = rows[number]
    # only where two windows meet, a small part of all that lies behind something
    upper, lower = np.maximum(starts[back], starts[front]), np.minimum(ends[back], ends[front])
    pairs = zip(back.tolist(), front.tolist(), upper.tolist(), lower.tolist(), strict=True)
    for p, o, (left, top), (right, bottom) in pairs:
        part = whole[p]
        hides = instance_map[top:bottom, left:right] == o + 1
        hides &= part.mask[top - part.y : bottom - part.y, left - part.x : right - part.x]
        pixels[p, o] = np.count_nonzero(hides)
    return pixels


def covering_relations(
    hidden: Ints, area: npt.NDArray[np.float64], whole_area: npt.NDArray[np.float64]
) -> list[dict[str, Extent]]:
    """For each row as the anchor, the rows that hide a part of it, that it hides, and that lie inside its outline.

    Args:
        hidden: as :func:`hidden_pixels` gives it.
        area, whole_area: pixels that are visible, and of the whole objects, ``[N]``.
    """
    least = np.maximum(_HIDES * np.minimum(whole_area[:, None], whole_area[None]), _HIDES_PIXELS)
    hides, hides_nothing = hidden >= least, hidden == 0  # [p, o]
    share = hidden / np.maximum(area, 1)
    fits = (area >= _ON_SEEN * whole_area) & (area <= _ON_SIZE * whole_area[:, None])
    return extents_of_anchors(
        COVERING,
        np.array([hides, hides.T, (share >= _ON) & fits]),
        np.array([hides_nothing, hides_nothing.T, share < _NOT_ON]),
    )
