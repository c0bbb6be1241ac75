"""Expressions that mean nothing in the image, though something nearly fits: hard negatives."""

from __future__ import annotations

from sos_online.refer.anchors import by_look, by_name_alone, by_name_or_order
from sos_online.refer.attribute_phrases import not_like
from sos_online.refer.draws import Draws
from sos_online.refer.goals import including, no_row
from sos_online.refer.lexicon import Attribute, attributes_in_name, colours, predicate
from sos_online.refer.naming import Naming
from sos_online.refer.nouns import noun
from sos_online.refer.one import kind_of
from sos_online.refer.orders import too_far
from sos_online.refer.phrase import Phrase, plural, singular, together
from sos_online.refer.places import by_place
from sos_online.refer.relations import by_relation
from sos_online.types import ExpressionKind


def nothing(naming: Naming, kind: ExpressionKind, row: int, draws: Draws, *, late: bool) -> str | None:
    """A text that is decidedly false of every row, and nearly true of ``row``; None if what was drawn is not.

    Args:
        late: also by a name that is not in the image, which a model may learn to look at and nothing else.
    """
    phrase = _by_absent_name(naming, kind, row, draws) if draws.chance(0.5 if late else 0.04) else None
    phrase = phrase or _WAYS[kind](naming, row, draws)
    if phrase is None or not phrase.extent.means(0) or kind_of(phrase) != kind:
        return None
    # "both mugs" would count what is not there
    many = phrase.head.many and phrase.head.many != phrase.head.name and not phrase.definite
    return plural(phrase, draws, counted=False) if many and draws.chance(0.1) else singular(phrase, draws)


def _by_absent_name(naming: Naming, kind: ExpressionKind, row: int, draws: Draws) -> Phrase | None:
    absent = _absent_name(naming, row, draws)
    if absent is None:
        return None
    if kind == "position":
        if draws.chance(0.5):
            return by_place(naming, absent, no_row, draws)
        return by_relation(naming, absent, no_row, by_name_alone(naming), draws)
    look = naming.with_adjectives(row, absent, draws)
    if kind == "attribute":
        return look or absent
    return None if look is None else by_place(naming, look, no_row, draws)


def _look(naming: Naming, row: int, draws: Draws) -> Phrase | None:
    base = naming.head(row, draws, things=0.1)
    if base is None or not naming.attributes[row]:
        return None
    if draws.chance(0.93):  # "not" is rarely said of what is there
        return _with_another_look(naming, row, base, draws)
    return not_like(naming, base, draws.pick(naming.attributes[row]))


def _place(naming: Naming, row: int, draws: Draws) -> Phrase | None:
    base = naming.head(row, draws, things=0.05)
    if base is None:
        return None
    share = draws.share()
    if share < 0.15:
        return too_far(naming, base, draws)
    if share < 0.5:
        return by_place(naming, base, no_row, draws)
    alone = by_name_alone(naming)
    anchors = alone if share < 0.8 and alone.rows else by_name_or_order(naming, draws)
    return by_relation(naming, base, no_row, anchors, draws)


def _both(naming: Naming, row: int, draws: Draws) -> Phrase | None:
    base = naming.head(row, draws, things=0.08)
    if base is None:
        return None
    share = draws.share()
    if share < 0.3:
        return by_relation(naming, base, no_row, by_look(naming, draws), draws)
    if share < 0.6:  # the right place, another look
        other = _with_another_look(naming, row, base, draws) if naming.attributes[row] else None
        if other is None or other.behind:
            return None
        return _where(naming, row, base, other, draws)
    looks = naming.with_adjectives(row, base, draws)
    if looks is None:
        return by_relation(naming, base, no_row, by_look(naming, draws), draws)
    if share < 0.8:
        return by_place(naming, looks, no_row, draws)
    return by_relation(naming, looks, no_row, by_name_alone(naming), draws)


_MOST_WORDS = 3
_AKIN = 2 / 3  # of names that are not in the image, those that are not far from what is
_TRIES = 3  # to find one
_WAYS = {"attribute": _look, "position": _place, "mixed": _both}


def _with_another_look(naming: Naming, row: int, base: Phrase, draws: Draws) -> Phrase | None:
    """``base`` with an attribute that another object has, or a colour, in the place of the row's own."""
    own = naming.attributes[row]
    changed = draws.pick(own)
    pool: list[Attribute] = [
        one for other in naming.attributes for one in other if one.facet == changed.facet and one not in own
    ]
    if changed.facet == "colour" and (not pool or draws.chance(0.5)):
        pool = list(colours())
    if not pool:
        return None
    instead = draws.pick(pool)
    named = attributes_in_name(base.head.folded)
    # no rubber duck is asked to be of plastic
    if any(one.facet == instead.facet for one in named):
        return None
    if instead.word in base.head.folded or naming.facts.names.other_name_in(instead.word, base.head.name):
        return None
    words = [instead]
    extent = base.extent & naming.facts.looks(instead)
    kept = [one for one in own if one.facet != changed.facet and one.word not in base.head.folded]
    more = draws.chance(0.4)
    for one in draws.shuffled(kept):  # until nothing has all of them
        if len(words) == _MOST_WORDS or (extent.means(0) and not more):
            break
        if one.facet not in {word.facet for word in words}:
            words.append(one)
            extent = extent & naming.facts.looks(one)
            more = False
    if len(words) == 1 and draws.chance(0.2):
        return base.narrowed(extent, predicate(instead), "that is", looks=True)
    return together(words, base, extent)


def _where(naming: Naming, row: int, base: Phrase, other: Phrase, draws: Draws) -> Phrase | None:
    """``other`` where the row is, which ``base`` means."""
    if draws.chance(0.5):
        place = by_place(naming, base, including(row), draws)
    else:
        place = by_relation(naming, base, including(row), by_name_alone(naming), draws)
    if place is None or place.definite:  # the nearest one of others need not be the nearest
        return None
    return place._replace(head=other.head, adjectives=other.adjectives, extent=place.extent & other.extent, looks=True)


def _absent_name(naming: Naming, row: int, draws: Draws) -> Phrase | None:
    """A category that is in the library and decidedly not in the image, rather one like that of a row."""
    names = naming.facts.names
    akin = names.akin(naming.facts.words[row].folded)
    group = draws.pick(akin) if akin and draws.chance(_AKIN) else None
    for _ in range(_TRIES):
        name = draws.pick(group) if group else names.of(1 + draws.below(len(names)))
        extent = naming.facts.is_called(name.lower()) if name else None
        if extent is not None and extent.means(0):
            return Phrase(extent, noun(name))
    return None
