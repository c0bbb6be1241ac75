"""The rules of choice, row by row in plain loops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tests.plan.fake_index import FakeIndex


def probabilities(
    index: FakeIndex,
    by: str,
    source_weights: Sequence[float] | None = None,
    category_weights: Sequence[float] | None = None,
    passes: Sequence[bool] | None = None,
) -> dict[int, float]:
    """Probability of every row that can be drawn."""
    u = source_weights or [1.0] * index.num_sources
    w = category_weights or [1.0] * index.num_categories
    rows = {
        row: (category, source)
        for row, (category, source) in enumerate(index.rows())
        if (passes is None or passes[row]) and u[source] > 0 and w[category - 1] > 0
    }
    if by == "segment":
        return share_out({row: u[source] * w[category - 1] for row, (category, source) in rows.items()})
    parts: dict[int, dict[int, float]] = defaultdict(dict)
    for row, (category, source) in rows.items():
        if by == "source":
            parts[source][row] = w[category - 1]
        else:
            parts[category][row] = u[source]
    of_part = share_out({part: u[part] if by == "source" else w[part - 1] for part in parts})
    return {row: of_part[part] * share for part, weights in parts.items() for row, share in share_out(weights).items()}


def in_category(
    index: FakeIndex, category: int, source_weights: Sequence[float] | None = None, passes: Sequence[bool] | None = None
) -> dict[int, float]:
    """Probability of every row when one of a given category is drawn."""
    u = source_weights or [1.0] * index.num_sources
    rows = {row: source for row, (own, source) in enumerate(index.rows()) if own == category}
    return share_out({row: u[source] for row, source in rows.items() if (passes is None or passes[row]) and u[source]})


def share_out(weights: Mapping[int, float]) -> dict[int, float]:
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items()}
