"""A library's tables, opened together: each is whole, and they agree with each other and with ``library.json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import map_table
from sos_online.library.file_marks import check_file
from sos_online.library.format import (
    CATEGORIES,
    CATEGORIES_SCHEMA,
    GROUPS,
    GROUPS_SCHEMA,
    INDEX,
    INDEX_SCHEMA,
    KEYS,
    KEYS_SCHEMA,
    MANIFEST,
    TEXTS,
    TEXTS_SCHEMA,
    Manifest,
)

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tables:
    """What is in the tables.

    Attributes:
        category_names: in the order of the ids.
        category_starts: ``[num_categories + 1]`` first rows, the number of segments last.
        groups: for each source, the first rows of its groups and the cumulated sizes before each (the total last).
        index: column by name; values are as damaged as the file is.
        keys: of all segments, one column, not looked at.
        texts: sets of words, not looked at.
    """

    category_names: list[str]
    category_starts: Rows
    groups: list[tuple[Rows, Rows]]
    index: dict[str, npt.NDArray[Any]]
    keys: pa.Array
    texts: pa.RecordBatch


def open_tables(root: Path, manifest: Manifest) -> Tables:
    """Open all tables of a library. Raises ``LibraryError`` naming the file that is missing, damaged or disagrees."""

    def opened(name: str, schema: pa.Schema, rows: int | None = None) -> pa.RecordBatch:
        check_file(root / name, manifest.tables)
        batch = map_table(root / name, schema)
        if rows is not None and len(batch) != rows:
            raise LibraryError(f"{root / name}: holds {len(batch)} rows, {MANIFEST} says {rows}")
        return batch

    index = opened(INDEX, INDEX_SCHEMA, manifest.segments)
    keys = opened(KEYS, KEYS_SCHEMA, manifest.segments)
    categories = opened(CATEGORIES, CATEGORIES_SCHEMA, manifest.categories)
    groups = opened(GROUPS, GROUPS_SCHEMA)
    texts = opened(TEXTS, TEXTS_SCHEMA)
    if manifest.shards < 1:
        raise LibraryError(f"{root / MANIFEST}: shards: expected at least 1, found {manifest.shards}")
    return Tables(
        category_names=_names(root / CATEGORIES, categories),
        category_starts=_category_starts(root / CATEGORIES, categories, manifest.segments),
        groups=_groups(root / GROUPS, groups, categories, manifest),
        index={name: index.column(name).to_numpy() for name in INDEX_SCHEMA.names},
        keys=keys.column("key"),
        texts=texts,
    )


def _names(path: Path, categories: pa.RecordBatch) -> list[str]:
    try:
        categories.validate(full=True)
        names: list[str] = categories.column("name").to_pylist()
    except (pa.ArrowException, ValueError) as error:
        raise LibraryError(f"{path}: names are damaged: {error}") from None
    return names


def _category_starts(path: Path, categories: pa.RecordBatch, segments: int) -> Rows:
    starts, stops = (categories.column(name).to_numpy() for name in ("start", "stop"))
    _check_ranges(path, starts, stops, segments)
    return np.concatenate([starts, [segments]]).astype(np.int64)


def _groups(path: Path, groups: pa.RecordBatch, categories: pa.RecordBatch, manifest: Manifest) -> list[Any]:
    """See ``Tables.groups``."""
    category, source, starts, stops = (groups.column(name).to_numpy() for name in GROUPS_SCHEMA.names)
    _check_ranges(path, starts, stops, manifest.segments)
    if not ((category >= 1) & (category <= manifest.categories)).all():
        raise LibraryError(f"{path}: category ids are not all 1 … {manifest.categories}")
    if not ((source >= 0) & (source < len(manifest.sources))).all():
        raise LibraryError(f"{path}: sources are not all 0 … {len(manifest.sources) - 1}")
    first, last = (categories.column(name).to_numpy()[category - 1] for name in ("start", "stop"))
    if not ((starts >= first) & (stops <= last)).all():
        raise LibraryError(f"{path}: a group reaches outside its category")
    found = []
    for position, report in enumerate(manifest.sources):
        own = source == position
        before = np.concatenate([[0], np.cumsum(stops[own] - starts[own])]).astype(np.int64)
        if before[-1] != report.taken:
            raise LibraryError(
                f"{path}: holds {before[-1]} segments of source {report.name!r}, {MANIFEST} says {report.taken}"
            )
        found.append((starts[own], before))
    return found


def _check_ranges(path: Path, starts: Rows, stops: Rows, segments: int) -> None:
    """Ranges must follow each other without a gap, none empty, from the first segment to the last."""
    borders = np.concatenate([starts, [segments]])
    if borders[0] != 0 or not (borders[1:] == stops).all() or not (stops > starts).all():
        raise LibraryError(f"{path}: its ranges do not divide the {segments} segments that {MANIFEST} states")
