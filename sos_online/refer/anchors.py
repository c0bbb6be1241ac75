"""Phrases for the objects that others are related to: each means exactly one row."""

from __future__ import annotations

from sos_online.refer.attribute_phrases import by_size, plain_one
from sos_online.refer.draws import Draws
from sos_online.refer.goals import just
from sos_online.refer.naming import Naming
from sos_online.refer.orders import by_order
from sos_online.refer.phrase import Phrase
from sos_online.refer.places import by_place
from sos_online.refer.relations import Anchors, by_relation


def by_name_alone(naming: Naming) -> Anchors:
    """The mug: where there is but one."""
    return Anchors(naming.alone, naming.by_name)


def by_name_or_order(naming: Naming, draws: Draws) -> Anchors:
    """The mug; or the leftmost mug, where there are several."""

    def anchor(row: int) -> Phrase | None:
        base = naming.by_name(row)
        if base is None or base.extent.means(1 << row):
            return base
        ordered = by_order(naming, base, row, draws)
        return ordered if ordered is not None and not ordered.behind else None

    return Anchors(naming.anchors, anchor)


def by_look(naming: Naming, draws: Draws) -> Anchors:
    """The red mug; or the largest thing."""

    def anchor(row: int) -> Phrase | None:
        if naming.attributes[row] and draws.chance(0.9):
            phrase = plain_one(naming, row, draws, bare=0.0)
        else:
            base = naming.by_name(row) if draws.chance(0.3) else naming.thing(draws)
            phrase = None if base is None else by_size(naming, row, base, draws)
        return phrase if phrase is not None and phrase.looks else None

    return Anchors(naming.anchors, anchor)


def by_two_hops(naming: Naming, draws: Draws, described: int) -> Anchors:
    """The mug that is above the car: of several mugs the one in a place, or in a relation to a third object.

    Its noun alone means several, so that what stands behind it can belong to nothing before it.

    Args:
        described: as bits, rows that are no third object: "the box on the apple nearest to the box" says nothing.
    """
    look, alone = (_less(anchors, described) for anchors in (by_look(naming, draws), by_name_alone(naming)))

    def anchor(row: int) -> Phrase | None:
        base = naming.by_name(row)
        if base is None:
            return None
        if draws.chance(0.3):
            phrase = by_place(naming, base, just(row), draws)
        else:
            third = look if draws.chance(0.5) else alone
            phrase = by_relation(naming, base, just(row), third, draws, covering=0.15)
        return None if phrase is None else phrase._replace(joint="that is")

    # with no row in doubt, "the mug" alone is surely no anchor
    return Anchors(naming.with_peers, anchor)


def _less(anchors: Anchors, rows: int) -> Anchors:
    """Anchors without some rows, given as bits."""
    return anchors._replace(rows=[row for row in anchors.rows if not rows >> row & 1])
