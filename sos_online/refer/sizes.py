"""Which objects are larger than which, in pixels, so clearly that hidden parts cannot change it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_online.refer.extent import bits_of_each, rows_of

_BY_AREA, _BY_BOX = 1.4, 1.2

_Floats = npt.NDArray[np.float64]


def rows_smaller(area: _Floats, whole_area: _Floats, seen: _Floats, whole: _Floats) -> list[int]:
    """For each row, as bits, the rows than which it is decidedly larger.

    Args:
        area, whole_area: pixels that are visible, and of the whole object, ``[N]``.
        seen, whole: boxes around them, XYXY ``[N, 4]``.
    """
    seen_box, whole_box = (np.multiply(*(boxes[:, 2:] - boxes[:, :2]).T) for boxes in (seen, whole))
    larger = (area[:, None] >= _BY_AREA * whole_area[None]) & (seen_box[:, None] >= _BY_BOX * whole_box[None])
    return bits_of_each(larger)


def largest(rows: int, smaller: list[int]) -> int | None:
    """Of ``rows``, as bits, the one that is larger than each other; None if that is not decided."""
    return next((row for row in rows_of(rows) if not rows & ~smaller[row] & ~(1 << row)), None)


def smallest(rows: int, smaller: list[int]) -> int | None:
    """As :func:`largest`: the one than which each other is larger."""
    for row in rows_of(rows):
        if all(smaller[other] >> row & 1 for other in rows_of(rows & ~(1 << row))):
            return row
    return None
