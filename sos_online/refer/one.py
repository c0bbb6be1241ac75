"""Expressions for one object."""

from __future__ import annotations

from sos_online.refer.anchors import by_look, by_name_alone, by_name_or_order, by_two_hops
from sos_online.refer.attribute_phrases import one_by_look
from sos_online.refer.draws import Draws
from sos_online.refer.goals import just
from sos_online.refer.naming import Naming
from sos_online.refer.orders import by_order
from sos_online.refer.phrase import THINGS, Phrase, singular
from sos_online.refer.places import by_place
from sos_online.refer.relations import Anchors, by_relation
from sos_online.types import ExpressionKind


def one(naming: Naming, kind: ExpressionKind, row: int, draws: Draws) -> str | None:
    """A text for a row, in one of many ways; None if the way that was drawn does not single it out."""
    phrase = _WAYS[kind](naming, row, draws)
    if phrase is None or not phrase.extent.means(1 << row):
        return None
    return singular(phrase, draws) if kind_of(phrase) == kind else None


def kind_of(phrase: Phrase) -> ExpressionKind:
    """What a phrase tells objects apart by."""
    return "attribute" if not phrase.lies else "mixed" if phrase.looks else "position"


def by_position(naming: Naming, row: int, draws: Draws) -> Phrase | None:
    """One object by its place alone; anchors have no attributes."""
    base = naming.head(row, draws, things=0.15)
    if base is None:
        return None
    share = draws.share()
    if share > 0.9:
        anchors = by_two_hops(naming, draws, _described(base, row))
    else:
        anchors = by_name_alone(naming) if share < 0.6 else by_name_or_order(naming, draws)
    phrase = _somewhere(naming, base, row, anchors, draws)
    return phrase if phrase is None or not phrase.looks else None


def by_itself(naming: Naming, row: int, draws: Draws) -> Phrase | None:
    """One object by its place alone, and without another to which it is related."""
    base = naming.head(row, draws, things=0.15)
    if base is None:
        return None
    order = by_order(naming, base, row, draws) if draws.chance(0.5) else None
    return order or by_place(naming, base, just(row), draws) or by_order(naming, base, row, draws)


def by_both(naming: Naming, row: int, draws: Draws) -> Phrase | None:
    """One object by its look and its place, or by its place beside something of a certain look."""
    base = naming.head(row, draws, things=0.12)
    if base is None:
        return None
    share = draws.share()
    looks = None if share < 0.3 else naming.with_adjectives(row, base, draws)
    if looks is None or share < 0.4:
        return by_relation(naming, base, just(row), by_look(naming, draws), draws)
    if share < 0.55:
        return by_relation(naming, looks, just(row), by_two_hops(naming, draws, _described(looks, row)), draws)
    return _somewhere(naming, looks, row, by_look(naming, draws) if share < 0.75 else by_name_alone(naming), draws)


def _described(base: Phrase, row: int) -> int:
    """As bits, a row and all that is called as it is; everything is a thing."""
    return 1 << row if base.head in THINGS else 1 << row | base.extent.true | base.extent.doubt


def _somewhere(naming: Naming, base: Phrase, row: int, anchors: Anchors, draws: Draws) -> Phrase | None:
    """``base`` with a position that singles out a row."""
    share = draws.share()
    if share < 0.3 and (place := by_place(naming, base, just(row), draws)) is not None:
        return place
    if share < 0.55 and (order := by_order(naming, base, row, draws)) is not None:
        return order
    return by_relation(naming, base, just(row), anchors, draws)


_WAYS = {"attribute": one_by_look, "position": by_position, "mixed": by_both}
