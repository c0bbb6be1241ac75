"""The groups of a library, the ranges of rows that share a category and a source, of all sources in one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sos_online.plan.selection import Rows, Selection
from sos_online.types import SegmentIndex


@dataclass(frozen=True)
class Groups:
    """All groups, in the order of rows; int64 ``[groups]`` each.

    Attributes:
        starts: first row.
        stops: the row behind the last.
        categories: id, 1-based.
        sources: position of the source.
    """

    starts: Rows
    stops: Rows
    categories: Rows
    sources: Rows

    @staticmethod
    def of(index: SegmentIndex) -> Groups:
        parts = [index.group_starts(source) for source in range(index.num_sources)]
        starts = np.concatenate([first for first, _ in parts])
        sizes = np.concatenate([np.diff(before) for _, before in parts])
        sources = np.repeat(np.arange(len(parts)), [len(first) for first, _ in parts])
        order = np.argsort(starts)
        starts = starts[order]
        categories = np.searchsorted(index.category_starts, starts, side="right")
        return Groups(starts, starts + sizes[order], categories, sources[order])

    def bounds(self, selection: Selection | None) -> tuple[Rows, Rows]:
        """Rank of each group's first selected row, and of the one behind its last; the rows themselves if all are."""
        if selection is None:
            return self.starts, self.stops
        return selection.rank(self.starts), selection.rank(self.stops)

    def by_source(self, per_group: npt.NDArray[np.int64], num_sources: int) -> npt.NDArray[np.int64]:
        """Numbers of groups added up for each source, int64 ``[num_sources]``."""
        sums = np.zeros(num_sources, np.int64)
        np.add.at(sums, self.sources, per_group)
        return sums

    def by_category(self, per_group: npt.NDArray[np.int64], num_categories: int) -> npt.NDArray[np.int64]:
        """Numbers of groups added up for each category, int64 ``[num_categories]``."""
        sums = np.zeros(num_categories, np.int64)
        np.add.at(sums, self.categories - 1, per_group)
        return sums
