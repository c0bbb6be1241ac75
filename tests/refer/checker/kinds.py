"""Of which kinds a thing is, by the rules of the page: 1 true, 0 undecided, -1 false."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.refer.checker.lexicon import MASSES, is_plural_itself, noun_at, tokens_of
from tests.refer.checker.scene import ObjectWords
from tests.refer.checker.words import (
    APART,
    DOUBTFUL,
    DOUBTFUL_BY_WORD,
    KINDS,
    MADE_OF_MATERIALS,
    MATERIALS,
    PART_OF,
    SAID_BY_WORD,
    entries,
    known_names,
)

Told = Mapping[str, str]
"""The supercategory of each spoken name that has one."""


def is_apart(one: str, other: str) -> bool:
    """Whether no thing is of both kinds."""
    pairs = [(entries(left), entries(right)) for left, right in APART]
    return any((one in left and other in right) or (other in left and one in right) for left, right in pairs)


def belongs(name: str, kind: str, supercategory: str) -> int | None:
    """By the first three rules, 1 or 0; None if none of them applies."""
    in_table = kind in KINDS and name in known_names()
    for wide in (kind, PART_OF.get(kind, "")):
        if name in entries(DOUBTFUL.get(wide, "")) + entries(DOUBTFUL_BY_WORD.get(wide, "")):
            return 0
    if name in entries(KINDS.get(kind, "")):
        fine = {"", kind} | {within for within, wide in PART_OF.items() if wide == kind}
        return 1 if supercategory in fine or (kind, supercategory) == ("fruit", "food") else 0
    if kind in (supercategory, PART_OF.get(supercategory)):
        inner = [kind, supercategory, *(entries(KINDS[kind]) if kind in KINDS else ())]
        odd = any(word in name and re.search(rf"(^| ){re.escape(word)}$", name) is None for word in inner)
        return 0 if in_table or odd else 1
    return None


def is_plain_kind(name: str, kind: str, supercategory: str) -> int:
    """By the name alone."""
    belonging = belongs(name, kind, supercategory)
    if belonging == 1:
        return 0 if is_plural_itself(name) or name.split()[noun_at(name)] in MASSES else 1
    if belonging == 0:
        return 0
    if kind in KINDS and name in known_names():
        return -1
    others = {supercategory, PART_OF.get(supercategory, ""), *KINDS} - {"", kind}
    return -1 if any(is_apart(kind, other) and belongs(name, other, supercategory) == 1 for other in others) else 0


def is_kind(thing: ObjectWords, kind: str, told: Told) -> int:
    """By all that is known of a thing."""
    supercategory = told.get(thing.name, "")
    answer = is_plain_kind(thing.name, kind, supercategory)
    by_table = belongs(thing.name, kind, supercategory) is None and kind in KINDS and thing.name in known_names()
    if by_table or answer == 0:
        return answer
    words = [word for text in thing.texts for word in tokens_of(text)]
    is_made = any(word in MATERIALS for word in thing.stated) and supercategory not in MADE_OF_MATERIALS
    if is_made or (supercategory != "toy" and {"toy", "toys"}.intersection(words)):
        return 0
    return 0 if answer == -1 and f" {kind}" in f" {' '.join(words)}" else answer


def is_kind_of_other(one: str, other: str, told: Told) -> bool:
    """Whether one of two names is a kind of which the other may be."""
    said = [*KINDS, *(kind for kind in SAID_BY_WORD if kind in told.values())]
    for kind, name in ((one, other), (other, one)):
        if kind in said:
            if is_plain_kind(name, kind, told.get(name, "")) != -1:
                return True
        elif kind in SAID_BY_WORD and name not in known_names():
            return True
    return False
