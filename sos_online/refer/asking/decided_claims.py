"""What a language model may claim of an object, decided by the facts of its image."""

from __future__ import annotations

import re

from sos_online.refer.extent import rows_of
from sos_online.refer.facts import OPPOSITE, Facts
from sos_online.refer.geometry import Side

_MOST: dict[str, Side] = {"leftmost": "left", "rightmost": "right", "topmost": "top", "bottommost": "bottom"}
_SIDES: dict[str, Side] = {"left": "left", "right": "right", "top": "top", "bottom": "bottom"}
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_COUNTED = re.compile(rf"({'|'.join(_ORDINALS)}) from (?:the )?({'|'.join(_SIDES)})")
_SAME = {
    "center": "middle",
    "centre": "middle",
    "biggest": "largest",
    "bigger than": "larger than",
}


class DecidedClaims:
    """``facts.SceneFacts`` of one image: beside what ``Facts.decide`` knows, which of a category is the leftmost, the
    second from the left, the largest, and what is larger than what.

    Args:
        facts: of the image.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def decide(self, about: int, says: str, value: str, other: int | None) -> bool | None:
        """See ``facts.SceneFacts``."""
        value = " ".join(value.lower().split())
        value = _SAME.get(value, value)
        if says == "place":
            if value in _MOST:
                return self._counted(about, _MOST[value], 0)
            if value in ("largest", "smallest"):
                return self._extreme(about, is_largest=value == "largest")
            if counted := _COUNTED.fullmatch(value):
                return self._counted(about, _SIDES[counted[2]], _ORDINALS.index(counted[1]))
        if says == "relation" and other is not None and value in ("larger than", "smaller than"):
            return self._larger(*((about, other) if value == "larger than" else (other, about)))
        return self._facts.decide(about, says, value, other)

    def _rivals(self, about: int) -> tuple[int, int]:
        """As bits, the other rows that are called as one is, and those that may be."""
        called = self._facts.is_called(self._facts.words[about].folded)
        return called.true & ~(1 << about), called.doubt & ~(1 << about)

    def _larger(self, one: int, other: int) -> bool | None:
        """Whether a row is larger than another."""
        smaller = self._facts.smaller
        if smaller[one] >> other & 1:
            return True
        return False if smaller[other] >> one & 1 else None

    def _extreme(self, about: int, is_largest: bool) -> bool | None:
        """Whether a row is the largest of its category, or the smallest."""
        rivals, perhaps = self._rivals(about)
        is_beyond = {
            row: self._larger(*((about, row) if is_largest else (row, about))) for row in rows_of(rivals | perhaps)
        }
        if any(is_beyond[row] is False for row in rows_of(rivals)):
            return False
        return True if all(is_beyond.values()) else None

    def _counted(self, about: int, side: Side, place: int) -> bool | None:
        """Whether so many others of its category are nearer to a side, and all the rest is farther."""
        rivals, perhaps = self._rivals(about)
        nearer, farther = self._facts.before(side, about), self._facts.before(OPPOSITE[side], about)
        if (rivals & nearer).bit_count() > place or ((rivals | perhaps) & ~farther).bit_count() < place:
            return False
        settled = not (rivals & ~nearer & ~farther or perhaps & ~farther)
        return True if settled and (rivals & nearer).bit_count() == place else None
