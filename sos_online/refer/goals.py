"""What a phrase is to mean, asked of each way to say it before one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from sos_online.refer.extent import Extent

_Name = TypeVar("_Name", bound=str)


class Goal(NamedTuple):
    """Whether what a phrase means is what is wanted.

    Attributes:
        needs: rows, as bits, of which all that is said must be true; a look at them spares most of the work.
        is_met: whether an extent is what is wanted.
    """

    needs: int
    is_met: Callable[[Extent], bool]

    def met_by(self, base: Extent, ways: Mapping[_Name, Extent]) -> list[tuple[_Name, Extent]]:
        """The ways to go on from *base* by which it means what is wanted, and what it means then."""
        needs, is_met = self
        return [
            (name, extent)
            for name, more in ways.items()
            if more.true & needs == needs and is_met(extent := base & more)
        ]


def just(row: int) -> Goal:
    """One row and no other."""
    bit = 1 << row
    return Goal(bit, lambda extent: extent.true == bit and not extent.doubt)


def including(row: int) -> Goal:
    """A row, and perhaps others."""
    return Goal(1 << row, lambda extent: bool(extent.true >> row & 1))


def _is_several(extent: Extent) -> bool:
    return not extent.doubt and extent.true.bit_count() >= 2


def _is_nothing(extent: Extent) -> bool:
    return not extent.doubt and not extent.true


several_rows = Goal(0, _is_several)
"""Two rows or more, and of no other is it in doubt."""

no_row = Goal(0, _is_nothing)
"""Decidedly nothing in the image."""
