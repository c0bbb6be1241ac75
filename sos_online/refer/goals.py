"""What a phrase is to mean, asked of each way to say it before one is chosen."""

from __future__ import annotations

from collections.abc import Callable

from sos_online.refer.extent import Extent

Goal = Callable[[Extent], bool]
"""Whether what a phrase means is what is wanted."""


def just(row: int) -> Goal:
    """One row and no other."""
    bit = 1 << row
    return lambda extent: extent.true == bit and not extent.doubt


def including(row: int) -> Goal:
    """A row, and perhaps others."""
    return lambda extent: bool(extent.true >> row & 1)


def several_rows(extent: Extent) -> bool:
    """Two rows or more, and of no other is it in doubt."""
    return not extent.doubt and extent.true.bit_count() >= 2


def no_row(extent: Extent) -> bool:
    """Decidedly nothing in the image."""
    return not extent.doubt and not extent.true
