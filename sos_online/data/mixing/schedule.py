"""How the weights of a mixture move while training goes on."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sos_online.data.stream import require
from sos_online.errors import StreamError

END_OF_TIME = 2**63
_COSINE_PIECES = 64  # between its knots the curve is off by less than 0.0002
Weights = tuple[float, ...]
Knot = tuple[int, Weights]


@dataclass(frozen=True)
class Schedule:
    """Weights of sources over the positions of a mixture: straight lines between knots, constant before and behind.

    A position counts the samples that all ranks together have drawn, over all epochs. To write a schedule in training
    steps, use steps in place of positions and end with :meth:`in_steps`.

    Weights are relative: each knot's are divided by their sum. Between two knots the shares move in a straight line;
    two knots at one position make a step, whose second holds from that position on. A source may have weight 0, for a
    time or for ever.

    Args:
        knots: ``(position, weights)`` in the order of their positions, each with as many weights as the others.

    Raises:
        StreamError: no knots, positions out of order or out of range, weights that are negative, not finite or all 0.
    """

    knots: tuple[Knot, ...]

    def __post_init__(self) -> None:
        require("schedule", self.knots, isinstance(self.knots, list | tuple) and len(self.knots) > 0, "knots")
        checked = tuple(_checked_knot(number, knot) for number, knot in enumerate(self.knots))
        for number, (before, knot) in enumerate(pairwise(checked), start=1):
            _check_order(number, before, knot)
        for number, (first, second, third) in enumerate(zip(checked, checked[1:], checked[2:], strict=False)):
            if first[0] == third[0]:
                raise StreamError(
                    f"schedule: knot {number + 1}: expected at most two knots at one position, found {second[0]} thrice"
                )
        object.__setattr__(self, "knots", checked)

    @staticmethod
    def constant(weights: Sequence[float]) -> Schedule:
        """The same weights for ever."""
        return Schedule(((0, check_weights("weights", weights)),))

    @staticmethod
    def linear(first: Sequence[float], last: Sequence[float], *, end: int, start: int = 0) -> Schedule:
        """``first`` up to ``start``, ``last`` from ``end`` on, a straight line between."""
        _check_span(start, end)
        return Schedule(((start, check_weights("first", first)), (end, check_weights("last", last))))

    @staticmethod
    def step(first: Sequence[float], last: Sequence[float], *, at: int) -> Schedule:
        """``first`` before ``at``, ``last`` from ``at`` on."""
        return Schedule(((at, check_weights("first", first)), (at, check_weights("last", last))))

    @staticmethod
    def cosine(first: Sequence[float], last: Sequence[float], *, end: int, start: int = 0) -> Schedule:
        """As :meth:`linear`, but the change begins and ends slowly: half a period of a cosine, in 64 straight pieces
        (off by less than 0.0002)."""
        _check_span(start, end)
        begin, finish = _shares("first", first), _shares("last", last)
        _check_count("last", finish, begin)
        pieces = min(_COSINE_PIECES, end - start)
        knots = []
        for piece in range(pieces + 1):
            position = start + (end - start) * piece // pieces
            moved = (1 - math.cos(math.pi * (position - start) / (end - start))) / 2
            knots.append((position, _between(begin, finish, moved)))
        return Schedule(tuple(knots))

    def in_steps(self, *, batch_size: int, world: int = 1) -> Schedule:
        """This schedule, whose positions were training steps, in samples.

        A step draws ``batch_size`` samples on each of ``world`` ranks. (An epoch's last step may be smaller, so that
        after several epochs a schedule runs late by less than a step for each.)
        """
        for name, value in (("batch_size", batch_size), ("world", world)):
            require(name, value, isinstance(value, int) and value >= 1, "an integer from 1 on")
        return Schedule(tuple((position * batch_size * world, weights) for position, weights in self.knots))

    @property
    def sources(self) -> int:
        """How many sources the weights are for."""
        return len(self.knots[0][1])

    def shares_at(self, position: int) -> Weights:
        """Share of each source at a position, 0 … 1; they sum to 1."""
        number = bisect_right(self.knots, position, key=lambda knot: knot[0])
        if number == 0:
            return _shares("weights", self.knots[0][1])
        begin, first = self.knots[number - 1]
        if number == len(self.knots):
            return _shares("weights", first)
        end, last = self.knots[number]
        moved = (position - begin) / (end - begin)
        return _between(_shares("weights", first), _shares("weights", last), moved)


def _checked_knot(number: int, knot: Any) -> Knot:
    where = f"schedule: knot {number}"
    if not (isinstance(knot, list | tuple) and len(knot) == 2):
        raise StreamError(f"{where}: expected (position, weights), found {knot!r:.80}")
    position, weights = knot
    whole = isinstance(position, int) and not isinstance(position, bool)
    require(f"{where}: position", position, whole and 0 <= position < END_OF_TIME, "an integer in 0 … 2**63 - 1")
    return position, check_weights(f"{where}: weights", weights)


def check_weights(where: str, weights: Any) -> Weights:
    """Weights as floats. Raises ``StreamError`` if they are no weights; ``where`` begins the message."""
    try:
        numbers = tuple(float(weight) for weight in weights)
    except (TypeError, ValueError, OverflowError):
        raise StreamError(f"{where}: expected a number for each source, found {weights!r:.80}") from None
    usable = len(numbers) > 0 and all(math.isfinite(number) and number >= 0 for number in numbers)
    require(where, list(numbers), usable, "finite numbers from 0 on, one for each source")
    require(where, list(numbers), sum(numbers) > 0, "at least one above 0")
    require(where, list(numbers), math.isfinite(sum(numbers)), "a finite sum")
    return numbers


def _check_order(number: int, before: Knot, knot: Knot) -> None:
    if knot[0] < before[0]:
        raise StreamError(
            f"schedule: knot {number}: position: expected {before[0]:,} or more, as the knot before, found {knot[0]:,}"
        )
    _check_count(f"schedule: knot {number}: weights", knot[1], before[1])


def _check_count(where: str, weights: Weights, others: Weights) -> None:
    if len(weights) != len(others):
        raise StreamError(f"{where}: expected {len(others)}, as before it, found {len(weights)}")


def _check_span(start: int, end: int) -> None:
    if not start < end:
        raise StreamError(f"schedule: end: expected more than start, {start}, found {end}")


def _shares(where: str, weights: Sequence[float]) -> Weights:
    checked = check_weights(where, weights)
    total = math.fsum(checked)
    return tuple(weight / total for weight in checked)


def _between(first: Weights, last: Weights, moved: float) -> Weights:
    return tuple((1 - moved) * a + moved * b for a, b in zip(first, last, strict=True))
