"""A proposed expression beside the objects of its image: what its text names, and which of its claims it makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sos_online.refer.asking.expression_answer import Claim, Proposed
from sos_online.refer.asking.place_words import FUNCTION_WORDS, NUMBERS, PLACE_WORDS, families
from sos_online.refer.asking.plain_text import find_words, words_of
from sos_online.refer.asking.shown_objects import ShownObject, spellings

_ENDS = FUNCTION_WORDS | PLACE_WORDS | NUMBERS.keys()  # of the run of attributes before a noun


@dataclass(frozen=True)
class Noun:
    """Where a text names a category.

    Attributes:
        before: the words right before the noun, which say what its object is like.
        several: whether the noun is a plural; None if it is spelled alike.
    """

    at: int
    before: tuple[str, ...]
    several: bool | None


class Reading:
    """What a text says, as far as words go.

    Attributes:
        words: of the text.
        claims: those stated which the text makes; and those that it makes, stated or not, where it calls an object by
            its category and by the words right before that.
    """

    def __init__(self, proposed: Proposed, objects: Sequence[ShownObject]) -> None:
        self.words = words_of(proposed.text)
        self._families = families(self.words)
        self._objects = objects
        self.rows = proposed.rows
        stated = (claim for claim in proposed.claims if self._makes(claim))
        self.claims = tuple(dict.fromkeys((*self._calls(), *stated)))

    def noun(self, row: int, last: bool = False) -> Noun | None:
        """The first (or last) place where the text names an object's category."""
        found = list(self._nouns(self._objects[row].category))
        if not found:
            return None
        return max(found, key=lambda noun: noun.at) if last else min(found, key=lambda noun: noun.at)

    def unbacked_place_words(self) -> bool:
        """Whether the text says where or which one, and no claim does."""
        claimed = [word for claim in self.claims for word in words_of(claim.value)]
        names = {word for shown in self._objects for word in words_of(shown.category)}
        backed = set().union(*families(claimed))
        return any(
            not meanings & backed
            for word in self.words
            if word not in names and word not in claimed
            for meanings in families([word])
        )

    def _calls(self) -> Iterator[Claim]:
        for row in self.rows:
            noun = self.noun(row)
            if noun is not None:
                yield Claim(row, "category", self._objects[row].category)
                yield from (Claim(row, "attribute", word) for word in noun.before)

    def _nouns(self, category: str) -> Iterator[Noun]:
        for form, several in spellings(category):
            start = 0
            while (found := find_words(form, self.words[start:])) >= 0:
                at = start + found
                begin = at
                while begin and self.words[begin - 1] not in _ENDS:
                    begin -= 1
                yield Noun(at, tuple(self.words[begin:at]), several)
                start = at + len(form)

    def _makes(self, claim: Claim) -> bool:
        value = words_of(claim.value)
        if claim.says in ("place", "relation"):
            meanings = families(value)
            return bool(meanings) and all(any(one & said for said in self._families) for one in meanings)
        if claim.says == "category":
            return find_words(value, self.words) >= 0
        return bool(value) and all(word in self.words for word in value)
