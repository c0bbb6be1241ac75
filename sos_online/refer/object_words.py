"""What a library's words say of one object, taken apart once: attributes, parts, and what is merely mentioned."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from sos_online.refer.lexicon import COARSE, Attribute, Facet, attribute, attributes_in, near, near_words, without_shade
from sos_online.refer.nouns import spoken, words_in
from sos_online.types import Words

_ARTICLES = frozenset({"a", "an", "the"})
_MOST_WORDS_IN_PART, _MOST_LETTERS_IN_PHRASE = 4, 80
_DENYING = frozenset({"not", "no", "non", "never", "without"})
# what stands before such a word is said of something else, or denied
_JOINING = frozenset(
    {"a", "an", "the", "and", "or", "but", "of", "with", "in", "on", "onto", "for", "from", "to", "by", "at", "near"}
    | {"next", "beside", "behind", "under", "over", "above", "below", "inside", "holding", "wearing", "is", "are"}
    | {"that", "which", "like", "as", "than"}
)
_COORDINATING = frozenset({"and", "or"})
_BEHIND_PARTS = ("on top", "on the side", "inside")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that belongs to an object: ``white ribbon``, ``cherry on top``.

    Attributes:
        text: in lower case, without an article.
        head: its noun.
        first: the attribute that it begins with.
    """

    text: str
    head: str
    first: Attribute | None


@dataclass(frozen=True, slots=True)
class ObjectWords:
    """All that is known in words of an object.

    Attributes:
        name: of its category, as it is said; empty if it cannot be.
        folded: in lower case.
        stated: the attributes of each facet.
        parts: what it has.
        phrase: its short phrase without an article; empty if it has none that can be said.
        before_noun: the attributes that stand before the noun in the phrase.
        mentions: every word, as ``words_in`` gives them.
        says: what :meth:`says_of` has found.
    """

    name: str
    folded: str
    stated: dict[Facet, tuple[Attribute, ...]]
    parts: tuple[Part, ...]
    phrase: str
    before_noun: tuple[Attribute, ...]
    mentions: str
    says: dict[Attribute, bool | None] = field(default_factory=dict)

    def says_of(self, attribute: Attribute) -> bool | None:
        """Whether the object has an attribute; None if the words leave that open."""
        try:
            return self.says[attribute]
        except KeyError:
            answer = self.says[attribute] = self._says_of(attribute)
            return answer

    def _says_of(self, attribute: Attribute) -> bool | None:
        stated = self.stated.get(attribute.facet, ())
        if attribute in stated:
            # a black and white mug is no white mug, and nobody would call that false
            is_one = attribute.facet != "colour" or len({without_shade(one.word) for one in stated}) == 1
            return True if is_one else None
        if not stated or any(near(attribute, one) for one in stated):
            return None
        return None if any(words_in(word)[:-1] in self.mentions for word in near_words(attribute)) else False


@lru_cache(maxsize=1 << 15)
def object_words(category: str, words: Words) -> ObjectWords:
    """What a category's name and a segment's words say of an object."""
    name = spoken(category)
    phrase, before_noun, left_open = _phrase(words.short_phrase, name.lower())
    found = [*(attribute(" ".join(feature.lower().split())) for feature in words.features), *before_noun]
    stated: dict[Facet, tuple[Attribute, ...]] = {}
    for one in dict.fromkeys(one for one in found if one is not None and one.facet not in left_open):
        stated[one.facet] = (*stated.get(one.facet, ()), one)
    told = [category, words.sub_category, words.short_phrase, words.description, *words.features]
    return ObjectWords(
        name=name,
        folded=name.lower(),
        stated=stated,
        parts=tuple(part for part in map(_part, words.features) if part is not None),
        phrase=phrase,
        before_noun=before_noun,
        mentions=words_in(" ".join(told)),
    )


def _part(feature: str) -> Part | None:
    """A feature as a part, if it reads like one: an attribute and a noun, or something that is on top."""
    text = " ".join(feature.lower().split())
    count = text.count(" ") + 1
    if not 2 <= count <= _MOST_WORDS_IN_PART or attribute(text) is not None or not text.replace(" ", "").isalpha():
        return None
    behind = next((words for words in _BEHIND_PARTS if text.endswith(f" {words}")), "")
    thing = text.removesuffix(behind).rstrip()
    first = attribute(thing.partition(" ")[0])
    head = thing.rpartition(" ")[2]
    if attribute(head) is not None or (first is None and not behind):
        return None
    return Part(text, head, first)


def _phrase(short_phrase: str, name: str) -> tuple[str, tuple[Attribute, ...], frozenset[Facet]]:
    """A short phrase as it can be said, its attributes before the noun, and the facets that it leaves open."""
    words = short_phrase.split()
    if words and words[0].lower() in _ARTICLES:
        words = words[1:]
    text = " ".join(words)
    place = f" {text.lower()} ".find(f" {name} ")
    # a full stop would end it too early where phrases are joined
    if not name or place < 0 or len(text) > _MOST_LETTERS_IN_PHRASE or not set(".,;:!?").isdisjoint(text):
        return "", (), frozenset()
    told = text[:place].lower().split()
    if not _DENYING.isdisjoint(told):
        return "", (), frozenset()
    if _JOINING.isdisjoint(told):
        return text, attributes_in(told), frozenset()
    # the dog is white: "a white dog on a chair"
    return "", *_said_of_noun(told[_behind_last(told, _JOINING - _COORDINATING) :])


def _said_of_noun(told: list[str]) -> tuple[tuple[Attribute, ...], frozenset[Facet]]:
    """The attributes in words before a noun with *and* or *or* among them, and the facets that these leave open."""
    every = attributes_in(told)
    if "or" in told:
        return (), frozenset(one.facet for one in every)
    if all(at and attribute(told[at - 1]) is not None for at, word in enumerate(told) if word == "and"):
        return every, frozenset()
    # "a tan and white dog": tan may be a colour that the tables do not know
    last = attributes_in(told[_behind_last(told, _COORDINATING) :])
    left_open = frozenset(one.facet for one in last if one.facet in COARSE)
    return tuple(one for one in last if one.facet not in left_open), left_open


def _behind_last(told: list[str], words: frozenset[str]) -> int:
    """The position behind the last of some words; 0 if there is none of them."""
    return max((at + 1 for at, word in enumerate(told) if word in words), default=0)
