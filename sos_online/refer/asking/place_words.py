"""Words that say where something is, which one or how many: what an expression must not say unproven."""

from __future__ import annotations

from collections.abc import Iterable

_FAMILIES = {
    "left": "left leftmost leftward leftwards left-hand top-left bottom-left upper-left lower-left",
    "right": "right rightmost rightward rightwards right-hand top-right bottom-right upper-right lower-right",
    "top": "top topmost upper uppermost highest top-left top-right upper-left upper-right",
    "bottom": "bottom bottommost lower lowermost lowest bottom-left bottom-right lower-left lower-right",
    "centre": "center centre middle central",
    "above": "above over higher",
    "below": "below under beneath underneath lower",
    "front": "front foreground",
    "behind": "behind back background",
    "surrounded": "surrounded",
    "inside": "inside within",  # which no claim proves
    "large": "larger largest bigger biggest",
    "small": "smaller smallest tiniest",
    "near": "near nearer nearest next beside close closer closest adjacent",
    "between": "between among",
    "far": "far farther farthest further furthest",
    "edge": "corner edge border",
    "hidden": "hidden covered occluded overlapping touching",
    "first": "first 1st",
    "second": "second 2nd",
    "third": "third 3rd",
    "fourth": "fourth 4th",
    "fifth": "fifth 5th",
    "last": "last",
}
_NUMBERS = "two three four five six seven eight nine ten"
_NEGATIONS = "not no none never without neither nor except isn't aren't doesn't don't non"
_NOUNS_FOR_ALL = "object objects thing things item items"
_FUNCTION_WORDS = f"""the a an of in on at to from by with and or that which who is are it its this these those there
    than as all both each every one ones side part half image picture photo scene {_NOUNS_FOR_ALL}"""

NUMBERS = {word: number for number, word in enumerate(_NUMBERS.split(), 2)}
NEGATIONS = frozenset(_NEGATIONS.split())
NOUNS_FOR_ALL = frozenset(_NOUNS_FOR_ALL.split())
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words that by themselves say nothing of an object that could be false."""
_WORDS = {name: frozenset(words.split()) for name, words in _FAMILIES.items()}
PLACE_WORDS: frozenset[str] = frozenset().union(*_WORDS.values())


def families(words: Iterable[str]) -> list[set[str]]:
    """For each word that says where or which one: what it may say (``lower`` is at the bottom, or below something)."""
    found = ({name for name, members in _WORDS.items() if word in members} for word in words)
    return [names for names in found if names]
