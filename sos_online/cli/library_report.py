"""What is in a library, as tables and a chart for people or as JSON for a script."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table

from sos_online.cli.terminal import output
from sos_online.library import SegmentLibrary
from sos_online.library.left_out import listed

_BAR = 40  # characters


def describe(library: SegmentLibrary, as_json: bool, every_category: bool = False) -> None:
    """Print what a library holds: its sources, what was left out and why, and its categories' long tail."""
    if as_json:
        output.print_json(data=_as_data(library))
        return
    manifest = library.manifest
    output.print(
        f"{manifest.name}: {manifest.segments:,} segments in {manifest.categories:,} categories, "
        f"licence {manifest.licence}, at {library.where}",
        markup=False,
    )
    table = Table("source", "taken", "near-duplicates", "left out", "why")
    for source in manifest.sources:
        why = ", ".join(f"{count:,} {reason}" for reason, count in source.left_out.items())
        left_out = f"{sum(source.left_out.values()):,}"
        table.add_row(source.name, f"{source.taken:,}", f"{source.near_duplicates:,}", left_out, why)
    output.print(table)
    for source in manifest.sources:
        for reason, keys in source.examples.items():
            output.print(f"{source.name}: {reason}: {listed(keys, source.left_out[reason])}", markup=False)
    counts = category_counts(library)
    output.print(_list(library, counts) if every_category else _chart(library, counts.sum(1)))
    output.print(_spread(counts.sum(1)), markup=False)


def category_counts(library: SegmentLibrary) -> npt.NDArray[np.int64]:
    """Segments of each category in each source, ``[categories, sources]``."""
    counts = np.zeros((library.num_categories, library.num_sources), np.int64)
    for source in range(library.num_sources):
        starts, before = library.group_starts(source)
        category = np.searchsorted(library.category_starts, starts, side="right") - 1
        counts[category, source] = np.diff(before)
    return counts


def _as_data(library: SegmentLibrary) -> dict[str, Any]:
    counts = category_counts(library)
    names = library.source_names
    return {
        **library.manifest.model_dump(mode="json"),
        "per_category": dict(zip(library.category_names, counts.sum(1).tolist(), strict=True)),
        "per_category_and_source": {
            category: {names[source]: row[source] for source in np.flatnonzero(row).tolist()}
            for category, row in zip(library.category_names, counts.tolist(), strict=True)
        },
    }


def _chart(library: SegmentLibrary, totals: npt.NDArray[np.int64]) -> Table:
    """The long tail: some categories by rank, with bars that grow with the logarithm of their segments."""
    order = np.argsort(-totals, kind="stable")
    table = Table("rank", "category", "segments", "", box=None)
    for rank in _shown_ranks(len(order)):
        category = int(order[rank])
        bar = "█" * round(_BAR * math.log1p(totals[category]) / math.log1p(totals.max()))
        table.add_row(f"{rank + 1:,}", library.category_names[category], f"{totals[category]:,}", bar)
    return table


def _list(library: SegmentLibrary, counts: npt.NDArray[np.int64]) -> Table:
    """Every category in the order of the ids, with its segments in each source."""
    table = Table("id", "category", "segments", *(library.source_names if library.num_sources > 1 else []), box=None)
    for position, (name, row) in enumerate(zip(library.category_names, counts.tolist(), strict=True), start=1):
        per_source = [f"{count:,}" for count in row] if library.num_sources > 1 else []
        table.add_row(str(position), name, f"{sum(row):,}", *per_source)
    return table


def _shown_ranks(count: int) -> list[int]:
    """1, 2, 5, 10, 20, 50 … and the last, from 0 on."""
    steps = [digit * 10**power for power in range(len(str(count))) for digit in (1, 2, 5)]
    return [*(step - 1 for step in steps if step < count), count - 1]


def _spread(totals: npt.NDArray[np.int64]) -> str:
    """How many categories have how many segments."""
    bounds = [0, 1, 10, 100, 1000, 10_000, math.inf]
    labels = ["none", "1 … 9", "10 … 99", "100 … 999", "1,000 … 9,999", "10,000 or more"]
    shares = [
        f"{label}: {count:,}"
        for label, low, high in zip(labels, bounds, bounds[1:], strict=False)
        if (count := int(np.count_nonzero((totals >= low) & (totals < high))))
    ]
    return f"categories by segments: {'; '.join(shares)}; median {int(np.median(totals)):,}"
