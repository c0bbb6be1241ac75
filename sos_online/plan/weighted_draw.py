"""Drawing segments by weights of sources and categories, among those that pass a filter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_online.plan.even_draw import By
from sos_online.plan.groups import Groups
from sos_online.plan.selection import Bools, Rows, Selection

Floats = npt.NDArray[np.float64]


class WeightedDraw:
    """A group by its probability, then a segment uniformly in it: two binary searches a segment, whatever the rule.

    It holds a few numbers for each group that can be drawn, and the selection.

    Args:
        by: see :class:`~sos_online.plan.choice.SegmentChoice`.
        groups: of the library.
        selection: the rows that pass; None if all do.
        sources: ``[num_sources]`` weights.
        categories: ``[num_categories]`` weights.
    """

    def __init__(
        self, by: By, groups: Groups, selection: Selection | None, sources: Floats, categories: Floats
    ) -> None:
        first, behind = groups.bounds(selection)
        probability = group_probabilities(by, groups, behind - first, sources, categories)
        drawn = probability > 0
        self._selection = selection
        self._first, self._sizes = first[drawn], (behind - first)[drawn]
        self._bounds = _cumulated(probability[drawn])
        # the same for every category, so that the numbers of a rare one are as fine as those of any other
        in_category = _shares_in(groups.categories[drawn], sources[groups.sources[drawn]] * self._sizes)
        self._within = _cumulated(in_category)
        # groups of category c: those from _category_groups[c - 1] to _category_groups[c]
        self._category_groups = np.searchsorted(groups.categories[drawn], np.arange(1, len(categories) + 2))

    def rows(self, count: int, rng: np.random.Generator) -> Rows:
        return self._in_groups(self._bounds, rng.random(count) * self._bounds[-1], rng)

    def rows_in(self, categories: Rows, rng: np.random.Generator) -> Rows:
        low = self._within[self._category_groups[categories - 1]]
        high = self._within[self._category_groups[categories]]
        return self._in_groups(self._within, low + rng.random(len(categories)) * (high - low), rng, categories)

    def can_draw(self) -> Bools:
        return np.concatenate([[False], np.diff(self._category_groups) > 0])

    def _in_groups(
        self, bounds: Floats, numbers: Floats, rng: np.random.Generator, categories: Rows | None = None
    ) -> Rows:
        """A row uniformly in each group that one of ``numbers`` falls on; in ``categories``, if they are given."""
        group = np.searchsorted(bounds, numbers, side="right") - 1
        # a product that is rounded up may fall on the bound behind the last
        last = len(self._sizes) if categories is None else self._category_groups[categories]
        group = np.minimum(group, last - 1)
        nth = self._first[group] + rng.integers(0, self._sizes[group])
        return nth if self._selection is None else self._selection.select(nth)


def group_probabilities(by: By, groups: Groups, sizes: Rows, sources: Floats, categories: Floats) -> Floats:
    """What is in proportion to the probability of each group, float64 ``[groups]``: the formulas of ``SegmentChoice``.

    ``sizes`` are the numbers of segments that pass.
    """
    # over the largest, so that no product is too large
    of_source = (sources / sources.max())[groups.sources]
    of_category = (categories / categories.max())[groups.categories - 1]
    probability: Floats = of_source * of_category * sizes
    if by == "source":
        probability = of_source * _shares_in(groups.sources, of_category * sizes)
    elif by == "category":
        probability = of_category * _shares_in(groups.categories, of_source * sizes)
    return probability


def _shares_in(part: Rows, weights: Floats) -> Floats:
    """Each weight over the sum of the weights of its part; 0 where that is 0."""
    total = np.bincount(part, weights)[part]
    shares: Floats = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return shares


def _cumulated(weights: Floats) -> Floats:
    return np.concatenate([np.zeros(1), np.cumsum(weights)])
