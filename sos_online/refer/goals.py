"""What a phrase is to mean, asked of each way to say it before one is chosen."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from sos_online.refer.extent import Extent

_Name = TypeVar("_Name", bound=str)


class Goal(NamedTuple):
    """What a phrase is to be true of.

    Attributes:
        needs: a row, as a bit, that must be among them; 0 if it may be any.
        fewest, most: rows.
        decided: it may be in doubt of none.
    """

    needs: int
    fewest: int
    most: int = sys.maxsize
    decided: bool = True

    def is_met(self, extent: Extent) -> bool:
        """Whether an extent is what is wanted."""
        enough = extent.true & self.needs == self.needs and self.fewest <= extent.size <= self.most
        return enough and not (self.decided and extent.doubt)

    def met_by(self, base: Extent, ways: Mapping[_Name, Extent]) -> list[tuple[_Name, Extent]]:
        """The ways to go on from *base* by which it means what is wanted, and what it means then."""
        needs, fewest, most, decided = self
        mine, possible = base.true, base.true | base.doubt
        found = []
        for name, more in ways.items():
            is_so, in_doubt = more
            true = mine & is_so
            if true & needs != needs or not fewest <= true.bit_count() <= most:
                continue
            if not decided or true == possible & (is_so | in_doubt):
                found.append((name, base & more))
        return found


def just(row: int) -> Goal:
    """One row and no other."""
    return Goal(1 << row, fewest=1, most=1)


def including(row: int) -> Goal:
    """A row, and perhaps others."""
    return Goal(1 << row, fewest=1, decided=False)


several_rows = Goal(0, fewest=2)
"""Two rows or more, and of no other is it in doubt."""

no_row = Goal(0, fewest=0, most=0)
"""Decidedly nothing in the image."""
