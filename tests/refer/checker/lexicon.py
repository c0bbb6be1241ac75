"""The words that a library brings: names in both numbers, short phrases, parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.refer.checker.words import APART, KINDS, SAID_AS, SAID_BY_WORD, THINGS, entries, facet_of

IRREGULAR = {
    "mouse": "mice", "person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "ox": "oxen", "knife": "knives", "leaf": "leaves", "wolf": "wolves",
    "shelf": "shelves", "loaf": "loaves", "fish": "fish", "sheep": "sheep", "deer": "deer", "squid": "squids",
    "potato": "potatoes", "tomato": "tomatoes", "mango": "mangoes", "volcano": "volcanoes", "tornado": "tornadoes",
    "mosquito": "mosquitoes", "hero": "heroes", "aircraft": "aircraft", "sushi": "sushi",
}  # fmt: skip
# further plurals that are as good
ALSO = {
    "sushi": ["sushis"], "buffalo": ["buffaloes", "buffalo"], "dodo": ["dodoes"], "flamingo": ["flamingoes"],
    "money": ["monies"],
    "mango": ["mangos"], "volcano": ["volcanos"], "tornado": ["tornados"], "mosquito": ["mosquitos"],
    "cactus": ["cacti"], "hippopotamus": ["hippopotami"], "fish": ["fishes"], "shrimp": ["shrimp"],
}  # fmt: skip
# nouns that take no "a" and are not counted
_MASSES = """bread butter cheese rice pasta sushi meat food sugar salt honey milk juice water corn popcorn
lettuce celery garlic money cash fog mist ice snow rain smoke dust sand mud soil grass hay wood bamboo wax foil
tinsel cotton wool yarn leather paper fur hair skin jewelry jewellery clothing underwear furniture luggage
baggage soap toothpaste equipment garbage hockey lacrosse dna news"""
MASSES = set(_MASSES.split())
# a name's noun is the word before these
LINKS = {"with", "without", "of", "on", "in", "behind", "showing", "increasing", "fluttering", "tilted", "not", "done"}
PARTICLES = {"on", "in", "at", "of", "with"}


@cache
def spoken(name: str) -> str:
    """A category's name as it is said: no underscores, nothing in parentheses."""
    return " ".join(re.sub(r"\([^)]*\)", " ", name).replace("_", " ").split())


@cache
def tokens_of(text: str) -> tuple[str, ...]:
    """Words of a text, case and punctuation aside; hyphens stay."""
    return tuple(re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", text.casefold()))


def plural_word(word: str) -> str:
    lower = word.lower()
    if lower in IRREGULAR:
        return IRREGULAR[lower]
    if re.search(r"[^aeiou]y$", lower):
        return word[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", lower):
        return word + "es"
    return word + "s"


def noun_at(name: str) -> int:
    """Position of the noun among a name's words."""
    words = name.split()
    return next((at - 1 for at, word in enumerate(words) if at and word in LINKS), len(words) - 1)


def plural_of(name: str) -> str:
    """Plural of a spoken name: of its noun; of both nouns around an "and"."""
    return plurals_of(name)[0]


def plurals_of(name: str) -> list[str]:
    """All good plurals of a spoken name."""
    if " and " in name:
        return [" and ".join(plural_of(part) for part in name.split(" and "))]
    words, at = name.split(), noun_at(name)
    nouns = [plural_word(words[at]), *ALSO.get(words[at].lower(), [])]
    return [" ".join([*words[:at], noun, *words[at + 1 :]]) for noun in nouns]


def is_plural_itself(name: str) -> bool:
    noun = name.split()[noun_at(name)].lower()
    return noun.endswith("s") and noun != "lens" and not re.search(r"(ss|us|[^k]is|os|as)$", noun)


def takes_no_article(noun: str) -> bool:
    """Whether nobody says "a" before a noun in the singular number that it has: teeth, fur, socks."""
    is_irregular_plural = noun in IRREGULAR.values() and noun not in IRREGULAR
    return noun in MASSES or is_plural_itself(noun) or is_irregular_plural


def stated_attribute(word: str) -> str:
    """An attribute as it is said."""
    return SAID_AS.get(word, word)


def part_noun(feature: str) -> str:
    """The noun of a part: "cherry" of "cherry on top"."""
    words = feature.split()
    return next((words[at - 1] for at, word in enumerate(words) if at and word in PARTICLES), words[-1])


def told_by(library: Any) -> dict[str, str]:
    """What a library says of all its names."""
    said: dict[str, set[str]] = {}
    for category, supercategory in zip(library.category_names, library.supercategories, strict=True):
        said.setdefault(spoken(category).casefold(), set()).add(singular(spoken(supercategory).casefold()))
    return {name: next(iter(words)) for name, words in said.items() if len(words) == 1 and words != {""}}


def singular(supercategory: str) -> str:
    """A supercategory; of the kinds that the page lists the singular."""
    if supercategory == "people":
        return "person"
    listed = {kind for pair in APART for group in pair for kind in entries(group)}
    return next((kind for kind in [*SAID_BY_WORD, *sorted(listed)] if supercategory == f"{kind}s"), supercategory)


def kinds_said(library: Any) -> list[str]:
    """The kinds that may be said of a library's things."""
    told = set(told_by(library).values())
    return [*KINDS, *(kind for kind in SAID_BY_WORD if kind not in KINDS and kind in told)]


@dataclass(frozen=True)
class Head:
    sort: str
    words: str
    singular: bool
    plural: bool
    plural_name: bool = False


class Lexicon:
    """Built over the whole of a library, as a text may speak of what is not in the image."""

    def __init__(self, library: Any) -> None:
        self.names = [spoken(name) for name in library.category_names]
        self.names_text = " | ".join(self.names).casefold()
        self.heads: dict[tuple[str, ...], list[Head]] = {}
        for name in self.names:
            if not any(letter.isalpha() for letter in name):
                continue
            own = is_plural_itself(name)
            self._add(name, Head("name", name.casefold(), not own, own, own))
            if not own:
                for plural in plurals_of(name):
                    self._add(plural, Head("name", name.casefold(), False, True))
        for kind in kinds_said(library):
            self._add(kind, Head("kind", kind, True, False))
            self._add(plural_of(kind), Head("kind", kind, False, True))
        for thing in THINGS:
            self._add(thing, Head("thing", thing, True, False))
            self._add(thing + "s", Head("thing", thing, False, True))
        self.phrases: dict[str, tuple[str, ...]] = {}
        self.phrase_names: dict[str, set[str]] = {}
        self.parts: dict[tuple[str, ...], str] = {}
        for segment in range(len(library)):
            words = library.words(segment)
            name = spoken(library.category_names[library.category_of(segment) - 1]).casefold()
            phrase = words.short_phrase
            if phrase:
                tokens = tuple(phrase.casefold().split())
                self.phrases[phrase] = tokens[1:] if tokens[0] in ("a", "an", "the") else tokens
                self.phrase_names.setdefault(phrase, set()).add(name)
            for feature in words.features:
                tokens = tuple(feature.casefold().split())
                if len(tokens) > 1 and facet_of(feature.casefold()) is None:
                    self.parts[tokens] = feature
        said = [*self.names, *map(plural_of, self.names), *self.phrases]
        self.capitals = {word for text in said for word in text.split() if word != word.lower()}

    def _add(self, words: str, head: Head) -> None:
        known = self.heads.setdefault(tuple(words.casefold().split()), [])
        if head not in known:
            known.append(head)
