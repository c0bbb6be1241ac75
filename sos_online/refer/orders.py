"""Phrases by order along an axis: the leftmost, the second from the top, the two lowest."""

from __future__ import annotations

from sos_online.refer.draws import Draws
from sos_online.refer.extent import NOTHING, Extent, bits_of, rows_of
from sos_online.refer.facts import OPPOSITE, Facts
from sos_online.refer.geometry import AXIS_OF, SIDES, Side
from sos_online.refer.naming import Naming
from sos_online.refer.phrase import NUMBERS, ORDINALS, Phrase

_LAST = 4  # nobody counts much further
_FIRST: dict[Side, tuple[str, ...]] = {
    "left": ("leftmost",),
    "right": ("rightmost",),
    "top": ("topmost", "highest"),
    "bottom": ("bottommost", "lowest"),
}
_COUNTING = frozenset({*ORDINALS, *NUMBERS})
_FAR: dict[Side, str] = {
    "left": "on the far left",
    "right": "on the far right",
    "top": "at the very top",
    "bottom": "at the very bottom",
}


def number_from(facts: Facts, rows: int, row: int, side: Side) -> int | None:
    """Of ``rows``, as bits, the how many-th from a side ``row`` is, 1-based; None if that is not decided."""
    before = facts.geometry.before
    ahead, behind = before[side][row] & rows, before[OPPOSITE[side]][row] & rows
    return ahead.bit_count() + 1 if ahead | behind | 1 << row == rows else None


def by_order(naming: Naming, base: Phrase, row: int, draws: Draws) -> Phrase | None:
    """A row as the first or a later one from a side, among what ``base`` means."""
    peers, facts = base.extent, naming.facts
    if not _can_be_ordered(base, at_least=2):
        return None
    numbers = [(side, number_from(facts, peers.true, row, side)) for side in SIDES]
    fitting = [(side, number) for side, number in numbers if number is not None and number <= _LAST]
    return _ordered(naming, base, Extent(1 << row, 0), *draws.pick(fitting), draws) if fitting else None


def first_ones(naming: Naming, base: Phrase, draws: Draws) -> Phrase | None:
    """The two or three that are nearest to a side."""
    number = 2 + draws.chance(0.3)
    if not _can_be_ordered(base, at_least=number + 1) or not base.head.many:
        return None
    side = draws.pick(SIDES)
    peers = base.extent.true
    numbers = ((row, number_from(naming.facts, peers, row, side)) for row in rows_of(peers))
    found = [row for row, place in numbers if place is not None and place <= number]
    if len(found) < number:
        return None
    # the number is part of the meaning and not a count
    words = f"{NUMBERS[number]} {draws.pick(_FIRST[side])}"
    return base.chosen(Extent(bits_of(found), 0), words, lies=True)


def too_far(naming: Naming, base: Phrase, draws: Draws) -> Phrase | None:
    """The one behind the last: the third of two."""
    number = base.extent.size + 1
    if not _can_be_ordered(base, at_least=2) or number > _LAST:
        return None
    return _ordered(naming, base, NOTHING, draws.pick(SIDES), number, draws)


def _can_be_ordered(base: Phrase, at_least: int) -> bool:
    if not base.extent.decided or base.extent.size < at_least or base.head.is_plural or base.head.is_uncounted:
        return False
    return base.head.folded.partition(" ")[0] not in _COUNTING  # the first first quarter moon


def _ordered(naming: Naming, base: Phrase, extent: Extent, side: Side, number: int, draws: Draws) -> Phrase:
    if number > 1 or draws.chance(0.02):  # the lowest mug is hardly ever the first one from the bottom
        return base.chosen(extent, ORDINALS[number], f"from the {side}", lies=True)
    share = draws.share()
    if share < 0.2 and AXIS_OF[side] == "x":
        return base.narrowed(extent, f"furthest to the {side}", lies=True, definite=True)
    if share < 0.4 and naming.facts.geometry.places[side].true & extent.true:
        return base.narrowed(extent, _FAR[side], lies=True, definite=True)
    return base.chosen(extent, draws.pick(_FIRST[side]), lies=True)
