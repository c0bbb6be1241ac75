"""A library without pixels, and what a draw from it must look like: distributions by chi-square, with fixed seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from sos_online.types import Measure

Ints = npt.NDArray[np.int64]

FLAWLESS: dict[Measure, tuple[Any, str]] = {
    "flags": (7, "uint8"),
    "flags_known": (7, "uint8"),
    "opaque": (1000, "uint32"),
    "at_border": (0, "uint8"),
    "component_share": (1.0, "float32"),
    "edge_sharpness": (1.0, "float32"),
    "laplacian_variance": (500.0, "float32"),
    "duplicate_of": (-1, "int32"),
}


@dataclass(frozen=True)
class FakeIndex:
    """``counts[category][source]`` segments, rows sorted by category, then by source.

    ``measures`` replaces a measure of all rows, which are flawless otherwise; ``image_shares`` that of categories;
    ``other_names`` are folded names beside the categories' own, with the ids that they may mean.
    """

    counts: Sequence[Sequence[int]]
    measures: Mapping[Measure, Sequence[Any]] = field(default_factory=dict)
    image_shares: Sequence[float] | None = None
    other_names: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def num_categories(self) -> int:
        return len(self.counts)

    @property
    def num_sources(self) -> int:
        return len(self.counts[0])

    @property
    def category_names(self) -> list[str]:
        return [f"category {number + 1}" for number in range(self.num_categories)]

    def categories_by_name(self) -> Mapping[str, Sequence[int]]:
        return {**self.other_names, **{name: [number] for number, name in enumerate(self.category_names, 1)}}

    @property
    def source_names(self) -> list[str]:
        return [f"source {number}" for number in range(self.num_sources)]

    @property
    def category_image_shares(self) -> npt.NDArray[np.float64]:
        return np.array(self.image_shares or [np.nan] * self.num_categories)

    @property
    def category_starts(self) -> Ints:
        return np.cumsum([0, *(sum(category) for category in self.counts)]).astype(np.int64)

    def group_starts(self, source: int) -> tuple[Ints, Ints]:
        starts = [
            self.category_starts[position] + sum(category[:source])
            for position, category in enumerate(self.counts)
            if category[source]
        ]
        sizes = [category[source] for category in self.counts if category[source]]
        return np.array(starts, np.int64), np.cumsum([0, *sizes]).astype(np.int64)

    def __len__(self) -> int:
        return int(self.category_starts[-1])

    def size_wh(self, segment: int) -> tuple[int, int]:
        return 10 + segment % 50, 10 + segment % 7

    def opaque(self, segment: int) -> int:
        return int(self.quality("opaque")[segment])

    def quality(self, measure: Measure) -> npt.NDArray[Any]:
        value, dtype = FLAWLESS[measure]
        return np.array(self.measures.get(measure, [value] * len(self)), dtype)

    def rows(self) -> list[tuple[int, int]]:
        """(category id, source) of every row, listed one by one."""
        return [
            (category + 1, source)
            for category, sources in enumerate(self.counts)
            for source, count in enumerate(sources)
            for _ in range(count)
        ]


INDEX = FakeIndex([(2, 3), (0, 4), (7, 0), (1, 1)])


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def assert_distribution(found: Counter[int], expected: Mapping[int, float]) -> None:
    """Chi-square within five standard deviations of its mean; what has probability 0 never comes."""
    drawn = sum(found.values())
    possible = {key: probability * drawn for key, probability in expected.items() if probability > 0}
    assert sum(possible.values()) == pytest.approx(drawn)
    assert set(found) <= set(possible)
    assert min(possible.values()) >= 5, "too few draws for a chi-square"
    statistic = sum((found[key] - mean) ** 2 / mean for key, mean in possible.items())
    freedom = len(possible) - 1
    assert statistic < freedom + 5 * (2 * freedom) ** 0.5 + 5
