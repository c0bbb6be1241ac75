"""A library's tables, written together and opened together: each is whole, and they agree with each other and with
``library.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import map_table, write_table
from sos_online.library.file_marks import check_file, mark_file
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
    FileMark,
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


def write_tables(
    root: Path,
    names: Sequence[str],
    index: Mapping[str, npt.NDArray[Any]],
    keys: pa.ChunkedArray,
    texts: Sequence[Mapping[str, object]],
) -> dict[str, FileMark]:
    """Write all tables of a library; the ranges of categories and groups are read off the index. Returns their marks.

    Args:
        root: the library's folder.
        names: of the categories, in the order of their ids.
        index: column by name, sorted by category, then source; every category has a row.
        keys: of the same rows.
        texts: every different set of words, as the index numbers them.
    """
    category, source = index["category"], index["source"]
    bounds = np.searchsorted(category, np.arange(1, len(names) + 2))
    borders = np.flatnonzero((np.diff(category) != 0) | (np.diff(source) != 0)) + 1
    starts, stops = np.concatenate([[0], borders]), np.concatenate([borders, [len(category)]])
    groups = {"category": category[starts], "source": source[starts], "start": starts, "stop": stops}
    tables = {
        CATEGORIES: pa.table({"name": names, "start": bounds[:-1], "stop": bounds[1:]}, CATEGORIES_SCHEMA),
        GROUPS: pa.table(groups, GROUPS_SCHEMA),
        INDEX: pa.table(dict(index), INDEX_SCHEMA),
        KEYS: pa.table({"key": keys}, KEYS_SCHEMA),
        TEXTS: pa.Table.from_pylist(list(texts), TEXTS_SCHEMA),
    }
    for name, table in tables.items():
        write_table(root / name, table)
    return {name: mark_file(root / name) for name in tables}


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
