"""Names of categories as nouns: how they are said, and how English bends them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple

from sos_online.refer.kinds import KINDS, SAYABLE, groups_of, is_in_table, is_kind, supercategory_as_kind

# the head of a name stands before these: "map of Japan" is a map
_PREPOSITIONS = frozenset(
    {"of", "with", "without", "in", "on", "for", "from", "to", "by", "at", "behind", "holding", "showing", "tilted"}
    | {"fluttering", "done", "not", "increasing", "decreasing"}
)
_SINGULAR_IN_S = frozenset(
    {"lens", "canvas", "atlas", "gas", "bias", "christmas", "pancreas", "news", "series", "rhinoceros"}
)
_PLURAL_WITHOUT_S = frozenset(
    {"people", "children", "men", "women", "teeth", "feet", "geese", "mice", "dice", "oxen", "scissors", "skis"}
)
_UNCOUNTED_WORDS = (
    # to eat and to drink
    "food rice bread cornbread butter cheese meat beef pork bacon sushi tofu pasta spaghetti macaroni cereal granola "
    "oatmeal popcorn corn flour sugar salt honey jam ketchup mustard mayonnaise gravy guacamole hummus salsa wasabi "
    "yogurt yoghurt vinegar garlic ginger lettuce spinach celery seaweed milk juice water "
    # that things are made of, or lie on
    "wood bamboo ice snow rain hail fog mist smoke steam dust lightning lava mud dirt soil sand gravel clay cement "
    "concrete wax foil tinfoil tinsel confetti cotton wool silk leather denim yarn gauze paper oil gasoline soap "
    "shampoo toothpaste makeup grass hay moss ivy fur hair skin blood "
    # many at once
    "money cash furniture luggage baggage jewelry jewellery clothing underwear footwear bedding pottery cutlery "
    "silverware crockery tableware stationery equipment machinery garbage rubbish trash litter "
    # and what cannot be touched
    "dna hockey lacrosse judo karate yoga music news electricity"
)
_UNCOUNTED = frozenset(_UNCOUNTED_WORDS.split())
_INITIALISMS = frozenset({"suv", "led", "mri", "sos", "hdmi", "nes", "faq", "ekg", "ecg"})
_EIGHTS = re.compile(r"(8\d*|11|18)(?!\d)")
_PLURAL_IN_OES = frozenset({"potato", "tomato", "hero", "echo", "torpedo", "volcano", "mosquito", "mango", "buffalo"})
_ANYTHING = frozenset(
    {"thing", "things", "object", "objects", "item", "items", "one", "other", "everything", "nothing"}
)
_STOP_WORDS = frozenset({"the", "and", "with", "for", "without", "from"})
_REMEMBERED = 1 << 15
_LETTERS = re.compile(r"[^\W\d_]")
_IN_PARENTHESES = re.compile(r"\([^()]*\)")
_BLANKS = re.compile(r"[\s_]+")
_WORD = re.compile(r"[^\W_]+")


class Noun(NamedTuple):
    """A noun.

    Attributes:
        name: as it is said, ``map of Japan``.
        folded: for comparisons, in lower case.
        many: of several, ``maps of Japan``; empty if it has no plural, or is one itself.
        is_plural: it is in the plural for a single object: ``scissors``.
        is_uncounted: it has no article ``a``: ``fog``.
    """

    name: str
    folded: str
    many: str
    is_plural: bool
    is_uncounted: bool = False


@cache
def spoken(category: str) -> str:
    """A category's name as it is said; empty if it cannot be: without a letter, too long, or a word for anything."""
    name = _BLANKS.sub(" ", _IN_PARENTHESES.sub(" ", category)).strip()
    return name if _LETTERS.search(name) and len(name) <= 60 and name.lower() not in _ANYTHING else ""


