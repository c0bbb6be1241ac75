"""From the rows of all shards to a library's tables: categories joined over sources, segments sorted by category.

In two passes over the shards and in memory that does not grow with them: the first counts, the second puts every row
where the counts say that it goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_online.errors import LibraryError
from sos_online.library.columns import Columns, column_files
from sos_online.library.entries import checksums
from sos_online.library.format import (
    INDEX,
    INDEX_SCHEMA,
    MEASURED,
    QUALITY,
    QUALITY_SCHEMA,
    FileMark,
    rows_path,
)
from sos_online.library.near_duplicates import SEGMENTS_TOGETHER, near_duplicates
from sos_online.library.rows import ShardRows
from sos_online.library.sources import CategoryFacts
from sos_online.library.tables import write_small_tables
from sos_online.library.vocabulary import Vocabulary
from sos_online.ops.names import fold

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """What the first pass finds.

    Attributes:
        of_name: rows of each name, by source.
        shards: of each shard its source, its rows, the checksums of its rows and of its pixels.
    """

    of_name: dict[str, dict[int, int]]
    shards: list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class Tabulated:
    """What was written.

    Attributes:
        segments, categories: how many.
        taken, near_duplicates: of each source.
        marks: of the tables, by name.
    """

    segments: int
    categories: int
    taken: list[int]
    near_duplicates: list[int]
    marks: dict[str, FileMark]


def count_rows(root: Path, shards: int, source_names: Sequence[str], known_crcs: Sequence[int] = ()) -> Counts:
    """The first pass.

    Args:
        root: the library, with ``rows/`` complete.
        shards: how many there are.
        source_names: in the order in which they are numbered.
        known_crcs: checksums of the first shards' rows, where they were written long ago.

    Raises:
        LibraryError: rows are missing, damaged, or of a source that is none of these.
    """
    of_name: dict[str, dict[int, int]] = {}
    described = []
    for shard in range(shards):
        rows = ShardRows(root, shard, known_crcs[shard] if shard < len(known_crcs) else None)
        if rows.source not in source_names:
            raise LibraryError(f"{rows_path(root, shard)}: is of {rows.source!r}, which is no source of the library")
        source = source_names.index(rows.source)
        column = rows.batch.column("category")
        counts = np.bincount(column.indices.to_numpy(), minlength=len(column.dictionary))
        for name, count in zip(column.dictionary.to_pylist(), counts.tolist(), strict=True):
            by_source = of_name.setdefault(name, {})
            by_source[source] = by_source.get(source, 0) + count
        described.append((source, len(rows), rows.crc, rows.pixels_crc))
    return Counts(of_name, described)


def tabulate(
    root: Path,
    folder: Path,
    counts: Counts,
    num_sources: int,
    vocabulary: Vocabulary,
    facts: Sequence[Mapping[str, CategoryFacts]],
) -> Tabulated:
    """The second pass: write all tables of a library into ``folder``.

    Args:
        root: the library.
        folder: for the tables.
        counts: of the first pass.
        num_sources: how many there are.
        vocabulary: which names are one, and which ids are settled.
        facts: what each source says about the names that it uses.
    """
    categories = vocabulary.number(counts.of_name, facts)
    ids = {alias: position for position, category in enumerate(categories) for alias in category.aliases}
    sizes = np.zeros((len(categories), num_sources), np.int64)
    for name, by_source in counts.of_name.items():
        for source, count in by_source.items():
            sizes[ids[fold(name)], source] += count
    total = int(sizes.sum())
    with column_files(folder / "columns") as place:
        index, quality = Columns(place, INDEX_SCHEMA, total), Columns(place, QUALITY_SCHEMA, total)
        for placed in _placed(root, counts, ids, sizes):
            _fill(index.arrays, quality.arrays, placed)
        marked = _mark_near_duplicates(index.arrays, quality.arrays, sizes)
        index.write(folder / INDEX)
        quality.write(folder / QUALITY)
    aliases = {**vocabulary.joined, **{alias: entry.name for entry in categories for alias in entry.aliases}}
    marks = write_small_tables(folder, categories, dict(sorted(aliases.items())), sizes, counts.shards)
    return Tabulated(total, len(categories), sizes.sum(0).tolist(), marked, marks)


@dataclass(frozen=True)
class _Placed:
    """A shard's rows, each with its category (from 0 on) and its place in the tables."""

    rows: ShardRows
    shard: int
    source: int
    category: Rows
    positions: Rows


def _placed(root: Path, counts: Counts, ids: Mapping[str, int], sizes: Rows) -> Iterator[_Placed]:
    """Every shard's rows: by category, then source, then in the order of the shards."""
    free = np.concatenate([[0], np.cumsum(sizes.ravel())])[:-1].reshape(sizes.shape)
    for shard, (source, length, crc, _) in enumerate(counts.shards):
        if length == 0:
            continue
        rows = ShardRows(root, shard, crc)
        column = rows.batch.column("category")
        by_name = np.array([ids[fold(name)] for name in column.dictionary.to_pylist()], np.int64)
        category = by_name[column.indices.to_numpy()]
        order = np.argsort(category, kind="stable")
        present, first, count = np.unique(category[order], return_index=True, return_counts=True)
        nth = np.arange(length) - np.repeat(first, count)
        positions = np.empty(length, np.int64)
        positions[order] = np.repeat(free[present, source], count) + nth
        free[present, source] += count
        yield _Placed(rows, shard, source, category, positions)


def _fill(
    index: dict[str, npt.NDArray[Any]],
    quality: dict[str, npt.NDArray[Any]],
    placed: _Placed,
) -> None:
    rows, length = placed.rows, len(placed.rows)
    columns = {
        "category": placed.category + 1,
        "source": np.full(length, placed.source),
        "shard": np.full(length, placed.shard),
        "row": np.arange(length),
        **{name: rows.batch.column(name).to_numpy() for name in ("width", "height", "slot")},
    }
    for name, values in {**columns, "check": checksums(columns, placed.positions)}.items():
        index[name][placed.positions] = values
    for name, _ in MEASURED:
        quality[name][placed.positions] = rows.batch.column(name).to_numpy()


def _mark_near_duplicates(
    index: dict[str, npt.NDArray[Any]], quality: dict[str, npt.NDArray[Any]], sizes: Rows
) -> list[int]:
    """Fill ``duplicate_of``, a piece of a category at a time; how many are marked in each source."""
    marked = np.zeros(sizes.shape[1], np.int64)
    bounds = np.concatenate([[0], np.cumsum(sizes.sum(1))])
    for first, behind in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        for start in range(first, behind, SEGMENTS_TOGETHER):
            rows = slice(start, min(start + SEGMENTS_TOGETHER, behind))
            of = near_duplicates(np.asarray(quality["perceptual_hash"][rows]), quality["laplacian_variance"][rows])
            repeats = of >= 0
            quality["duplicate_of"][rows] = np.where(repeats, of + start, -1)
            marked += np.bincount(index["source"][rows][repeats], minlength=len(marked))
    return [int(count) for count in marked]
