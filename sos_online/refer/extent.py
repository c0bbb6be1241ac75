"""Of which rows a statement is true, and of which that is not decided: three-valued logic on sets of bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Extent(NamedTuple):
    """Bit ``i`` stands for row ``i``.

    Attributes:
        true: rows of which the statement is true.
        doubt: rows of which it is not decided; none of them is in ``true``. Of all others it is false.
    """

    true: int
    doubt: int

    def __and__(self, other: Extent) -> Extent:
        mine, my_doubt = self
        its, its_doubt = other
        possible = (mine | my_doubt) & (its | its_doubt)
        if not possible:
            return NOTHING
        true = mine & its
        return Extent(true, possible & ~true)

    def without(self, other: Extent) -> Extent:
        """True where this is and the other is false: *and not*."""
        true = self.true & ~(other.true | other.doubt)
        return Extent(true, (self.true | self.doubt) & ~other.true & ~true)

    @property
    def decided(self) -> bool:
        return not self.doubt

    @property
    def size(self) -> int:
        """How many rows it is true of."""
        return self.true.bit_count()

    def means(self, rows: int) -> bool:
        """Whether it is true of ``rows``, as bits, and decidedly false of all others."""
        return self.true == rows and not self.doubt


NOTHING = Extent(0, 0)


def bits_of(rows: Iterable[int]) -> int:
    """A set of rows as bits."""
    bits = 0
    for row in rows:
        bits |= 1 << row
    return bits


def bits_of_each(flags: npt.NDArray[np.bool_]) -> list[int]:
    """Each row of flags ``[n, N]`` as the bits of a set."""
    packed = np.packbits(flags, axis=1, bitorder="little")
    if not packed.size:
        return [0] * len(flags)
    content, width = packed.tobytes(), packed.shape[1]
    return [int.from_bytes(content[start : start + width], "little") for start in range(0, len(content), width)]


def extents_of_anchors(true: npt.NDArray[np.bool_], false: npt.NDArray[np.bool_]) -> list[Extent]:
    """Of which rows o a relation to each anchor p is true and false, given as ``[p, o]``; of p itself it is false."""
    everything = (1 << len(true)) - 1
    return [
        Extent(yes, everything & ~yes & ~no & ~(1 << anchor))
        for anchor, (yes, no) in enumerate(zip(bits_of_each(true), bits_of_each(false), strict=True))
    ]


def rows_of(bits: int) -> Iterator[int]:
    """The rows of a set of bits, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
