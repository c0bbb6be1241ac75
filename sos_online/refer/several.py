"""Expressions for two objects or more."""

from __future__ import annotations

from collections.abc import Callable

from sos_online.refer.anchors import by_look, by_name_alone, by_name_or_order
from sos_online.refer.attribute_phrases import not_like, plain_one, two_words
from sos_online.refer.draws import Draws
from sos_online.refer.extent import Extent
from sos_online.refer.goals import several_rows
from sos_online.refer.naming import Naming
from sos_online.refer.one import by_itself, kind_of
from sos_online.refer.orders import first_ones
from sos_online.refer.phrase import THINGS, Phrase, core, definite, joined, plural, tail
from sos_online.refer.places import by_place
from sos_online.refer.relations import by_relation
from sos_online.types import ExpressionKind

Said = tuple[str, int]
"""A text, and as bits the rows that it means."""

_TRIES = 3
_Way = Callable[[Naming, int, Draws], Phrase | None]
_BUT = ("except", "but", "other than")


def several(naming: Naming, kind: ExpressionKind, row: int, draws: Draws, *, one_by_one: bool) -> Said | None:
    """A text for several rows, often one of them ``row``; None if what was drawn does not mean several.

    Args:
        one_by_one: name two objects, each by itself, as objects of an image seldom have something in common.
    """
    share = draws.share()
    if one_by_one or share < _UNIONS[kind]:
        return _union(naming, kind, row, draws)
    if kind == "attribute" and share < _UNIONS[kind] + 0.12:
        return _all_but_one(naming, row, draws)
    phrase = _group(naming, kind, row, draws)
    if phrase is None or not phrase.extent.decided or phrase.extent.size < 2 or kind_of(phrase) != kind:
        return None
    if phrase.head.folded == "thing" and phrase.behind and not phrase.adjectives and draws.chance(0.6):
        joint = "that is" if phrase.joint != "nothing" else "nothing"
        said = "everything" + tail(phrase._replace(joint=joint), draws)
        return said, phrase.extent.true
    if not phrase.head.many and not phrase.head.is_plural:
        return None
    return plural(phrase, draws), phrase.extent.true


_UNIONS: dict[ExpressionKind, float] = {"attribute": 0.35, "position": 0.2, "mixed": 0.25}


def _group(naming: Naming, kind: ExpressionKind, row: int, draws: Draws) -> Phrase | None:
    """A phrase in the plural; whatever it means."""
    base = naming.head(row, draws, things=0.3)
    if base is not None and base.extent.size < 2:
        base = naming.thing(draws)
    if base is None:
        return None
    share = draws.share()
    if kind == "attribute":
        if share < 0.2:
            return base if base.head not in THINGS else None
        if share < 0.35:
            return two_words(naming, row, base, draws)
        if share < 0.5 and naming.attributes[row]:
            return not_like(naming, base, draws.pick(naming.attributes[row]))
        return naming.with_adjectives(row, base, draws)
    if kind == "mixed" and share < 0.3:
        return by_relation(naming, base, several_rows, by_look(naming, draws), draws, covering=0.1)
    if kind == "mixed":
        with_look = naming.with_adjectives(row, base, draws)
        if with_look is None:
            return by_relation(naming, base, several_rows, by_look(naming, draws), draws, covering=0.1)
        base = with_look
    if share < 0.5:
        return by_place(naming, base, several_rows, draws)
    if share < 0.62:
        return first_ones(naming, base, draws)
    anchors = by_name_alone(naming) if share < 0.85 else by_name_or_order(naming, draws)
    return by_relation(naming, base, several_rows, anchors, draws, covering=0.1)


def _union(naming: Naming, kind: ExpressionKind, row: int, draws: Draws) -> Said | None:
    """Two objects, each by a phrase of its own.

    What stands behind the second noun may be read as said of both. As the first phrase means one object without it,
    that changes nothing, unless it chooses: the leftmost mug at the top may be another than the leftmost of all. None
    has an anchor, which would be read together with what follows.
    """
    ways: tuple[_Way, _Way] = (plain_one, plain_one)
    if kind == "position":
        ways = (by_itself, by_itself)
    elif kind == "mixed":
        ways = (by_itself, plain_one) if draws.chance(0.5) else (plain_one, by_itself)
    first = _single(ways[0](naming, row, draws), row)
    for _ in range(_TRIES if first is not None else 0):
        other = draws.below(len(naming.facts))
        second = _single(ways[1](naming, other, draws), other) if other != row else None
        if first is None or second is None:
            continue
        both = first._replace(looks=first.looks or second.looks, lies=first.lies or second.lies)
        if kind_of(both) != kind:
            continue
        turned = first.definite and second.behind and not second.definite
        said = joined(second, first, draws) if turned else joined(first, second, draws)
        return said, 1 << row | 1 << other
    return None


def _single(phrase: Phrase | None, row: int) -> Phrase | None:
    """The phrase, if it means one row and reads like one thing."""
    if phrase is None or not phrase.extent.means(1 << row) or " and " in phrase.head.folded:
        return None
    return phrase


def _all_but_one(naming: Naming, row: int, draws: Draws) -> Said | None:
    """All of a name, or all things, less one."""
    base = naming.thing(draws) if draws.chance(0.4) else naming.by_name(row)
    if base is None or not base.extent.decided or base.extent.size < 3 or not base.head.many:
        return None
    left_out = plain_one(naming, row, draws)
    is_thing = base.head in THINGS
    if left_out is None or not left_out.extent.means(1 << row) or (left_out.head in THINGS and not is_thing):
        return None
    rest = Extent(base.extent.true & ~(1 << row), 0)
    same = not is_thing and left_out.head == base.head
    if same and left_out.adjectives:
        words = core(left_out).removesuffix(base.head.name).strip()
        one = f"the {words} one"
    elif same:
        return None
    else:
        one = definite(left_out, draws)
    share = draws.share()
    if is_thing and share < 0.4:
        return f"everything {draws.pick(_BUT)} {one}", rest.true
    if share < 0.7:
        return f"all the {base.head.many} {draws.pick(_BUT)} {one}", rest.true
    one_of_all = THINGS[1].name if is_thing else base.head.name  # "every thing" is one word
    return f"every {one_of_all} {draws.pick(('except', 'other than'))} {one}", rest.true
