"""The words of a sample: rule-made expressions about a finished target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sos_online.errors import BrokenSegmentError
from sos_online.library import SegmentLibrary
from sos_online.refer import (
    Draws,
    ExpressionChoice,
    Facts,
    ObjectWords,
    SpokenNames,
    find_occlusion,
    load_english,
    object_words,
    write_expressions,
)
from sos_online.rng import words_generator
from sos_online.types import Composite, Expression, SegmentWords, Target, Words

_MOST_RECENT = 4096


class FactFinder:
    """Finds what is true of made samples.

    Args:
        library: whose categories the target's rows have.
        words: of the library's segments; those of the library if None.
        on_broken: told of a segment whose words are damaged, which then has none; raises what is to stop.

    Attributes:
        names: of the library's categories, as they are said.
    """

    def __init__(
        self,
        library: SegmentLibrary,
        words: SegmentWords | None,
        on_broken: Callable[[BrokenSegmentError], None],
    ) -> None:
        self.names = SpokenNames(library.category_names, library.supercategories)
        self._library = library
        self._source = library if words is None else words
        self._on_broken = on_broken
        self._recent: dict[int, ObjectWords] = {}

    def facts(self, target: Target, composite: Composite | None) -> Facts:
        """What is known of a target's rows; with its composite, also what hides what."""
        occlusion = None
        if composite is not None:
            partly = (target["visibility"] < 1).nonzero().flatten().tolist()
            area = target["area"].numpy()
            occlusion = find_occlusion(composite.instance_map, composite.whole, area, partly)
        return Facts(target, self._words(target), self.names, occlusion)

    def _words(self, target: Target) -> Sequence[ObjectWords]:
        return [self._words_of(segment) for segment in target["segment_ids"].tolist()]

    def _words_of(self, segment: int) -> ObjectWords:
        if segment not in self._recent:
            if len(self._recent) >= _MOST_RECENT:
                self._recent.clear()
            # not by the target's labels: transforms of the user's own may have changed them
            category = self._library.category_names[self._library.category_of(segment) - 1]
            self._recent[segment] = object_words(category, self._read(segment))
        return self._recent[segment]

    def _read(self, segment: int) -> Words:
        try:
            return self._source.words(segment)
        except BrokenSegmentError as error:
            self._on_broken(error)
            return Words()


class Speaker:
    """Says of a target what is true of it.

    Args:
        finder: of facts.
        choice: how many expressions of each kind.
    """

    def __init__(self, finder: FactFinder, choice: ExpressionChoice) -> None:
        self._finder = finder
        self._choice = choice
        load_english()  # before workers are forked, each of which would do it

    def speak(self, target: Target, composite: Composite | None, seed: int, *, is_photo: bool) -> list[Expression]:
        """Expressions about a target.

        Args:
            target: of a made sample.
            composite: what it was made of, if it has not been transformed since.
            seed: of the random choices.
            is_photo: a photo lies behind the objects, in which other things may be seen.
        """
        facts, draws = self._finder.facts(target, composite), Draws(words_generator(seed))
        return write_expressions(facts, self._choice, draws, all_known=not is_photo)
