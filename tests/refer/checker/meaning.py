"""Which rows a reading means."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tests.refer.checker.facts import Facts
from tests.refer.checker.scene import Array
from tests.refer.checker.trees import (
    Attribute,
    Chooser,
    Except,
    Extreme,
    Name,
    Nearest,
    Ordinal,
    Part,
    Phrase,
    Place,
    Reading,
    Size,
    Statement,
    Union,
)


@dataclass(frozen=True)
class Outcome:
    """What a reading means in an image.

    Attributes:
        rows: ``[N]``, 1 meant, 0 undecided, -1 not meant.
        holds: whether what the reading takes for granted (an anchor is one object, two of them are there) is so: 1 yes,
            0 undecided, -1 no.
    """

    rows: Array
    holds: int

    @property
    def meant(self) -> list[int]:
        return [int(row) for row in np.flatnonzero(self.rows == 1)]

    @property
    def decided(self) -> bool:
        return self.holds == 1 and not np.any(self.rows == 0)


def one_row(outcome: Outcome) -> tuple[int, int]:
    """The one row that is meant (-1 if none is), and whether that is so: 1, 0, -1."""
    if outcome.holds == -1 or len(outcome.meant) > 1:
        return -1, -1
    if outcome.decided:
        return (outcome.meant[0], 1) if outcome.meant else (-1, -1)
    possible = np.flatnonzero(outcome.rows >= 0)
    return (-1, -1) if len(possible) == 0 else (int(possible[0]), 0)


def outcomes(tree: Reading, facts: Facts) -> list[Outcome]:
    """What a reading may mean: more than one thing where its choosers may be taken in more than one way."""
    if isinstance(tree, Except):
        return [_except(base, tree, facts) for base in outcomes(tree.base, facts)]
    if isinstance(tree, Union):
        pairs = itertools.product(outcomes(tree.first, facts), outcomes(tree.second, facts))
        return [_union(*pair) for pair in pairs]
    return phrase_outcomes(tree, facts)


def _union(first: Outcome, second: Outcome) -> Outcome:
    (one, is_one), (other, is_other) = one_row(first), one_row(second)
    holds = min(is_one, is_other, 1 if one != other else -1)
    return Outcome(np.maximum(first.rows, second.rows), holds)


def _except(base: Outcome, tree: Except, facts: Facts) -> Outcome:
    if tree.without is None:
        chosen = base.rows
        for adjective in tree.one:
            chosen = np.minimum(chosen, facts.attribute(adjective.word))
        left_out = Outcome(chosen, base.holds)
    else:
        left_out = phrase_outcomes(tree.without, facts)[0]
    row, is_one = one_row(left_out)
    if is_one == -1:
        return Outcome(base.rows, -1)
    return Outcome(np.minimum(base.rows, -left_out.rows), min(base.holds, is_one, int(base.rows[row])))


def phrase_outcomes(phrase: Phrase, facts: Facts) -> list[Outcome]:
    """By the page first; then with choosers one after the other, and ordinals counted before what follows them."""
    ways = [_by_the_page(phrase, facts)]
    if len(phrase.choosers) > 1:
        for order in itertools.permutations(phrase.choosers):
            rows, holds = _all_of(phrase.statements, facts)
            for chooser in order:
                rows, fits = _choose(rows, chooser, facts)
                holds = min(holds, fits)
            ways.append(Outcome(rows, holds))
    if phrase.before < len(phrase.statements) and any(isinstance(chooser, Ordinal) for chooser in phrase.choosers):
        counted = _by_the_page(replace(phrase, statements=phrase.statements[: phrase.before]), facts)
        rest, holds = _all_of(phrase.statements[phrase.before :], facts)
        ways.append(Outcome(np.minimum(counted.rows, rest), min(counted.holds, holds)))
    return ways


def _by_the_page(phrase: Phrase, facts: Facts) -> Outcome:
    described, holds = _all_of(phrase.statements, facts)
    rows = described
    for chooser in phrase.choosers:
        chosen, fits = _choose(described, chooser, facts)
        rows, holds = np.minimum(rows, chosen), min(holds, fits)
    return Outcome(rows, holds)


def _all_of(statements: tuple[Statement, ...], facts: Facts) -> tuple[Array, int]:
    rows, holds = facts.name("thing", "thing"), 1
    for statement in statements:
        if isinstance(statement, Name):
            true = facts.name(statement.sort, statement.words)
        elif isinstance(statement, Attribute):
            true = facts.attribute(statement.word) * (-1 if statement.negated else 1)
        elif isinstance(statement, Part):
            true = facts.part(statement.feature)
        elif isinstance(statement, Place):
            true = facts.place(statement.where)
        else:
            anchors = []
            for anchor in statement.anchors:
                row, is_one = one_row(phrase_outcomes(anchor, facts)[0])
                anchors.append(row)
                holds = min(holds, is_one)
            if len(set(anchors)) < len(anchors):
                holds = -1  # between an object and itself
            true = facts.relation(statement.sort, anchors) if min(anchors) >= 0 and holds >= 0 else -np.ones_like(rows)
        rows = np.minimum(rows, true)
    return rows, holds


def _choose(described: Array, chooser: Chooser, facts: Facts) -> tuple[Array, int]:
    """A chooser's choice within a set, and whether what it takes for granted holds."""
    if isinstance(chooser, Nearest):
        row, holds = one_row(phrase_outcomes(chooser.anchor, facts)[0])
        if row < 0 or holds < 0:
            return -np.ones_like(described), -1
        others = described.copy()
        others[row] = -1
        chosen = _ahead_of_all(others, lambda one, other: facts.nearer(one, other, row))
        return _if_known(described, chosen), holds
    if isinstance(chooser, Size):
        sign = 1 if chooser.which == "largest" else -1
        chosen = _ahead_of_all(described, lambda one, other: sign * facts.larger(one, other))
        holds = 1
        if chooser.of_two:
            fewest, most = int(np.sum(described == 1)), int(np.sum(described >= 0))
            holds = 1 if fewest == most and most in (0, 2) else 0 if fewest <= 2 <= most else -1
        return _if_known(described, chosen), holds
    side, place, count = chooser.side, 1, 1
    if isinstance(chooser, Ordinal):
        place = chooser.place
    else:
        count = chooser.count
    chosen = np.array([_ranked(row, described, side, place, count, facts) for row in range(len(described))], np.int64)
    chosen = _if_known(described, chosen)
    if isinstance(chooser, Extreme) and chooser.far:
        chosen = np.minimum(chosen, facts.place(side))
    return chosen, 1


def _if_known(described: Array, chosen: Array) -> Array:
    """Nothing is decidedly chosen from a set with undecided members."""
    return np.minimum(chosen, 0) if np.any(described == 0) else chosen


def _ahead_of_all(described: Array, ahead: Callable[[int, int], int]) -> Array:
    """Members that are ahead of each other one."""
    members = np.flatnonzero(described >= 0)
    chosen = -np.ones_like(described)
    for row in members:
        verdicts = [ahead(int(row), int(other)) for other in members if other != row]
        chosen[row] = min([int(described[row]), *verdicts])
    return chosen


def _ranked(row: int, described: Array, side: str, place: int, count: int, facts: Facts) -> int:
    """Whether a row is the ``place``-th from a side, or among the ``count`` first ones."""
    if described[row] < 0:
        return -1
    others = [int(other) for other in np.flatnonzero(described >= 0) if other != row]
    verdicts = [facts.before(other, row, side) for other in others]
    ahead, unknown = verdicts.count(1), verdicts.count(0)
    if count > 1:
        return 1 if ahead + unknown < count else -1 if ahead >= count else 0
    if ahead >= place or ahead + unknown < place - 1:
        return -1
    return 1 if ahead == place - 1 and not unknown else 0
