"""What hides what, and what goes all round it: counted while the whole objects and the instance map are at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from sos_online.refer.extent import Extent, extents_of_anchors
from sos_online.refer.rings import share_of_ring
from sos_online.types import RegionMask

Covering = Literal["in front of", "behind", "on"]
COVERING: tuple[Covering, ...] = get_args(Covering)
SURROUNDED = "surrounded by"

_HIDES, _HIDES_PIXELS = 0.1, 64
_ON, _NOT_ON, _ON_SEEN, _ON_SIZE = 0.98, 0.5, 0.9, 0.5
_INSIDE, _NOT_INSIDE, _REACHES_OUT = 0.98, 0.6, 0.1

_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


class Occlusion(NamedTuple):
    """How the rows of an image lie over each other, ``[p, o]``.

    Attributes:
        hidden: so many pixels of the whole object of row p belong to row o in the map, an object in front of it.
        around: when called, the share of the ring around o that is p's, where o lies on p; NaN elsewhere. Few ask.
    """

    hidden: _Ints
    around: Callable[[], _Floats]


def find_occlusion(
    instance_map: npt.NDArray[np.int16],
    whole: Sequence[RegionMask],
    area: _Ints,
    partly: Iterable[int] | None = None,
) -> Occlusion:
    """How the rows of a map lie over each other.

    Args:
        instance_map, whole, partly: as for :func:`hidden_pixels`.
        area: pixels that are visible of each row, ``[N]``.
    """
    hidden = hidden_pixels(instance_map, whole, partly)

    def around() -> _Floats:
        shares = np.full(hidden.shape, np.nan)
        back, front = (_shares(hidden, area) >= _ON).nonzero()
        for p, o in zip(back.tolist(), front.tolist(), strict=True):
            shares[p, o] = share_of_ring(instance_map, o, p, whole[o], int(area[o]))
        return shares

    return Occlusion(hidden, around)


def hidden_pixels(
    instance_map: npt.NDArray[np.int16], whole: Sequence[RegionMask], partly: Iterable[int] | None = None
) -> _Ints:
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


def covering_relations(hidden: _Ints, area: _Floats, whole_area: _Floats) -> list[dict[str, Extent]]:
    """For each row as the anchor, the rows in each of the relations ``COVERING`` to it.

    Args:
        hidden: as :func:`hidden_pixels` gives it.
        area, whole_area: pixels that are visible, and of the whole objects, ``[N]``.
    """
    least = np.maximum(_HIDES * np.minimum(whole_area[:, None], whole_area[None]), _HIDES_PIXELS)
    hides, hides_nothing = hidden >= least, hidden == 0  # [p, o]
    share = _shares(hidden, area)
    return extents_of_anchors(
        COVERING,
        np.array([hides, hides.T, _lies_on(share, area, whole_area)]),
        np.array([hides_nothing, hides_nothing.T, share < _NOT_ON]),
    )


def surrounded_rows(occlusion: Occlusion, area: _Floats, whole_area: _Floats, seen: _Floats) -> list[dict[str, Extent]]:
    """For each row as the anchor, the rows that are ``SURROUNDED`` by it.

    Args:
        occlusion: of the rows.
        area, whole_area: as for :func:`covering_relations`.
        seen: boxes around what is visible, XYXY ``[N, 4]``.
    """
    around, on = occlusion.around(), _lies_on(_shares(occlusion.hidden, area), area, whole_area)
    starts, ends = seen[:, :2], seen[:, 2:]
    out = np.maximum(starts[:, None] - starts, ends - ends[:, None])  # so far o reaches out of p, [p, o, axis]
    reaches_out = (out >= _REACHES_OUT * (ends - starts)).any(axis=2)
    true, false = on & (out < 0).all(axis=2) & (around >= _INSIDE), reaches_out | (around < _NOT_INSIDE)
    return extents_of_anchors([SURROUNDED], true[None], false[None])


def _lies_on(share: _Floats, area: _Floats, whole_area: _Floats) -> npt.NDArray[np.bool_]:
    """``[p, o]``: whether o lies on p, of which it has ``share`` of its visible pixels on it."""
    fits = (area >= _ON_SEEN * whole_area) & (area <= _ON_SIZE * whole_area[:, None])
    flags: npt.NDArray[np.bool_] = (share >= _ON) & fits
    return flags


def _shares(hidden: _Ints, area: npt.NDArray[np.generic]) -> _Floats:
    """``[p, o]``: the share of o's visible pixels that lie on the whole object of row p."""
    shares: _Floats = hidden / np.maximum(area, 1)
    return shares
