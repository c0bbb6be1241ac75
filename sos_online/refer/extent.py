"""Of which rows a statement is true, and of which that is not decided: three-valued logic on sets of bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Extent(NamedTuple):
    """Bit ``i`` stands for row ``i``.

    Attributes:
        true: rows of which the statement is true.
        doubt: rows of which it is not decided; none of them is in ``true``. Of all others it is false.
    """

    true: int
    doubt: int

    def __and__(self, other: Extent) -> Extent:
        true = self.true & other.true
        return Extent(true, (self.true | self.doubt) & (other.true | other.doubt) & ~true)

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


def rows_of(bits: int) -> Iterator[int]:
    """The rows of a set of bits, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
