"""Of which rows a statement is true, and of which that is not decided: three-valued logic on sets of bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_BYTES = 8  # of a number that NumPy knows


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
    count, width = packed.shape
    if width <= _BYTES:  # in a third of the time
        padded = np.zeros((count, _BYTES), np.uint8)
        padded[:, :width] = packed
        numbers: list[int] = padded.view("<u8").ravel().tolist()
        return numbers
    content = packed.tobytes()
    return [int.from_bytes(content[start : start + width], "little") for start in range(0, len(content), width)]


def extents_of_anchors(
    names: Sequence[str], true: npt.NDArray[np.bool_], false: npt.NDArray[np.bool_]
) -> list[dict[str, Extent]]:
    """For each anchor p, of which rows o each relation to it is true; of p itself it is false.

    Args:
        names: of the relations.
        true, false: of which rows they are, ``[relation, p, o]``.
    """
    count = true.shape[-1]
    others = ~np.eye(count, dtype=np.bool_)
    flags = np.concatenate(true & others), np.concatenate(~(true | false) & others)
    extents = [*map(Extent, *map(bits_of_each, flags))]
    return [dict(zip(names, extents[anchor::count], strict=True)) for anchor in range(count)]


def rows_of(bits: int) -> Iterator[int]:
    """The rows of a set of bits, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
