"""What an object is and looks like, three-valued: 1 true, 0 undecided, -1 false."""

from __future__ import annotations

from functools import cache

from tests.refer.checker.kinds import Told, is_kind_of_other
from tests.refer.checker.lexicon import part_noun, spoken, tokens_of
from tests.refer.checker.scene import ObjectWords, before_noun
from tests.refer.checker.words import (
    MATERIALS,
    SAID_AS,
    bare,
    facet_of,
    is_near,
)

# shared by names that share nothing
SMALL_WORDS = {"with", "without", "and", "the", "for", "from", "showing", "behind"}


@cache
def singular_tokens(text: str) -> tuple[str, ...]:
    """Words of a text without a plural s."""
    return tuple(token[:-1] if token.endswith("s") and len(token) > 3 else token for token in tokens_of(text))


@cache
def contains(text: str, words: str) -> bool:
    """Whether a text has these words in a row, plural s aside."""
    inner, outer = singular_tokens(words), singular_tokens(text)
    return any(outer[at : at + len(inner)] == inner for at in range(len(outer)))


def is_name(thing: ObjectWords, name: str, shared: frozenset[str], told: Told) -> int:
    if not any(letter.isalpha() for letter in thing.name) or name in shared:
        unknown = thing.name == name or not any(letter.isalpha() for letter in thing.name)
        return 0 if unknown else _other(thing, name, told)
    return 1 if thing.name == name else _other(thing, name, told)


def _other(thing: ObjectWords, name: str, told: Told) -> int:
    common = set(singular_tokens(thing.name)) & set(singular_tokens(name))
    if any(len(word) >= 3 for word in common - SMALL_WORDS):
        return 0
    if is_kind_of_other(thing.name, name, told):
        return 0
    for short, long in ((name, thing.name), (thing.name, name)):
        if long.endswith(short) and len(short) >= (3 if short.isascii() else 2):
            return 0
    return 0 if any(contains(spoken(text), name) or contains(text, name) for text in thing.texts) else -1


def shows_enough(facet: str, visibility: float, area: float) -> bool:
    if facet in ("colour", "material"):
        return visibility >= 0.35
    return visibility >= 0.6 and area >= 256


def is_attribute(thing: ObjectWords, word: str, visibility: float, area: float) -> int:
    facet = facet_of(word)
    assert facet is not None
    if not shows_enough(facet, visibility, area):
        return 0
    if word in thing.stated:
        # of several colours none is its colour
        return 0 if facet == "colour" and len({bare(one) for one in thing.stated if facet_of(one) == facet}) > 1 else 1
    of_facet = [other for other in thing.stated if facet_of(other) == facet]
    if not of_facet or any(is_near(word, other) for other in of_facet) or mentions(thing, word):
        return 0
    return -1


def mentions(thing: ObjectWords, word: str) -> bool:
    """Whether an attribute, or one near it, is among the words of an object."""
    facet = facet_of(word)
    for text in thing.texts:
        for token in tokens_of(text):
            token = SAID_AS.get(token, token)
            if facet_of(token) == facet and is_near(word, token):
                return True
    return False


def has_part(thing: ObjectWords, feature: str, visibility: float) -> int:
    if feature in thing.features:
        return 1 if visibility >= 0.8 else 0
    mine = first_look(feature)
    for other in thing.features:
        if len(other.split()) < 2 or facet_of(other.casefold()) is not None:
            continue
        if part_noun(other.casefold()) != part_noun(feature.casefold()):
            continue
        theirs = first_look(other)
        if mine and theirs and facet_of(mine) == facet_of(theirs) and not is_near(mine, theirs):
            return -1
    return 0


def first_look(feature: str) -> str:
    """The colour or material that a feature begins with; "" if it begins with neither."""
    tokens = feature.casefold().split()
    for length in (2, 1):
        word = " ".join(tokens[:length])
        word = SAID_AS.get(word, word)
        if len(tokens) > length and (facet_of(word) == "colour" or word in MATERIALS):
            return word
    return ""


def is_phrase(
    thing: ObjectWords,
    phrase: str,
    names: set[str],
    shared: frozenset[str],
    told: Told,
    visibility: float,
    area: float,
) -> int:
    """Is a whole short phrase, which the library has for categories of these names."""
    if thing.phrase == phrase:
        return 1 if visibility >= 0.6 else 0
    if all(is_name(thing, name, shared, told) == -1 for name in names):
        return -1
    before = {word for name in names for word in before_noun(phrase, name)}
    return -1 if any(is_attribute(thing, word, visibility, area) == -1 for word in before) else 0
