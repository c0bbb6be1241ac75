"""Which categories come together: drawn from what was learnt of pairs of objects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_online.types import LearnedLayout

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NO_PARTNER = -1


class Cooccurrence:
    """Draws the categories of a picture's objects.

    The first object's category is drawn by its instances in the real set. Each further object is drawn given the first
    one, from the pairs, or repeats one of the further objects so far: a Pólya urn (Blackwell and MacQueen, Ferguson
    distributions via Pólya urn schemes, 1973) over the pair's conditional. So every object, whatever its position,
    has the categories' true shares, every pair with the first is as in the real set, and pictures hold groups of one
    kind, as many as there.

    The pair table is symmetric with the instances as its sums: an object without a partner (alone in its picture, or
    with objects of categories that are left out) counts as a pair with any other such object.

    Args:
        learned: the data.
        kept: positions of the categories that may come, ascending; their pairs with others are left out.
    """

    def __init__(self, learned: LearnedLayout, kept: Ints) -> None:
        number = len(kept)
        position = np.full(len(learned.names), -1, np.int64)
        position[kept] = np.arange(number)
        one, other, weight = _both_ways(position[learned.pair_of], position[learned.pair_with], learned.pair_weight)
        instances = learned.instances[kept].astype(np.float64)
        alone = np.maximum(instances - np.bincount(one, weight, minlength=number), 0)
        alone[alone < 1e-5 * instances] = 0  # weights are rounded
        # one row for each category: its pairs, and last what it has of objects without a partner
        one, other = np.append(one, np.arange(number)), np.append(other, np.full(number, _NO_PARTNER))
        order = np.lexsort((other == _NO_PARTNER, one))
        self._others = other[order]
        self._bounds = np.concatenate([[0.0], np.cumsum(np.append(weight, alone)[order])])
        self._rows = np.searchsorted(one[order], np.arange(number + 1))
        self._first, self._alone = np.cumsum(instances), np.cumsum(alone)
        # of the k further objects so far, one is repeated with probability k / (k + a)
        self._a = (1 - learned.repeat) / learned.repeat if learned.repeat > 0 else np.inf

    def draw(self, count: int, rng: np.random.Generator) -> Ints:
        """Positions among the kept categories, int64 ``[count]``."""
        if count == 0:
            return np.empty(0, np.int64)
        numbers = rng.random((4, count))
        first = int(_fall_on(self._first, numbers[0, 0]))
        start, stop = self._rows[first : first + 2]
        low, high = self._bounds[start], self._bounds[stop]
        drawn = self._bounds.searchsorted(low + numbers[0, 1:] * (high - low), "right") - 1
        further = self._others[np.minimum(drawn, stop - 1)]
        without = further == _NO_PARTNER
        if without.any():
            further[without] = _fall_on(self._alone, numbers[1, 1:][without])
        chosen = further.tolist()
        for before, (repeats, which) in enumerate(zip(numbers[2, 1:].tolist(), numbers[3, 1:].tolist(), strict=True)):
            if repeats * (before + self._a) < before:
                chosen[before] = chosen[int(which * before)]
        return np.array([first, *chosen])


def _both_ways(one: Ints, other: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
    """A symmetric table from its upper half, ordered by ``one``; pairs with -1 are left out."""
    inside = (one >= 0) & (other >= 0)
    one, other, weight = one[inside], other[inside], weight[inside]
    mirrored = one != other
    one, other = np.concatenate([one, other[mirrored]]), np.concatenate([other, one[mirrored]])
    weight = np.concatenate([weight, weight[mirrored]])
    order = np.lexsort((other, one))
    return one[order], other[order], weight[order]


def _fall_on(bounds: Floats, shares: Floats) -> Ints:
    """On which of the cumulated weights uniform numbers in [0, 1) fall; never on one of weight 0."""
    # a product that is rounded up to the last bound would fall behind it
    found: Ints = bounds.searchsorted(np.minimum(shares * bounds[-1], np.nextafter(bounds[-1], 0)), "right")
    return found
