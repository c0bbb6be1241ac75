"""Phrases by a relation to another object: left of the mug, nearest to the red car, between the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sos_online.refer.draws import Draws
from sos_online.refer.extent import Extent
from sos_online.refer.goals import Goal
from sos_online.refer.naming import Naming
from sos_online.refer.phrase import Phrase, definite

_WORDS: dict[str, tuple[str, ...]] = {
    "left of": ("to the left of", "left of"),
    "right of": ("to the right of", "right of"),
    "above": ("above",),
    "below": ("below",),
    "in front of": ("in front of", "partly covering"),
    "behind": ("behind", "partly hidden by"),
    "on": ("on",),
    "nearest": ("nearest to", "closest to"),
}
_TRIES = 3


class Anchors(NamedTuple):
    """Objects that others may be related to.

    Attributes:
        rows: which.
        phrase: of a row, a phrase that means it and no other; None if none was found.
    """

    rows: Sequence[int]
    phrase: Callable[[int], Phrase | None]


def by_relation(
    naming: Naming, base: Phrase, goal: Goal, anchors: Anchors, draws: Draws, *, covering: float = 0.3
) -> Phrase | None:
    """What ``base`` means in a relation to an anchor: in one in which that is what is wanted.

    Args:
        covering: how often to ask what hides what, rather than where things lie.
    """
    for _ in range(_TRIES if anchors.rows else 0):
        row = draws.pick(anchors.rows)
        # "the mug below the mug" says nothing where there is but one, nor does a thing say it of itself
        if 1 << row in (base.extent.true, goal.needs):
            continue
        share = draws.share()
        if share > 0.95:
            phrase = _between(naming, base, goal, row, anchors, draws)
            if phrase is not None:
                return phrase
        fitting = _fitting(naming, base, goal, row, covering=share < covering, nearest=share > 0.75)
        anchor = anchors.phrase(row) if fitting else None
        if anchor is not None:
            name, extent = draws.pick(fitting)
            words = _WORDS[name]
            if base.head.folded.endswith(("left", "right")):  # the glass tilted right right of the mug
                words = words[:1]
            said, looks = f"{draws.pick(words)} {definite(anchor, draws)}", anchor.looks
            return base.narrowed(extent, said, "either", looks=looks, lies=True, definite=name == "nearest")
    return None


def _fitting(
    naming: Naming, base: Phrase, goal: Goal, row: int, *, covering: bool, nearest: bool
) -> list[tuple[str, Extent]]:
    """The relations to a row in which ``base`` means what is wanted, and what that is."""
    facts = naming.facts
    if nearest and base.extent.decided:
        extent = facts.geometry.nearest(base.extent.true, row)
        if extent.true and goal.is_met(extent):
            return [("nearest", extent)]
    if not covering or not facts.knows_occlusion:
        return goal.met_by(base.extent, facts.geometry.around[row])
    related = facts.covering[row]
    found = goal.met_by(base.extent, related)
    if goal.most or any(other.true & base.extent.true for other in related.values()):
        return found
    # most things do not touch: that nothing red is on the lamp is worth saying if something else is
    return [(name, extent) for name, extent in found if related[name].true]


def _between(naming: Naming, base: Phrase, goal: Goal, row: int, anchors: Anchors, draws: Draws) -> Phrase | None:
    other = draws.pick(anchors.rows)
    if other == row or 1 << other in (base.extent.true, goal.needs):
        return None
    extent = base.extent & naming.facts.geometry.between(row, other)
    if not goal.is_met(extent):
        return None
    first, second = anchors.phrase(row), anchors.phrase(other)
    # "between the mug above the car and the lamp" could be read in two ways
    if first is None or second is None or first.behind or second.behind:
        return None
    words = f"between {definite(first, draws)} and {definite(second, draws)}"
    return base.narrowed(extent, words, "either", looks=first.looks or second.looks, lies=True)
