"""What hides what: counted while the whole objects are at hand, as pixels of one that another covers."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from sos_online.refer.extent import Extent
from sos_online.types import RegionMask

_HIDES, _HIDES_PIXELS = 0.1, 64
_ON, _NOT_ON, _ON_SEEN, _ON_SIZE = 0.98, 0.5, 0.9, 0.5
_BYTE = 256

Ints = npt.NDArray[np.int64]


def hidden_pixels(instance_map: npt.NDArray[np.int16], whole: Sequence[RegionMask]) -> Ints:
    """``[p, o]``: so many pixels of the whole object of row p belong to row o in the map.

    Args:
        instance_map: ``[H, W]``, 0 = background, ``i + 1`` = row ``i``.
        whole: the whole object of each row, inside the canvas.
    """
    count = len(whole)
    pixels = np.zeros((count, count), np.int64)
    for row, part in enumerate(whole):
        height, width = part.mask.shape
        ids = instance_map[part.y : part.y + height, part.x : part.x + width]
        if count < _BYTE - 1:  # a third of the time of bincount over the masked pixels
            counted = cv2.calcHist([ids.astype(np.uint8)], [0], part.mask.view(np.uint8), [_BYTE], [0, _BYTE]).ravel()
            pixels[row] = counted[1 : count + 1].astype(np.int64)
        else:
            pixels[row] = np.bincount(ids[part.mask.astype(bool)], minlength=count + 1)[1:]
    return pixels


class Occlusion:
    """Relations between objects that cover each other.

    Args:
        hidden: as :func:`hidden_pixels` gives it.
        area, whole_area: pixels that are visible, and of the whole objects, ``[N]``.
    """

    def __init__(self, hidden: Ints, area: npt.NDArray[np.float64], whole_area: npt.NDArray[np.float64]) -> None:
        self._everything = (1 << len(hidden)) - 1
        over = hidden.T.copy()  # [o, p]: pixels of p that o covers
        np.fill_diagonal(over, 0)
        least = np.maximum(_HIDES * np.minimum(whole_area[:, None], whole_area[None]), _HIDES_PIXELS)
        self._hides, self._hides_nothing = over >= least, over == 0
        share = over / np.maximum(area, 1)[:, None]
        seen = area / np.maximum(whole_area, 1)
        fits = (seen >= _ON_SEEN)[:, None] & (area[:, None] <= _ON_SIZE * whole_area[None])
        self._lies_on, self._lies_off = (share >= _ON) & fits, share < _NOT_ON

    def in_front_of(self, anchor: int) -> Extent:
        """Rows that hide a part of the anchor."""
        return self._extent(self._hides[:, anchor], self._hides_nothing[:, anchor], anchor)

    def behind(self, anchor: int) -> Extent:
        """Rows of which the anchor hides a part."""
        return self._extent(self._hides[anchor], self._hides_nothing[anchor], anchor)

    def on(self, anchor: int) -> Extent:
        """Rows that lie on the anchor, inside its outline."""
        return self._extent(self._lies_on[:, anchor], self._lies_off[:, anchor], anchor)

    def _extent(self, true: npt.NDArray[np.bool_], false: npt.NDArray[np.bool_], anchor: int) -> Extent:
        yes, no = (int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little") for flags in (true, false))
        return Extent(yes, self._everything & ~yes & ~no & ~(1 << anchor))
