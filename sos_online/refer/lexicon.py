"""Words that describe how things look, by facet: which exclude each other, and which are too near to tell apart.

``docs/words.md`` lists them for the reader; what it says is what holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple, get_args

Facet = Literal["height", "surface", "shape", "colour", "pattern", "material"]
FACETS: tuple[Facet, ...] = get_args(Facet)
"""In the order in which English puts them before a noun."""

COARSE: frozenset[Facet] = frozenset({"colour", "material"})
"""Facets that little of an object is enough to see."""

_WORDS: dict[Facet, str] = {
    "height": "tall short",
    "surface": "glossy shiny matte grained translucent smooth soft rough ribbed",
    "shape": "round square rectangular oval triangular",
    "colour": "red orange yellow green teal blue purple pink white cream beige grey black brown gold silver copper "
    "bronze terracotta turquoise violet navy maroon",
    "pattern": "plain striped dotted spotted checked scaly swirled floral plaid polka-dot",
    "material": "wooden metal ceramic plastic glass rubber paper fabric latex clay leather stone porcelain foil "
    "steel wax wicker concrete",
}
_SHADES = frozenset({"light", "dark", "pale", "deep", "bright"})
_SAME = {"wood": "wooden", "golden": "gold", "gray": "grey", "metallic": "metal"}
_ENDING_OF_PATTERNS = "-patterned"

# people do not agree on where one ends and the other begins, or a thing may well be both
_NEAR: dict[Facet, tuple[str, ...]] = {
    "height": (),
    "surface": (
        "glossy shiny grained translucent smooth soft ribbed",
        "matte grained smooth soft ribbed",
        "matte grained soft rough ribbed",
        "grained translucent soft rough ribbed",
    ),
    "shape": ("round oval", "square rectangular"),
    "colour": (
        "white cream beige silver",
        "grey silver",
        "gold yellow cream orange copper bronze beige",
        "brown copper bronze terracotta orange maroon beige",
        "red maroon terracotta pink orange copper",
        "teal turquoise blue green navy",
        "purple violet pink blue maroon",
        "black navy grey",
    ),
    "pattern": (
        "striped zigzag-patterned",
        "dotted spotted polka-dot star-patterned floral",
        "checked plaid",
        "scaly spotted",
    ),
    "material": (
        "ceramic porcelain clay stone glass concrete",
        "metal steel foil",
        "rubber latex plastic wax",
        "paper fabric leather foil wicker",
        "wooden wicker",
    ),
}


class Attribute(NamedTuple):
    """One word (or a colour with its shade) for how a thing looks."""

    facet: Facet
    word: str


_FACET_OF: dict[str, Facet] = {word: facet for facet, words in _WORDS.items() for word in words.split()}
_GROUPS = {facet: [frozenset(group.split()) for group in groups] for facet, groups in _NEAR.items()}


@lru_cache(maxsize=1 << 16)
def attribute(text: str) -> Attribute | None:
    """The attribute that a text in lower case is, as a whole; None if it is none that is known."""
    word = _SAME.get(text, text)
    facet = _FACET_OF.get(word)
    if facet is None and word.endswith(_ENDING_OF_PATTERNS) and word.replace("-", "").isalpha():
        facet = "pattern" if len(word) > len(_ENDING_OF_PATTERNS) else None
    if facet is not None:
        return Attribute(facet, word)
    shade, blank, rest = word.partition(" ")
    base = _SAME.get(rest, rest)
    if blank and shade in _SHADES and _FACET_OF.get(base) == "colour":
        return Attribute("colour", f"{shade} {base}")
    return None


def attributes_in(told: Sequence[str]) -> tuple[Attribute, ...]:
    """The attributes among words in lower case that stand in a row."""
    pairs = [attribute(" ".join(told[start : start + 2])) for start in range(len(told) - 1)]
    return tuple(one for one in (*pairs, *map(attribute, told)) if one is not None)


@lru_cache(maxsize=1 << 15)
def attributes_in_name(folded: str) -> tuple[Attribute, ...]:
    """The attributes among the words of a name in lower case."""
    return attributes_in(folded.split())


@cache
def near(one: Attribute, other: Attribute) -> bool:
    """Whether two attributes of a facet do not exclude each other: the same, shades of one colour, or hard to tell."""
    first, second = without_shade(one.word), without_shade(other.word)
    return first == second or any(first in group and second in group for group in _GROUPS[one.facet])


@cache
def near_words(one: Attribute) -> tuple[str, ...]:
    """All words, near an attribute, that may stand in a text for it; the attribute's own among them."""
    words = [without_shade(one.word)]
    for group in _NEAR[one.facet]:
        if words[0] in group.split():
            words += group.split()
    words += [said for said, meant in _SAME.items() if meant in words]
    return tuple(dict.fromkeys(words))


def predicate(one: Attribute) -> str:
    """An attribute as it stands behind *is*: red, wooden, made of latex."""
    return f"made of {one.word}" if one.facet == "material" and one.word != "wooden" else one.word


def colours() -> tuple[Attribute, ...]:
    """All colours without shades."""
    return tuple(Attribute("colour", word) for word in _WORDS["colour"].split())


def without_shade(word: str) -> str:
    """A colour without its shade; other words as they are."""
    return word.rpartition(" ")[2]
