"""A noun phrase: what it means, and how it is put into English."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from sos_online.refer.draws import Draws
from sos_online.refer.extent import Extent
from sos_online.refer.lexicon import FACETS, Attribute
from sos_online.refer.nouns import Noun, with_article

THINGS = (
    Noun("thing", "thing", "things", False),
    Noun("object", "object", "objects", False),
    Noun("item", "item", "items", False),
)
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_RELATIVE = ("that", "that", "which")


class Phrase(NamedTuple):
    """A noun with words before and behind it.

    Attributes:
        extent: the rows that it means.
        head: the noun.
        adjectives: before the noun.
        first: before the adjectives: ``leftmost``, ``second``.
        behind: behind the noun: ``on the left``, ``red``, ``not red``.
        joint: how ``behind`` is joined to the noun: with nothing, with ``that is``, or either way.
        whole: a short phrase that stands for noun and adjectives.
        looks: it says how things look.
        lies: it says where things are.
        definite: it makes no sense without ``the``.
    """

    extent: Extent
    head: Noun
    adjectives: tuple[Attribute, ...] = ()
    first: str = ""
    behind: str = ""
    joint: str = "nothing"
    whole: str = ""
    looks: bool = False
    lies: bool = False
    definite: bool = False

    # by the constructor, which is quicker than _replace

    def narrowed(
        self,
        extent: Extent,
        behind: str,
        joint: str = "nothing",
        *,
        looks: bool = False,
        lies: bool = False,
        definite: bool = False,
    ) -> Phrase:
        """With words behind the noun, which leave ``extent`` of it."""
        return Phrase(
            extent,
            self.head,
            self.adjectives,
            self.first,
            behind,
            joint,
            self.whole,
            looks or self.looks,
            lies or self.lies,
            definite or self.definite,
        )

    def chosen(
        self, extent: Extent, first: str, behind: str = "", *, looks: bool = False, lies: bool = False
    ) -> Phrase:
        """With words before its adjectives, and perhaps behind the noun, that choose ``extent`` of it."""
        return Phrase(
            extent,
            self.head,
            self.adjectives,
            first,
            behind or self.behind,
            self.joint,
            self.whole,
            looks or self.looks,
            lies or self.lies,
            definite=True,
        )


def core(phrase: Phrase, *, many: bool = False) -> str:
    """The phrase up to its noun, without an article or number."""
    if phrase.whole:
        return phrase.whole
    words = [one.word for one in sorted(phrase.adjectives, key=_place_before_noun)]
    words.append(phrase.head.many if many and not phrase.head.is_plural else phrase.head.name)
    return " ".join([phrase.first, *words] if phrase.first else words)


@cache
def _place_before_noun(one: Attribute) -> float:
    """A striped ball is a red striped ball, and a plain one a plain red ball."""
    return FACETS.index("colour") - 0.5 if one.word == "plain" else FACETS.index(one.facet)


def tail(phrase: Phrase, draws: Draws, *, many: bool = False) -> str:
    """What stands behind the noun, with a blank before it; empty if there is nothing."""
    if not phrase.behind:
        return ""
    joint = phrase.joint
    if joint == "nothing" or (joint == "either" and draws.chance(0.85)):
        return f" {phrase.behind}"
    be = "are" if many or phrase.head.is_plural else "is"
    relative = draws.pick(_RELATIVE)
    if phrase.behind.startswith("not ") and draws.chance(0.3):
        return f" {relative} {be}n't {phrase.behind.removeprefix('not ')}"
    return f" {relative} {be} {phrase.behind}"


def definite(phrase: Phrase, draws: Draws) -> str:
    """The phrase as an anchor: always with ``the``."""
    return f"the {core(phrase)}{tail(phrase, draws)}"


def singular(phrase: Phrase, draws: Draws) -> str:
    """The phrase for one object."""
    words = core(phrase) + tail(phrase, draws)
    share = draws.share()
    if share < 0.62 or phrase.definite:
        return f"the {words}"
    # "a scissors" and "a fog" are no English
    if share < 0.75 and not phrase.head.is_plural and not phrase.head.is_uncounted:
        return with_article(words)
    return words


def plural(phrase: Phrase, draws: Draws, *, counted: bool = True) -> str:
    """The phrase for several objects; ``counted``: it may say how many, as ``phrase.extent`` has them."""
    count = phrase.extent.size
    words = core(phrase, many=True) + tail(phrase, draws, many=True)
    if phrase.definite:
        return f"the {words}"
    if phrase.head.is_plural:
        return draws.pick((f"the {words}", f"all the {words}", words))
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    options = [f"the {number} {words}", f"all {number} {words}"]
    counted = counted and words.partition(" ")[0] not in NUMBERS  # the four four leaf clovers
    if count == 2:
        options = [f"both {words}", f"both the {words}", f"the two {words}", f"the two {words}"]
    same = phrase.head.many == phrase.head.name  # "the fish" does not say that it means two
    if not same or not counted:
        options = [f"the {words}", words, f"all the {words}", *(options if counted else ())]
    return draws.pick(options)


def joined(first: Phrase, second: Phrase, draws: Draws) -> str:
    """Two phrases, of one object each, as one."""
    return f"{definite(first, draws)} and {definite(second, draws)}"


def together(adjectives: Sequence[Attribute], base: Phrase, extent: Extent) -> Phrase:
    """A phrase with adjectives before its noun, which leave ``extent`` of it."""
    looks = base.looks or bool(adjectives)
    said = tuple(adjectives), base.first, base.behind, base.joint, base.whole
    return Phrase(extent, base.head, *said, looks, base.lies, base.definite)
