"""What the vocabulary of a mixture was made of, and how many rows it left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import get_worker_info

from sos_online.data.mixing.names import How, JoinedVocabulary, Match

_SLOTS = 512
_SHOWN = 12


@dataclass(frozen=True)
class VocabularyReport:
    """How the categories of a mixture's sources were joined; prints as a table.

    Attributes:
        category_names: of the mixture; label ``i + 1`` is ``category_names[i]``.
        sources: names of the sources.
        matches: for each source what became of each of its categories, in the order of its ids.
        rows_left_out: of each source, rows of targets made so far (in this process and its workers) whose category a
            fixed vocabulary does not have.
    """

    category_names: list[str]
    sources: list[str]
    matches: list[list[Match]]
    rows_left_out: list[int]

    def joined(self, source: int) -> list[tuple[str, str]]:
        """Categories of a source that joined one of another name: theirs, and the mixture's."""
        return [
            (match.name, self.category_names[match.label - 1])
            for match in self.matches[source]
            if match.how in ("table", "other name")
        ]

    def left_out(self, source: int) -> list[str]:
        """Categories of a source that are not in the vocabulary."""
        return [match.name for match in self.matches[source] if match.how == "left out"]

    def absent(self, source: int) -> list[str]:
        """Categories of the mixture that a source does not have: its images may show them without a row."""
        labels = {match.label for match in self.matches[source]}
        return [name for label, name in enumerate(self.category_names, start=1) if label not in labels]

    def __str__(self) -> str:
        lines = [f"{len(self.category_names):,} categories of {len(self.sources)} sources"]
        for source, name in enumerate(self.sources):
            hows = Counter(match.how for match in self.matches[source])
            counts = ", ".join(f"{hows[how]:,} {said}" for how, said in _SAID.items() if hows[how])
            lines.append(f"{name}: {len(self.matches[source]):,} categories: {counts or 'none'}")
            joined = [f"{own} = {other}" for own, other in self.joined(source)]
            for what, parts in (
                ("joined", joined),
                ("left out", self.left_out(source)),
                ("not here", self.absent(source)),
            ):
                if parts:
                    more = f", and {len(parts) - _SHOWN:,} more" if len(parts) > _SHOWN else ""
                    lines.append(f"  {what}: {', '.join(parts[:_SHOWN])}{more}")
            if self.rows_left_out[source]:
                lines.append(f"  rows left out so far: {self.rows_left_out[source]:,}")
        return "\n".join(lines)


_SAID: dict[How, str] = {
    "new": "new",
    "name": "of the same name",
    "other name": "by another name",
    "table": "by the table",
    "left out": "left out",
}


class RowsLeftOut:
    """Counts rows for each source, in this process and its ``DataLoader`` workers, each in a slot of its own."""

    def __init__(self, sources: int) -> None:
        self._counts = torch.zeros(_SLOTS, sources, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def add(self, source: int, rows: int) -> None:
        worker = get_worker_info()
        self._counts[0 if worker is None else 1 + worker.id % (_SLOTS - 1), source] += rows

    def totals(self) -> list[int]:
        totals: list[int] = self._counts.sum(0).tolist()
        return totals


def vocabulary_report(
    vocabulary: JoinedVocabulary, sources: Sequence[str], rows_left_out: RowsLeftOut
) -> VocabularyReport:
    """The report as of now."""
    return VocabularyReport(vocabulary.names, list(sources), vocabulary.matches, rows_left_out.totals())