@cache
def noun(name: str) -> Noun:
    """A spoken name as a noun."""
    words = name.split(" ")
    head = next((place for place, word in enumerate(words) if place and word.lower() in _PREPOSITIONS), len(words)) - 1
    word = words[head].lower()
    if _is_plural(word):
        return Noun(name, name.lower(), "", True)
    if word in _UNCOUNTED or "and" in words:  # forks and knives? forks and knife?
        return Noun(name, name.lower(), "", False, word in _UNCOUNTED)
    many = " ".join([*words[:head], _plural_of(words[head]), *words[head + 1 :]])
    return Noun(name, name.lower(), many, False)


def load_english() -> None:
    """Load what plurals and articles are made with, now rather than at the first: it takes a second and a half."""
    _engine()


def with_article(text: str) -> str:
    """A text behind ``a`` or ``an``, whichever its first sound asks for."""
    return f"{_article(text.partition(' ')[0])} {text}"


def words_in(text: str) -> str:
    """The words of a text in lower case, a blank before and behind each: what is in it can be searched."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


@lru_cache(maxsize=_REMEMBERED)
def without_s(words: str) -> str:
    """Words as :func:`words_in` gives them without a plural s: what stands in the one may stand in the other."""
    told = (word[:-1] if word.endswith("s") and len(word) > 3 else word for word in words.split())
    return f" {' '.join(told)} "


def may_be_short_for(name: str, other: str) -> bool:
    """Whether a name in lower case ends another that is written in one word: *boat* of *sailboat*."""
    return len(name) > 1 and other.endswith(name) and not (name.isascii() and len(name) < 3)


def share_a_word(one: str, other: str) -> bool:
    """Whether two names in lower case have a word of three letters or more in common: they may mean the same thing."""
    return not _content_words(one).isdisjoint(_content_words(other))


class SpokenNames:
    """The names of all categories, as they are said.

    Args:
        category_names: name of category ``i + 1`` at position ``i``.
        supercategories: likewise what each belongs to, empty where that is not known; none is known if there are none.
    """

    def __init__(self, category_names: Sequence[str], supercategories: Sequence[str] = ()) -> None:
        self._categories = category_names
        self._named: dict[tuple[str, str], bool] = {}
        self._supercategories = _by_spoken_name(category_names, supercategories)
        self._of_kind: dict[tuple[str, str], bool | None] = {}

    def __len__(self) -> int:
        return len(self._categories)

    def of(self, category: int) -> str:
        """The spoken name of a category, 1-based; empty if it has none."""
        return spoken(self._categories[category - 1])

    def is_shared(self, name: str) -> bool:
        """Whether several categories are called like this."""
        return self._count_by_name.get(words_in(name), 0) > 1

    def other_name_in(self, text: str, own: str) -> bool:
        """Whether a category that is not ``own``, nor part of that name, is named in a text."""
        key = text, own
        if key not in self._named:
            if len(self._named) >= _REMEMBERED:
                self._named.clear()
            self._named[key] = self._names_another(text, own)
        return self._named[key]

    def _names_another(self, text: str, own: str) -> bool:
        told, own_words = words_in(text).split(), words_in(own)
        for start in range(len(told)):
            for stop in range(start + 1, min(len(told), start + self._longest) + 1):
                said = f" {' '.join(told[start:stop])} "
                is_name = said in self._count_by_name or f"{said.removesuffix('s ')} " in self._count_by_name
                if is_name and said not in own_words:
                    return True
        return False

    def another_in(self, text: str, own: Sequence[str]) -> bool:
        """As :meth:`other_name_in`, with several names of categories that may be there."""
        rest = words_in(text)
        for name in sorted((spoken(category) for category in own), key=len, reverse=True):
            for form in (noun(name).many, name) if name else ():
                if form:
                    rest = rest.replace(words_in(form), " _ ")
        return self.other_name_in(rest, "")

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds by which things may be called: those that the library names before those of the table."""
        said = set(self._supercategories.values())
        return tuple(dict.fromkeys([*(kind for kind in SAYABLE if kind in said), *KINDS]))

    def supercategory(self, name: str) -> str:
        """Of the category with a name in lower case, as a kind if it is one; empty if that is not known."""
        return self._supercategories.get(name, "")

    def is_kind(self, name: str, kind: str) -> bool | None:
        """Whether what is called ``name``, in lower case, is of a kind by its name alone; None if that is left open."""
        key = name, kind
        if key not in self._of_kind:
            if len(self._of_kind) >= _REMEMBERED:
                self._of_kind.clear()
            answer = is_kind(name, kind, self.supercategory(name))
            # grapes are no fruit, but fruits
            self._of_kind[key] = None if answer and not _is_of_one(name) else answer
        return self._of_kind[key]

    def may_be(self, name: str, other: str) -> bool:
        """Whether one of two names in lower case is a kind, of which the other may be: *fruit* and *apple*."""
        return self._may_be_a(name, other) or self._may_be_a(other, name)

    def _may_be_a(self, kind: str, name: str) -> bool:
        if kind in self.kinds:
            return self.is_kind(name, kind) is not False
        return kind in SAYABLE and not is_in_table(name)  # that a duck is a bird nobody has said

    def is_for_kind(self, word: str) -> bool:
        """Whether a word in lower case is understood as a kind, rather than as the name of a category."""
        return word in self.kinds or (word in SAYABLE and words_in(word) not in self._count_by_name)

    def akin(self, name: str) -> Sequence[Sequence[str]]:
        """Names of two categories or more that belong together, one of which has the name, in lower case."""
        found = (self._groups[group] for group in sorted(groups_of(name, self.supercategory(name))))
        return [names for names in found if len(names) > 1]

    @cached_property
    def _groups(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for name in dict.fromkeys(map(spoken, self._categories)):
            for group in groups_of(name.lower(), self.supercategory(name.lower())) if name else ():
                groups.setdefault(group, []).append(name)
        return groups

    @cached_property
    def _count_by_name(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for category in self._categories:
            said = words_in(spoken(category))
            counts[said] = counts.get(said, 0) + 1
        counts.pop(words_in(""), None)
        return counts

    @cached_property
    def _longest(self) -> int:
        """Words of the longest name."""
        return max((name.count(" ") - 1 for name in self._count_by_name), default=0)


def _by_spoken_name(category_names: Sequence[str], supercategories: Sequence[str]) -> dict[str, str]:
    """Supercategories by the names of categories in lower case; categories of one name that differ have none."""
    told: dict[str, str] = {}
    for category, supercategory in zip(category_names, supercategories, strict=False):
        name, said = spoken(category).lower(), supercategory_as_kind(spoken(supercategory).lower())
        told[name] = said if told.get(name, said) == said else ""
    return {name: said for name, said in told.items() if name and said}


def _is_of_one(name: str) -> bool:
    """Whether a name is in the singular, and is counted."""
    said = noun(name)
    return not said.is_plural and not said.is_uncounted


@lru_cache(maxsize=_REMEMBERED)
def _content_words(name: str) -> frozenset[str]:
    words = (word for word in _WORD.findall(name) if len(word) >= 3 and word not in _STOP_WORDS)
    return frozenset(word.removesuffix("s") for word in words)


def _is_plural(word: str) -> bool:
    if word in _PLURAL_WITHOUT_S:
        return True
    if not word.endswith("s") or word.endswith(("ss", "us", "is", "'s", "’s")) or word in _SINGULAR_IN_S:
        return False
    return len(word) > 3


@cache
def _plural_of(word: str) -> str:
    # inflect has burritoes and flamingoes
    if word.endswith("o") and word not in _PLURAL_IN_OES:
        return f"{word}s"
    many = str(_engine().plural_noun(word))
    # inflect bends SUV as if all of it were shouted
    return f"{word}s" if word.isupper() and many == f"{word}S" else many


@cache
def _article(word: str) -> str:
    # inflect has a 8 ball, a LED and a usher
    if _EIGHTS.match(word) or (word.isupper() and word.lower() in _INITIALISMS) or word.lower().startswith("ush"):
        return "an"
    return str(_engine().a(word)).partition(" ")[0]


@cache
def _engine() -> Any:
    from inflect import engine  # half a second to import

    return engine()
