"""What is true of the objects of one image, as far as its target and the library's words decide it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from sos_online.refer.extent import NOTHING, Extent
from sos_online.refer.geometry import DIRECTIONS, PLACES, Geometry, Side
from sos_online.refer.kinds import in_table, is_imitation
from sos_online.refer.lexicon import COARSE, Attribute, Facet, attribute, near
from sos_online.refer.nouns import SpokenNames, may_be_short_for, share_a_word, without_s, words_in
from sos_online.refer.object_words import ObjectWords, Part
from sos_online.refer.occlusion import COVERING, SURROUNDED, Occlusion, covering_relations, surrounded_rows
from sos_online.refer.sizes import rows_smaller
from sos_online.types import Target

_SEEN_COARSE, _SEEN_FINE, _PIXELS_FINE, _SEEN_PART = 0.35, 0.6, 256, 0.8
OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


class Facts:
    """Statements about the rows of a target, each true, false or undecided; ``docs/words.md`` defines them.

    Args:
        target: a made sample's: ``boxes``, ``amodal_boxes``, ``area``, ``visibility``, ``instance_map``.
        words: of each row.
        names: of all categories.
        occlusion: how the rows lie over each other; None if that is not known.
    """

    def __init__(
        self, target: Target, words: Sequence[ObjectWords], names: SpokenNames, occlusion: Occlusion | None = None
    ) -> None:
        self.words = words
        self.names = names
        self.everything = (1 << len(words)) - 1
        height, width = target["instance_map"].shape
        seen, whole = np.asarray(target["boxes"]), np.asarray(target["amodal_boxes"])
        self.geometry = Geometry(seen, whole, (height, width))
        self._area = np.asarray(target["area"], np.float64)
        self._visibility = np.asarray(target["visibility"], np.float64)
        self._whole_area = self._area / np.maximum(self._visibility, 1e-6)
        self._occlusion = occlusion
        self._visible: list[float] = self._visibility.tolist()
        self._shows_colour: list[bool] = (self._visibility >= _SEEN_COARSE).tolist()
        detail = (self._visibility >= _SEEN_FINE) & (self._area >= _PIXELS_FINE)
        self._shows_detail: list[bool] = detail.tolist()
        self._with_parts = [row for row, own in enumerate(words) if own.parts]
        self._by_name: dict[str, Extent] = {}
        self._by_attribute: dict[Attribute, Extent] = {}

    def __len__(self) -> int:
        return len(self.words)

    def is_called(self, name: str) -> Extent:
        """Rows whose category is called ``name``, in lower case."""
        if name not in self._by_name:
            told = without_s(words_in(name))
            shared = self.names.is_shared(name)
            true = doubt = 0
            for row, words in enumerate(self.words):
                if words.folded == name and not shared:
                    true |= 1 << row
                elif self._may_be_called(words, name, told):
                    doubt |= 1 << row
            self._by_name[name] = Extent(true, doubt)
        return self._by_name[name]

    def _may_be_called(self, words: ObjectWords, name: str, told: str) -> bool:
        own = words.folded
        if not own or not name or share_a_word(own, name) or told in without_s(words.mentions):
            return True
        return may_be_short_for(name, own) or may_be_short_for(own, name) or self.names.may_be(own, name)

    def is_a(self, kind: str) -> Extent:
        """Rows that are of a kind."""
        return _extent([self._is_a(words, kind) for words in self.words])

    def looks(self, attribute: Attribute) -> Extent:
        """Rows that have an attribute."""
        known = self._by_attribute.get(attribute)
        if known is None:
            telling = self._telling.get(attribute.facet, ())
            known = self._decided([(row, words.says_of(attribute)) for row, words in telling])
            self._by_attribute[attribute] = known
        return known

    def _decided(self, answers: Sequence[tuple[int, bool | None]]) -> Extent:
        """Answers for some rows as an extent; of all others the words tell nothing."""
        true = false = 0
        for row, answer in answers:
            if answer:
                true |= 1 << row
            elif answer is not None:
                false |= 1 << row
        return Extent(true, self.everything & ~true & ~false)

    @cached_property
    def _telling(self) -> dict[Facet, list[tuple[int, ObjectWords]]]:
        """By facet, the rows whose words tell of it, where it can be seen."""
        telling: dict[Facet, list[tuple[int, ObjectWords]]] = {}
        for row, words in enumerate(self.words):
            for facet in words.stated:
                if (self._shows_colour if facet in COARSE else self._shows_detail)[row]:
                    telling.setdefault(facet, []).append((row, words))
        return telling

    def has(self, part: Part) -> Extent:
        """Rows that have a part."""
        return self._decided([(row, self._has_part(row, part)) for row in self._with_parts])

    def fits_phrase(self, row: int) -> Extent:
        """Rows that the short phrase of a row fits."""
        phrase = self.words[row]
        called = self.is_called(phrase.folded)
        true = 0
        for other, words in enumerate(self.words):
            if words.phrase == phrase.phrase and called.true >> other & 1 and self._shows_detail[other]:
                true |= 1 << other
        false = self.everything & ~called.true & ~called.doubt
        for one in phrase.before_noun:
            looks = self.looks(one)
            false |= self.everything & ~looks.true & ~looks.doubt
        false &= ~true
        return Extent(true, self.everything & ~true & ~false)

    @cached_property
    def smaller(self) -> list[int]:
        """For each row, as bits, the rows than which it is decidedly larger."""
        return rows_smaller(self._area, self._whole_area, self.geometry.seen, self.geometry.whole)

    def before(self, side: Side, row: int) -> int:
        """As bits, the rows that are decidedly nearer to a side of the image than a row."""
        return self.geometry.before[side][row]

    @cached_property
    def covering(self) -> list[dict[str, Extent]]:
        """For each row as the anchor, the rows in each of the relations ``COVERING`` to it."""
        if self._occlusion is not None:
            return covering_relations(self._occlusion.hidden, self._area, self._whole_area)
        return self._not_known(*COVERING)

    @cached_property
    def _surrounded(self) -> list[dict[str, Extent]]:
        if self._occlusion is not None:
            return surrounded_rows(self._occlusion, self._area, self._whole_area, self.geometry.seen)
        return self._not_known(SURROUNDED)

    def _not_known(self, *names: str) -> list[dict[str, Extent]]:
        return [dict.fromkeys(names, Extent(0, self.everything & ~(1 << row))) for row in range(len(self))]

    def relation(self, name: str, anchor: int) -> Extent:
        """Rows that stand in a relation to an anchor: a direction, one of ``COVERING``, or ``SURROUNDED`` by it, which
        nobody says of a lamp that is pasted on a vase, but which may be claimed."""
        if name == SURROUNDED:
            return self._surrounded[anchor][name]
        return (self.geometry.around if name in DIRECTIONS else self.covering)[anchor][name]

    @property
    def knows_occlusion(self) -> bool:
        """Whether it is known what hides what."""
        return self._occlusion is not None

    def decide(self, about: int, says: str, value: str, other: int | None = None) -> bool | None:
        """A claim that somebody else makes: true, false, or None where it cannot be decided.

        Args:
            about: the row.
            says: ``category``, ``attribute``, ``place`` or ``relation``.
            value: what is said of it: a name or kind, a word, one of ``PLACES``, or a relation.
            other: the row to which it stands in the relation.
        """
        extent = self._claimed(says, " ".join(value.lower().split()), other)
        if extent.doubt >> about & 1:
            return None
        return bool(extent.true >> about & 1)

    def _claimed(self, says: str, value: str, other: int | None) -> Extent:
        if says == "category":
            return self.is_a(value) if self.names.is_for_kind(value) else self.is_called(value)
        if says == "attribute" and (known := attribute(value)) is not None:
            return self.looks(known)
        if says == "place" and value in PLACES:
            return self.geometry.places[value]
        if says == "relation" and other is not None and value in (*DIRECTIONS, *COVERING, SURROUNDED):
            return self.relation(value, other)
        return Extent(0, self.everything)

    def _is_a(self, words: ObjectWords, kind: str) -> bool | None:
        name = words.folded
        answer = self.names.is_kind(name, kind)
        if answer is None or (not answer and in_table(name, kind)):
            return answer
        has_material, says_toy = "material" in words.stated, " toy " in words.mentions
        if is_imitation(self.names.supercategory(name), has_material=has_material, says_toy=says_toy):
            return None
        # what merely is of another kind may be like one of this
        return None if not answer and f" {kind}" in words.mentions else answer

    def _has_part(self, row: int, part: Part) -> bool | None:
        for own in self.words[row].parts:
            if own.text == part.text:
                return True if self._visible[row] >= _SEEN_PART else None
        for own in self.words[row].parts:
            first, other = own.first, part.first
            if own.head != part.head or first is None or other is None or first.facet != other.facet:
                continue
            if first.facet in COARSE and not near(first, other):
                return False
        return None


def _extent(answers: Sequence[Any]) -> Extent:
    true = doubt = 0
    for row, answer in enumerate(answers):
        if answer is None:
            doubt |= 1 << row
        elif answer:
            true |= 1 << row
    return Extent(true, doubt) if true or doubt else NOTHING
