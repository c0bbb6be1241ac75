"""What was left out of a build: counted by reason, the first of each reason named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import map_table, write_table
from sos_online.library.sources import LeftOut
from sos_online.ops.names import as_key

EXAMPLES = 5
_SCHEMA = pa.schema([("reason", pa.string()), ("count", pa.int64()), ("examples", pa.list_(pa.string()))])


class LeftOutCounts:
    """Counts by reason, and the keys of the first :data:`EXAMPLES` of each, in the order in which they were added."""

    def __init__(self, items: Iterable[LeftOut] = ()) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}
        for item in items:
            self._add(item.reason, 1, [as_key(item.key)])

    @property
    def counts(self) -> dict[str, int]:
        """Sorted by reason."""
        return dict(sorted(self._counts.items()))

    @property
    def examples(self) -> dict[str, tuple[str, ...]]:
        """Sorted by reason."""
        return {reason: tuple(keys) for reason, keys in sorted(self._examples.items())}

    def write(self, path: Path) -> None:
        columns = [list(self.counts), list(self.counts.values()), [list(keys) for keys in self.examples.values()]]
        write_table(path, pa.table(columns, schema=_SCHEMA))

    def add_file(self, path: Path) -> None:
        """Add what another process has written. Raises ``LibraryError`` naming the file if it is damaged."""
        batch = map_table(path, _SCHEMA)
        try:
            batch.validate(full=True)  # it has no checksum, and offsets of a damaged file lead anywhere
            rows = batch.to_pylist()
        except (pa.ArrowException, ValueError) as error:
            raise LibraryError(f"{path}: damaged: {error}") from None
        for row in rows:
            self._add(row["reason"], row["count"], row["examples"])

    def __str__(self) -> str:
        named = self.examples
        return "; ".join(f"{count} x {reason}: {listed(named[reason], count)}" for reason, count in self.counts.items())

    def _add(self, reason: str, count: int, keys: list[str]) -> None:
        self._counts[reason] += count
        named = self._examples.setdefault(reason, [])
        named += keys[: EXAMPLES - len(named)]


def listed(keys: Sequence[str], count: int) -> str:
    """The first keys of ``count`` that there are, in one line."""
    return ", ".join(keys) + (f" and {count - len(keys):,} more" if count > len(keys) else "")
