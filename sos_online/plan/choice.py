"""Which segments go into an image."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sos_online.types import Section, SegmentIndex


class SegmentChoice(Section):
    """How segments are drawn, with replacement.

    Attributes:
        by: ``source``: a source uniformly, then a segment uniformly in it (the published rule); ``segment``: all
            segments alike; ``category``: a category uniformly, then a segment uniformly in it.
        single_category: the first segment drawn fixes the category of the whole image (the SFC and SGC sets).
    """

    by: Literal["source", "segment", "category"] = "source"
    single_category: bool = Field(default=False)


def choose_segments(
    choice: SegmentChoice, index: SegmentIndex, count: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and category ids of ``count`` segments, int64 ``[count]`` each. Costs no more on a large library."""
    first = 1 if choice.single_category and count else count
    if choice.by == "source":
        rows = _by_source(index, first, rng)
    elif choice.by == "category":
        rows = _in_categories(index, rng.integers(1, index.num_categories + 1, first), rng)
    else:
        rows = rng.integers(0, len(index), first)
    categories = np.searchsorted(index.category_starts, rows, side="right")
    if first < count:
        categories = np.repeat(categories, count)
        rows = np.concatenate([rows, _in_categories(index, categories[1:], rng)])
    return rows, categories


def _in_categories(
    index: SegmentIndex, categories: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    starts = index.category_starts
    return rng.integers(starts[categories - 1], starts[categories])


def _by_source(index: SegmentIndex, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    rows = np.empty(count, np.int64)
    # a source whose segments were all left out has none to give
    sources = rng.choice([source for source in range(index.num_sources) if index.group_starts(source)[1][-1]], count)
    shares = rng.random(count)
    for position, source in enumerate(sources):
        starts, before = index.group_starts(int(source))
        nth = int(shares[position] * before[-1])
        group = int(np.searchsorted(before, nth, side="right")) - 1
        rows[position] = starts[group] + nth - before[group]
    return rows
