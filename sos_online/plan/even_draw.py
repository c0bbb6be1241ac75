"""Drawing segments where every segment passes and no weights are given: the published rule."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sos_online.plan.selection import Bools, Rows
from sos_online.types import SegmentIndex

By = Literal["source", "segment", "category"]


class EvenDraw:
    """A source or a category uniformly, then a segment uniformly in it; or any segment uniformly."""

    def __init__(self, by: By, index: SegmentIndex) -> None:
        self._by = by
        self._index = index
        # a source whose segments were all left out has none to give, nor has a category that is only a name
        self._sources = [source for source in range(index.num_sources) if index.group_starts(source)[1][-1]]
        self._categories = np.flatnonzero(np.diff(index.category_starts)) + 1

    def rows(self, count: int, rng: np.random.Generator) -> Rows:
        if self._by == "source":
            return self._by_source(count, rng)
        if self._by == "category":
            return self.rows_in(self._categories[rng.integers(0, len(self._categories), count)], rng)
        return rng.integers(0, len(self._index), count)

    def rows_in(self, categories: Rows, rng: np.random.Generator) -> Rows:
        starts = self._index.category_starts
        return rng.integers(starts[categories - 1], starts[categories])

    def can_draw(self) -> Bools:
        result = np.zeros(self._index.num_categories + 1, np.bool_)
        result[self._categories] = True
        return result

    def _by_source(self, count: int, rng: np.random.Generator) -> Rows:
        rows = np.empty(count, np.int64)
        sources = rng.choice(self._sources, count)
        shares = rng.random(count)
        for position, source in enumerate(sources):
            starts, before = self._index.group_starts(int(source))
            nth = int(shares[position] * before[-1])
            group = int(np.searchsorted(before, nth, side="right")) - 1
            rows[position] = starts[group] + nth - before[group]
        return rows
