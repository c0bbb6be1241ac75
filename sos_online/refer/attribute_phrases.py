"""Phrases that tell objects apart by what they are and look like."""

from __future__ import annotations

from sos_online.refer.draws import Draws
from sos_online.refer.extent import Extent, rows_of
from sos_online.refer.lexicon import Attribute, attributes_in_name, predicate
from sos_online.refer.naming import Naming
from sos_online.refer.phrase import Phrase, core
from sos_online.refer.sizes import largest, smallest


def plain_one(naming: Naming, row: int, draws: Draws, bare: float = 0.4) -> Phrase | None:
    """One object by its name, or by adjectives and its name, with nothing behind.

    Args:
        bare: how often a name that is enough stands without adjectives.
    """
    base = naming.by_name(row)
    if base is not None and base.extent.means(1 << row) and draws.chance(bare):
        return base
    base = base if base is not None and not draws.chance(0.1) else naming.thing(draws)
    if base is None:
        return None
    with_adjectives = naming.with_adjectives(row, base, draws, until=1 << row)
    if with_adjectives is not None:
        return with_adjectives
    return base if base.extent.means(1 << row) else None


def one_by_look(naming: Naming, row: int, draws: Draws) -> Phrase | None:
    """One object, in one of many ways; None if the way that was drawn does not single it out."""
    share = draws.share()
    base = naming.head(row, draws, things=0.12)
    if base is None:
        return None
    if share < 0.5:
        return plain_one(naming, row, draws) if share < 0.1 else naming.with_adjectives(row, base, draws, 1 << row)
    if share < 0.62:
        return by_size(naming, row, base, draws)
    if share < 0.74:
        return _by_clause(naming, row, base, draws)
    if share < 0.82:
        return naming.by_phrase(row)
    if share < 0.9:
        return _by_part(naming, row, base, draws)
    return _by_what_it_is_not(naming, row, base, draws)


def two_words(naming: Naming, row: int, base: Phrase, draws: Draws) -> Phrase | None:
    """``base`` with an attribute of a row behind its noun, and perhaps another before it; whatever that means."""
    named = attributes_in_name(base.head.folded)
    own = [one for one in naming.attributes[row] if one not in named]
    if not own:
        return None
    last = draws.pick(own)
    if draws.chance(0.4) and len(own) > 1:
        first = draws.pick(own)
        if first.facet != last.facet:
            base = _with_adjective(naming, base, first)
    return base.narrowed(base.extent & naming.facts.looks(last), predicate(last), "that is", looks=True)


def not_like(naming: Naming, base: Phrase, attribute: Attribute) -> Phrase | None:
    """What ``base`` means less what has an attribute; None if its name says that it has it."""
    if attribute in attributes_in_name(base.head.folded):  # no rubber duck is not rubber
        return None
    extent = base.extent.without(naming.facts.looks(attribute))
    return base.narrowed(extent, f"not {predicate(attribute)}", "that is", looks=True)


def _by_clause(naming: Naming, row: int, base: Phrase, draws: Draws) -> Phrase | None:
    phrase = two_words(naming, row, base, draws)
    return phrase if phrase is not None and phrase.extent.means(1 << row) else None


def _by_part(naming: Naming, row: int, base: Phrase, draws: Draws) -> Phrase | None:
    if not naming.parts[row]:
        return naming.with_adjectives(row, base, draws, 1 << row)
    phrase = naming.with_part(base, draws.pick(naming.parts[row]))
    return phrase if phrase.extent.means(1 << row) else None


def _by_what_it_is_not(naming: Naming, row: int, base: Phrase, draws: Draws) -> Phrase | None:
    peers = [other for other in rows_of(base.extent.true) if other != row and naming.attributes[other]]
    if not peers:
        return None
    phrase = not_like(naming, base, draws.pick(naming.attributes[draws.pick(peers)]))
    return phrase if phrase is not None and phrase.extent.means(1 << row) else None


def by_size(naming: Naming, row: int, base: Phrase, draws: Draws) -> Phrase | None:
    """As the largest or the smallest of those of its name, or of its name and look."""
    if naming.attributes[row] and draws.chance(0.3):
        base = naming.with_adjectives(row, base, draws) or base
    peers = base.extent
    if not peers.decided or peers.size < 2 or base.head.is_plural:
        return None
    smaller = naming.facts.smaller
    words: tuple[str, ...]
    if largest(peers.true, smaller) == row:
        words = ("larger", "bigger") if peers.size == 2 else ("largest", "biggest")
    elif smallest(peers.true, smaller) == row:
        words = ("smaller",) if peers.size == 2 else ("smallest",)
    else:
        return None
    extent = Extent(1 << row, 0)
    if peers.size == 2 and base.head.many and draws.chance(0.4):
        whole = f"{draws.pick(words)} of the two {core(base, many=True)}"
        return Phrase(extent, base.head, whole=whole, looks=True, definite=True)
    return base.chosen(extent, draws.pick(words), looks=True)


def _with_adjective(naming: Naming, base: Phrase, attribute: Attribute) -> Phrase:
    extent = base.extent & naming.facts.looks(attribute)
    return base._replace(adjectives=(*base.adjectives, attribute), extent=extent, looks=True)
