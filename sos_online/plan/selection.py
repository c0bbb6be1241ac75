"""Some rows of a library as a bitmap with counts: a bit a row, and still the n-th selected row at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BLOCK = 128  # bits that share a count
_PIECE = 2**20  # rows looked at at once while a bitmap is made; a multiple of the block
_BITS_SET = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)


class Selection:
    """Rank and select over a bitmap (Jacobson, Space-efficient static trees and graphs, 1989).

    For 20 million rows it holds 2.5 MB of bits and 1.25 MB of counts. It is pickled as its bits, which is faster than
    to look at all rows again.

    Args:
        bits: uint8, row ``i`` is bit ``i % 8`` (lowest first) of byte ``i // 8``; whole blocks, with at least one bit
            that stands for no row at the end.
    """

    def __init__(self, bits: npt.NDArray[np.uint8]) -> None:
        self._bits = bits.reshape(-1, _BLOCK // 8)
        in_block = _BITS_SET[self._bits].sum(axis=1, dtype=np.int64)
        self._before = np.concatenate([np.zeros(1, np.int64), np.cumsum(in_block)])

    def __reduce__(self) -> tuple[Any, ...]:
        return Selection, (self._bits,)

    @staticmethod
    def where(length: int, selects: Callable[[slice], Bools]) -> Selection:
        """The rows for which ``selects`` is true; it is asked of one range of rows after the other: constant memory."""
        bits = np.zeros((length // _BLOCK + 1) * (_BLOCK // 8), np.uint8)
        for start in range(0, length, _PIECE):
            packed = np.packbits(selects(slice(start, min(start + _PIECE, length))), bitorder="little")
            bits[start // 8 : start // 8 + len(packed)] = packed
        return Selection(bits)

    @property
    def count(self) -> int:
        """How many rows are selected."""
        return int(self._before[-1])

    def rank(self, rows: Rows) -> Rows:
        """How many selected rows there are before each of ``rows``; the row behind the last may be asked for too."""
        block, within = np.divmod(rows, _BLOCK)
        whole, rest = np.divmod(within, 8)
        of_block = self._bits[block]
        in_whole = (_BITS_SET[of_block] * (np.arange(_BLOCK // 8) < whole[:, None])).sum(axis=1, dtype=np.int64)
        in_rest = _BITS_SET[of_block[np.arange(len(rows)), whole] & ((1 << rest) - 1)]
        ranks: Rows = self._before[block] + in_whole + in_rest
        return ranks

    def select(self, nth: Rows) -> Rows:
        """The ``nth`` selected rows, counted from 0; ``rank`` undoes it. Each must be below ``count``."""
        block = np.searchsorted(self._before, nth, side="right") - 1
        up_to = np.cumsum(np.unpackbits(self._bits[block], axis=1, bitorder="little"), axis=1, dtype=np.uint8)
        within = np.argmax(up_to > (nth - self._before[block])[:, None], axis=1)
        rows: Rows = block * _BLOCK + within
        return rows
