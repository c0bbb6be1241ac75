"""What each object may be called: nouns, attributes, parts and phrases that are decided and can be said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sos_online.refer.draws import Draws
from sos_online.refer.extent import NOTHING, Extent
from sos_online.refer.facts import Facts
from sos_online.refer.goals import several_rows
from sos_online.refer.lexicon import Attribute, Facet, attributes_in_name
from sos_online.refer.nouns import Noun, noun, with_article
from sos_online.refer.object_words import Part
from sos_online.refer.phrase import THINGS, Phrase, together

# how willingly an attribute is said
_WEIGHT: dict[Facet, float] = {
    "colour": 1.0,
    "pattern": 0.7,
    "material": 0.6,
    "height": 0.5,
    "shape": 0.4,
    "surface": 0.4,
}
_MOST_ADJECTIVES = 3


class Naming:
    """The words for the rows of one image.

    Args:
        facts: about the image.
        all_known: every thing that can be seen in the image has a row, so that *thing* may be said of any.
    """

    def __init__(self, facts: Facts, all_known: bool) -> None:
        self.facts = facts
        self.all_known = all_known
        self.nouns: list[Noun | None] = [noun(words.name) if words.name else None for words in facts.words]

    @cached_property
    def attributes(self) -> list[tuple[Attribute, ...]]:
        """Of each row, the attributes that are true of it and name nothing else."""
        return [self._attributes(row) for row in range(len(self.facts))]

    @cached_property
    def parts(self) -> list[tuple[Part, ...]]:
        """Of each row, the parts that can be seen."""
        return [
            tuple(
                part
                for part in words.parts
                if self.facts.has(part).true >> row & 1 and not self._names_another(part.text, words.name)
            )
            for row, words in enumerate(self.facts.words)
        ]

    @cached_property
    def names(self) -> list[Phrase | None]:
        """Of each row, its category as a phrase; None if it cannot be said, or is not decided of the row."""
        names: list[Phrase | None] = []
        for row, head in enumerate(self.nouns):
            extent = NOTHING if head is None else self.facts.is_called(head.folded)
            names.append(Phrase(extent, head) if head is not None and extent.true >> row & 1 else None)
        return names

    @cached_property
    def anchors(self) -> list[int]:
        """Rows that others may be related to: those with a name that does not read like two things."""
        return [row for row, phrase in enumerate(self.names) if phrase and " and " not in phrase.head.folded]

    @cached_property
    def alone(self) -> list[int]:
        """Those that their name alone tells from all others."""
        return [row for row in self.anchors if (phrase := self.names[row]) and phrase.extent.means(1 << row)]

    @cached_property
    def with_peers(self) -> list[int]:
        """Those whose name means others too, and none in doubt."""
        return [row for row in self.anchors if (phrase := self.names[row]) and several_rows.is_met(phrase.extent)]

    def by_name(self, row: int) -> Phrase | None:
        """A row by the name of its category, if that can be."""
        return self.names[row]

    def by_phrase(self, row: int) -> Phrase | None:
        """A row by its short phrase, if that can be said and is decided of the row."""
        words, base = self.facts.words[row], self.by_name(row)
        if base is None or not words.phrase or self._names_another(words.phrase, words.name):
            return None
        extent = self.facts.fits_phrase(row)
        if not extent.true >> row & 1:
            return None
        return Phrase(extent, base.head, whole=words.phrase, looks=words.phrase.lower() != words.folded)

    def by_kind(self, row: int) -> Phrase | None:
        """A row's kind (*fruit*), if it has one."""
        return next((phrase for phrase in self._kinds if phrase.extent.true >> row & 1), None)

    def thing(self, draws: Draws) -> Phrase | None:
        """Any row as a *thing*."""
        return draws.pick(self._things) if self.all_known else None

    def head(self, row: int, draws: Draws, things: float) -> Phrase | None:
        """What a row is called: by its name, seldom by its kind, and as a thing with the given probability."""
        share = draws.share()
        if share < things:
            return self.thing(draws) or self.by_name(row)
        if share < things + 0.1 and (kind := self.by_kind(row)) is not None:
            return kind
        return self.by_name(row)

    def with_adjectives(self, row: int, base: Phrase, draws: Draws, until: int | None = None) -> Phrase | None:
        """``base`` with one to three attributes of a row before its noun.

        Args:
            until: add more until the phrase means these rows (as bits) alone; None if it cannot be done.
        """
        own = self._order(row, base, draws)
        if not own:
            return None
        wanted = 1 + draws.chance(0.45) + draws.chance(0.2)
        chosen: list[Attribute] = []
        extent = base.extent
        for one in own[:_MOST_ADJECTIVES]:
            if len(chosen) >= wanted and (until is None or extent.means(until)):
                break
            chosen.append(one)
            extent = extent & self.facts.looks(one)
        if until is not None and not extent.means(until):
            return None
        return together(chosen, base, extent)

    def with_part(self, base: Phrase, part: Part) -> Phrase:
        """``base`` with a part behind its noun."""
        head = noun(part.head)
        said = part.text if head.is_plural or head.is_uncounted else with_article(part.text)
        return base.narrowed(base.extent & self.facts.has(part), f"with {said}", looks=True)

    def _order(self, row: int, base: Phrase, draws: Draws) -> list[Attribute]:
        """A row's attributes in a random order, those that are said willingly rather first; one of each facet."""
        named, share = attributes_in_name(base.head.folded), draws.share
        weighed = [(share() * _WEIGHT[one.facet], one) for one in self.attributes[row] if one not in named]
        weighed.sort()
        return [*reversed({one.facet: one for _, one in weighed}.values())]

    def _attributes(self, row: int) -> tuple[Attribute, ...]:
        words = self.facts.words[row]
        return tuple(
            one
            for stated in words.stated.values()
            for one in stated
            if self.facts.looks(one).true >> row & 1 and not self._names_another(one.word, words.name)
        )

    @cached_property
    def _things(self) -> list[Phrase]:
        return [Phrase(Extent(self.facts.everything, 0), head) for head in THINGS]

    @cached_property
    def _kinds(self) -> list[Phrase]:
        return [Phrase(self.facts.is_a(kind), noun(kind)) for kind in self.facts.names.kinds]

    def _names_another(self, text: str, own: str) -> bool:
        return self.facts.names.other_name_in(text, own)


def sayable_rows(naming: Naming) -> Sequence[int]:
    """Rows that have a name that is decided."""
    return [row for row in range(len(naming.nouns)) if naming.by_name(row) is not None]
