"""The verdict on one expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.refer.checker.facts import Facts
from tests.refer.checker.lexicon import MASSES, Lexicon, noun_at
from tests.refer.checker.meaning import Outcome, outcomes, phrase_outcomes
from tests.refer.checker.parser import read_all
from tests.refer.checker.plain import PlainFacts
from tests.refer.checker.scene import Scene
from tests.refer.checker.spelling import faults, stray_names
from tests.refer.checker.trees import (
    Attribute,
    Except,
    Name,
    Nearest,
    Phrase,
    Reading,
    Relation,
    Union,
    kind_of,
    parts_of,
)
from tests.refer.checker.words import SAID_AS


@dataclass(frozen=True)
class Finding:
    """What is wrong with an expression.

    Attributes:
        sort: ``unparsed``, ``false``, ``undecided``, ``ambiguous``, ``plain``, ``wrong kind``, ``wrong grammar``,
            ``named``, ``denied name``, ``circular``.
        detail: for people.
    """

    sort: str
    detail: str = ""


def count_fits(tree: Reading, count: int) -> bool:
    """Whether so many objects go with the number of the noun; none at all always do."""
    if count == 0:
        return not isinstance(tree, Union)
    if isinstance(tree, Except):
        return True
    if isinstance(tree, Union):
        return count == 2
    if tree.number:
        return count == tree.number
    if tree.plural:
        return count >= 2 or tree.plural_name
    return count == 1


def judge(expression: Any, scene: Scene, lexicon: Lexicon) -> list[Finding]:
    """All that is wrong with an expression of a scene; nothing if it is fine."""
    text, rows = expression["text"], list(expression["rows"])
    found = [Finding("wrong grammar", fault) for fault in faults(text, lexicon)]
    readings = read_all(text, lexicon)
    if not readings:
        readings = read_all(text, lexicon, agree=False)
        found.append(Finding("wrong grammar", "number") if readings else Finding("unparsed"))
        if not readings:
            return found
    facts, plain = Facts(scene, lexicon), PlainFacts(scene, lexicon)
    right: list[Reading] = []
    others: list[tuple[Reading, Outcome]] = []
    everything: list[tuple[Reading, Outcome]] = []
    miscounted = False
    for tree in readings:
        ways = outcomes(tree, facts)
        everything += [(tree, outcome) for outcome in ways]
        for place, outcome in enumerate(ways):
            fits = count_fits(tree, len(outcome.meant))
            if outcome.decided and outcome.meant == rows and place == 0:
                if fits:
                    right.append(tree)
                miscounted |= not fits
            elif (outcome.decided and outcome.meant == rows) or says_no_more(tree):
                continue
            elif outcome.holds >= 0 and is_rival(tree, outcome, rows):
                others.append((tree, outcome))
    if not right:
        if miscounted:
            return [*found, Finding("wrong grammar", "the number of the noun does not fit")]
        decided = all(outcome.holds == -1 or contradicts(outcome, rows) for _, outcome in everything)
        detail = "; ".join(describe(tree, outcome) for tree, outcome in everything)
        return [*found, Finding("false" if decided else "undecided", detail)]
    right = [tree for tree in right if not says_no_more(tree)] or right
    found += [Finding("ambiguous", describe(tree, outcome)) for tree, outcome in others]
    for tree in right:
        said = outcomes(tree, plain)[0]
        if said.meant != rows or said.holds == -1:
            found.append(Finding("plain", describe(tree, said)))
    if expression["kind"] not in {kind_of(tree) for tree in right}:
        found.append(Finding("wrong kind", f"{expression['kind']}, not {kind_of(right[0])}"))
    found += [Finding("denied name", short(tree)) for tree in right if denies_its_name(tree)]
    if all(goes_in_circles(tree, rows, facts) for tree in right):
        found.append(Finding("circular", short(right[0])))
    if re.match("an? ", text) and all(is_mass(tree) for tree in right):
        found.append(Finding("wrong grammar", "an article before what is not counted"))
    stray = [stray_names(text, tree, lexicon) for tree in right]
    if all(stray):
        found.append(Finding("named", ", ".join(stray[0])))
    return found


def contradicts(outcome: Outcome, rows: list[int]) -> bool:
    """Whether an outcome is decidedly other than these rows."""
    return any(value == (-1 if row in rows else 1) for row, value in enumerate(outcome.rows))


def says_no_more(tree: Reading) -> bool:
    """Whether a reading takes attributes and a name for a phrase: where it is undecided, the other reading counts."""
    return any(isinstance(part, Name) and part.sort == "plain phrase" for part in parts_of(tree))


def is_rival(tree: Reading, outcome: Outcome, rows: list[int]) -> bool:
    """Whether what is undecided may turn out so that a reading means other objects than these, and not none."""
    sure = frozenset(outcome.meant)
    unsure = [int(row) for row in np.flatnonzero(outcome.rows == 0)]
    for count in range(len(unsure) + 1):
        size = len(sure) + count
        if size == 0 or not count_fits(tree, size):
            continue
        more_ways = 0 < count < len(unsure)
        if more_ways or sorted(sure | set(unsure[:count])) != rows:
            return True
    return False


def denies_its_name(tree: Reading) -> bool:
    """The rubber duck that is not rubber."""
    if not isinstance(tree, Phrase):
        return False
    named = " ".join(part.words for part in tree.statements if isinstance(part, Name)).split()
    denied = [part.word for part in tree.statements if isinstance(part, Attribute) and part.negated]
    return any(word in (SAID_AS.get(name, name) for name in named) for word in denied)


def goes_in_circles(tree: Reading, rows: list[int], facts: Facts) -> bool:
    """The box on the apple that is nearest to the box: an object that is told apart by itself."""
    return any(
        set(phrase_outcomes(far, facts)[0].meant) & set(rows) for near in anchors_of(tree) for far in anchors_of(near)
    )


def anchors_of(tree: Reading) -> list[Phrase]:
    """What a phrase relates its own object to."""
    if not isinstance(tree, Phrase):
        return []
    related = [anchor for part in tree.statements if isinstance(part, Relation) for anchor in part.anchors]
    return related + [part.anchor for part in tree.choosers if isinstance(part, Nearest)]


def is_mass(tree: Reading) -> bool:
    """Whether a phrase is about what is not counted: fog, money with wings."""
    name = tree.statements[0] if isinstance(tree, Phrase) else None
    return isinstance(name, Name) and name.sort == "name" and name.words.split()[noun_at(name.words)] in MASSES


def describe(tree: Reading, outcome: Outcome) -> str:
    values = {1: "+", 0: "?", -1: "-"}
    rows = "".join(values[int(value)] for value in outcome.rows)
    return f"[{rows}, holds {values[outcome.holds]}] {short(tree)}"


def short(tree: Reading) -> str:
    """A reading, bracketed."""
    if isinstance(tree, Except):
        return f"{short(tree.base)} - {short(tree.without) if tree.without else tree.one}"
    if isinstance(tree, Union):
        return f"{short(tree.first)} + {short(tree.second)}"
    pieces = []
    for part in (*tree.choosers, *tree.statements):
        anchors: list[Phrase] = list(getattr(part, "anchors", ())) or [a for a in [getattr(part, "anchor", None)] if a]
        own = [str(value) for key, value in vars(part).items() if key not in ("anchors", "anchor", "span")]
        pieces.append(" ".join([type(part).__name__.lower(), *own, *map(short, anchors)]))
    return "(" + ", ".join(pieces) + ")"
