"""What a filter leaves of a library, counted, and how its measures are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sos_online.library import SegmentLibrary
from sos_online.plan.choice import SegmentChoice
from sos_online.plan.frequency import source_weights
from sos_online.plan.groups import Groups
from sos_online.plan.quality import (
    Criterion,
    QualityFilter,
    border_known,
    check_flags,
    count_by_source,
    flag_known,
    passing,
)
from sos_online.plan.selection import Rows, Selection
from sos_online.types import FLAGS, Measure

NUMBERS: tuple[Measure, ...] = ("opaque", "component_share", "edge_sharpness", "laplacian_variance")
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class QualityReport:
    """A choice's filter over a library, for the sources that the choice draws from.

    Raises:
        RecipeError: the choice does not fit the library: an unknown source, a flag that is not known.
    """

    library: SegmentLibrary
    choice: SegmentChoice

    def __post_init__(self) -> None:
        check_flags(
            self.choice.quality, self.library, self.groups, source_weights(self.choice.sources, self.library) > 0
        )

    @cached_property
    def groups(self) -> Groups:
        return Groups.of(self.library)

    @cached_property
    def criteria(self) -> list[Criterion]:
        return self.choice.quality.criteria()

    @cached_property
    def sources(self) -> list[int]:
        """Positions of the sources that are drawn from and have segments."""
        segments = count_by_source(None, self.library, self.groups)
        drawn = source_weights(self.choice.sources, self.library) > 0
        return [int(source) for source in np.flatnonzero(drawn & (segments > 0))]

    def count(self, criteria: Sequence[Criterion]) -> list[int]:
        """How many segments of each of ``sources`` pass all of these."""
        selection = passing(criteria, self.library) if criteria else None
        counts = count_by_source(selection, self.library, self.groups).tolist()
        return [counts[source] for source in self.sources]

    def spread(self, selection: Selection, count: int) -> Rows:
        """At most ``count`` of the selected rows of ``sources``, evenly spread over them, in the order of rows."""
        first, behind = self.groups.bounds(selection)
        sizes = np.where(np.isin(self.groups.sources, self.sources), behind - first, 0)
        up_to = np.cumsum(sizes)
        total = int(up_to[-1])
        nth = (np.arange(min(count, total)) * 2 + 1) * total // (2 * min(count, total) or 1)
        group = np.searchsorted(up_to, nth, side="right")
        return selection.select(first[group] + nth - (up_to - sizes)[group])

    def quantiles(self, measure: Measure, source: int) -> list[float]:
        """Of a measure in one source, see :data:`QUANTILES`."""
        column = self.library.quality(measure)
        mine = np.flatnonzero(self.groups.sources == source)
        parts = [column[self.groups.starts[group] : self.groups.stops[group]] for group in mine.tolist()]
        return [float(value) for value in np.quantile(np.concatenate(parts), QUANTILES)]

    def as_data(self) -> dict[str, Any]:
        """All of it as plain values, counts by the name of the source."""
        names = [self.library.source_names[source] for source in self.sources]

        def by_name(counts: list[int]) -> dict[str, int]:
            return dict(zip(names, counts, strict=True))

        return {
            "segments": by_name(self.count([])),
            "filter": self.choice.quality.model_dump(mode="json"),
            "passes": {one.name: by_name(self.count([one])) for one in self.criteria},
            "passes_all": by_name(self.count(self.criteria)),
            "flags": {
                flag: {
                    "known": by_name(self.count([flag_known(flag)])),
                    "holds": by_name(self.count(QualityFilter(flags=(flag,)).criteria())),
                }
                for flag in FLAGS
            },
            "border_known": by_name(self.count([border_known()])),
            "inside_picture": by_name(self.count([border_known(), *QualityFilter(at_border="drop").criteria()])),
            "no_near_duplicate": by_name(self.count(QualityFilter(near_duplicates="drop").criteria())),
            "quantiles": {
                measure: {
                    name: self.quantiles(measure, source) for name, source in zip(names, self.sources, strict=True)
                }
                for measure in NUMBERS
            },
        }
