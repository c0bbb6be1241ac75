"""How many samples each source has given when a mixture is at a position: exact, at once, for any position.

Were every position drawn on its own, the number of a source's draws before position 10**9 could only be counted. So the
numbers come first. Each source is due its share: the sum of its weights so far, in exact integers. As time goes on its
next draw falls due whenever that share passes another half-integer, and position ``p`` is the ``p``-th draw of all
sources in that order. Where the count stands is found by bisection over at most twice as many points of time as there
are sources; every source is then always within a few draws of its share, at any position of any run.

The order of the draws inside a short block is shuffled afterwards (``order.py``).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from sos_online.data.mixing.schedule import END_OF_TIME, Schedule, Weights

_ONE = 1 << 62  # shares are integers over this
Counts = tuple[int, ...]


@dataclass(frozen=True)
class Quotas:
    """Draws of each source before every position of a schedule."""

    schedule: Schedule

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The schedule, cut where it steps; so that a source whose weight becomes 0 gives no sample from there on."""
        stretches: list[Stretch] = []
        counts: Counts = (0,) * self.schedule.sources
        owed: Counts = (_ONE // 2,) * self.schedule.sources
        for knots, end in _continuous(self.schedule):
            stretch = Stretch(knots, end, counts, owed)
            stretches.append(stretch)
            if end < END_OF_TIME:
                counts = stretch.counts(end)
                owed = stretch.owed_at_end(counts)
        return stretches

    @cached_property
    def _starts(self) -> list[int]:
        return [stretch.start for stretch in self.stretches]

    def stretch_at(self, position: int) -> Stretch:
        """The part of the schedule that a position lies in."""
        return self.stretches[bisect_right(self._starts, position) - 1]

    def counts(self, position: int) -> Counts:
        """Draws of each source before ``position``; they sum to it."""
        return self.stretch_at(position).counts(position)


class Stretch:
    """A part of a schedule without steps.

    Args:
        knots: positions, and shares as integers over ``_ONE``; straight lines between, constant behind the last.
        end: the position that it ends before.
        counts: draws of each source before it.
        owed: what each source is owed at its beginning, over ``_ONE`` and in 0 … 1: half a draw, corrected by what an
            earlier stretch owes it. So errors of rounding do not add up over many short stretches.
    """

    def __init__(self, knots: Sequence[tuple[int, Counts]], end: int, counts: Counts, owed: Counts) -> None:
        self.start = knots[0][0]
        self.end = end
        self._counts = counts
        self._owed = owed
        self._knots = knots
        self._positions = [position for position, _ in knots]
        # twice what each source is due at each knot, over _ONE: straight lines have integers as areas then
        self._due = [(0,) * len(counts)]
        for (begin, first), (finish, last) in pairwise(knots):
            self._due.append(
                tuple(due + (finish - begin) * (a + b) for due, a, b in zip(self._due[-1], first, last, strict=True))
            )

    def counts(self, position: int) -> Counts:
        """Draws of each source before a ``position`` of this stretch, or its end; they sum to it."""
        wanted = position - self.start
        sources = len(self._counts)
        # every source is less than one draw away from its share, all together less than there are sources
        low, high = max(wanted - sources, 0), wanted + sources
        times = range(low, high + 1)
        time = times[bisect_left(times, wanted, key=lambda time: sum(self._fallen_due(time)))]
        fallen_due = self._fallen_due(time)
        # of those that fall due at the same time, the last sources' are still to come
        early = sum(fallen_due) - wanted
        counts = list(fallen_due)
        if early:
            before = self._fallen_due(time - 1)
            for source in reversed(range(sources)):
                if early and counts[source] > before[source]:
                    counts[source] -= 1
                    early -= 1
        return tuple(count + given for count, given in zip(counts, self._counts, strict=True))

    def owed_at_end(self, counts: Counts) -> Counts:
        """See ``owed``: of the stretch behind this one, where ``counts`` draws have been made."""
        shares = self._shares_until(self.end - self.start)
        owed = (
            share + owed - _ONE * (count - before)
            for share, owed, count, before in zip(shares, self._owed, counts, self._counts, strict=True)
        )
        return tuple(min(max(value, 0), _ONE - 1) for value in owed)

    def _fallen_due(self, time: int) -> Counts:
        """Draws that are due within ``time`` positions from the beginning of this stretch."""
        shares = self._shares_until(time)
        return tuple((share + owed) // _ONE for share, owed in zip(shares, self._owed, strict=True))

    def _shares_until(self, time: int) -> Counts:
        """What each source is due in the first ``time`` positions, over ``_ONE``, rounded down."""
        position = self.start + time
        knot = bisect_right(self._positions, position) - 1
        passed = position - self._positions[knot]
        due, first = self._due[knot], self._knots[knot][1]
        if knot + 1 == len(self._knots):
            return tuple((before + 2 * passed * a) // 2 for before, a in zip(due, first, strict=True))
        last, length = self._knots[knot + 1][1], self._positions[knot + 1] - self._positions[knot]
        return tuple(
            (before + 2 * passed * a + passed * passed * (b - a) // length) // 2
            for before, a, b in zip(due, first, last, strict=True)
        )


def _continuous(schedule: Schedule) -> list[tuple[list[tuple[int, Counts]], int]]:
    """Knots of each stretch, the first of them at its beginning, and where it ends."""
    knots = [(position, _as_integers(weights)) for position, weights in schedule.knots]
    if knots[0][0] > 0:
        knots.insert(0, (0, knots[0][1]))
    stretches: list[list[tuple[int, Counts]]] = [[]]
    for knot in knots:
        if stretches[-1] and stretches[-1][-1][0] == knot[0]:  # a step
            stretches.append([])
        stretches[-1].append(knot)
    ends = [part[0][0] for part in stretches[1:]] + [END_OF_TIME]
    return [(part, end) for part, end in zip(stretches, ends, strict=True) if part[0][0] < end]


def _as_integers(weights: Weights) -> Counts:
    """Shares over ``_ONE`` that sum to it; the rounding goes to the largest."""
    total = sum(map(Fraction, weights))
    shares = [int(Fraction(weight) * _ONE / total) for weight in weights]
    shares[shares.index(max(shares))] += _ONE - sum(shares)
    return tuple(shares)
