"""A library's tables, written together and opened together: each is whole, and they agree with each other and with
``library.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import map_table, write_table
from sos_online.library.file_marks import check_file, mark_file
from sos_online.library.format import (
    ALIASES,
    ALIASES_SCHEMA,
    CATEGORIES,
    CATEGORIES_SCHEMA,
    CATEGORIES_SCHEMA_WITH_SUPERCATEGORIES,
    GROUPS,
    GROUPS_SCHEMA,
    INDEX,
    INDEX_SCHEMA,
    MANIFEST,
    QUALITY,
    QUALITY_SCHEMA,
    SHARDS,
    SHARDS_SCHEMA,
    FileMark,
    Manifest,
    tables_folder,
)
from sos_online.library.sources import CategoryFacts
from sos_online.library.vocabulary import Category, Vocabulary
from sos_online.ops.names import fold

Rows = npt.NDArray[np.int64]
_FACTS = [field.name for field in fields(CategoryFacts)]  # supercategories last: not every table has them


@dataclass(frozen=True, slots=True)
class NameTables:
    """The tables of names: mapped, and read when they are asked for.

    Attributes:
        folder: of the tables.
        categories, aliases: see ``format``.
    """

    folder: Path
    categories: pa.RecordBatch
    aliases: pa.RecordBatch

    def ids(self) -> dict[str, tuple[int, ...]]:
        """See ``types.SegmentIndex.categories_by_name``. Raises ``LibraryError`` naming the table that is damaged."""
        names, synonyms = (_texts(self.folder / CATEGORIES, self.categories, name) for name in ("name", "synonyms"))
        stated: dict[str, dict[int, None]] = {}
        for number, others in enumerate(synonyms, 1):
            for other in others:
                stated.setdefault(fold(other), {})[number] = None
        id_of = {name: number for number, name in enumerate(names, 1)}
        aliases = zip(
            *(_texts(self.folder / ALIASES, self.aliases, name) for name in ALIASES_SCHEMA.names), strict=True
        )
        # what is joined in a category that has no segment and no id stands for nothing
        joined = {alias: (id_of[name],) for alias, name in aliases if name in id_of}
        return {**{name: tuple(ids) for name, ids in stated.items()}, **joined}


@dataclass(frozen=True, slots=True)
class Tables:
    """What is in the tables.

    Attributes:
        category_names: in the order of the ids.
        supercategories: of each category, see ``CategoryFacts.supercategory``.
        category_starts: ``[num_categories + 1]`` first rows, the number of segments last.
        category_images: ``[num_categories, 2]``: in how many images of how many a category is.
        names: what else categories are called.
        groups: for each source, the first rows of its groups and the cumulated sizes before each (the total last).
        index, quality: column by name; values are as damaged as the file is.
        quality_crc: checksum of each column of ``quality``, in digits.
        rows_crc, pixels_crc: of each shard.
    """

    category_names: list[str]
    supercategories: list[str]
    category_starts: Rows
    category_images: Rows
    names: NameTables
    groups: list[tuple[Rows, Rows]]
    index: dict[str, npt.NDArray[Any]]
    quality: dict[str, npt.NDArray[Any]]
    quality_crc: dict[str, bytes]
    rows_crc: npt.NDArray[np.uint32]
    pixels_crc: npt.NDArray[np.uint32]


def write_small_tables(
    folder: Path,
    categories: Sequence[Category],
    aliases: Mapping[str, str],
    sizes: Rows,
    shards: Sequence[tuple[int, int, int, int]],
) -> dict[str, FileMark]:
    """Write the tables that do not grow with the segments, beside those that do. Returns the marks of all.

    Args:
        folder: of the tables.
        categories: in the order of their ids.
        aliases: the name of the category that each folded name or synset stands for.
        sizes: ``[categories, sources]``: how many segments each has of each source.
        shards: of each its source, its number of segments, the checksums of its rows and of its pixels.
    """
    bounds = np.concatenate([[0], np.cumsum(sizes.sum(1))])
    before = np.concatenate([[0], np.cumsum(sizes.ravel())])
    category, source = np.nonzero(sizes)
    first = before[:-1].reshape(sizes.shape)[category, source]
    facts = [entry.facts for entry in categories]
    # without any, the table is what it was before there was this column, and so is the library's fingerprint
    more = any(said.supercategories for said in facts)
    schema = CATEGORIES_SCHEMA_WITH_SUPERCATEGORIES if more else CATEGORIES_SCHEMA
    tables = {
        CATEGORIES: pa.table(
            {
                "name": [entry.name for entry in categories],
                "start": bounds[:-1],
                "stop": bounds[1:],
                **{name: [getattr(said, name) for said in facts] for name in _FACTS if name in schema.names},
            },
            schema,
        ),
        ALIASES: pa.table({"alias": list(aliases), "name": list(aliases.values())}, ALIASES_SCHEMA),
        GROUPS: pa.table(
            {"category": category + 1, "source": source, "start": first, "stop": first + sizes[category, source]},
            GROUPS_SCHEMA,
        ),
        SHARDS: pa.table(dict(zip(SHARDS_SCHEMA.names, zip(*shards, strict=True), strict=True)), SHARDS_SCHEMA),
    }
    for name, table in tables.items():
        write_table(folder / name, table)
    return {name: mark_file(folder / name) for name in (*tables, INDEX, QUALITY)}


def open_tables(root: Path, manifest: Manifest) -> Tables:
    """Open all tables of a library. Raises ``LibraryError`` naming the file that is missing, damaged or disagrees."""
    if manifest.shards < 1:
        raise LibraryError(f"{root / MANIFEST}: shards: expected at least 1, found {manifest.shards}")
    folder = tables_folder(root, manifest.generation)
    index = _opened(folder, manifest, INDEX, INDEX_SCHEMA, manifest.segments)
    quality = _opened(folder, manifest, QUALITY, QUALITY_SCHEMA, manifest.segments)
    categories = _opened_categories(folder, manifest)
    groups = _opened(folder, manifest, GROUPS, GROUPS_SCHEMA)
    shards = _opened(folder, manifest, SHARDS, SHARDS_SCHEMA, manifest.shards)
    aliases = _opened(folder, manifest, ALIASES, ALIASES_SCHEMA)
    checksums = quality.schema.metadata or {}
    return Tables(
        category_names=_texts(folder / CATEGORIES, categories, "name"),
        supercategories=[
            CategoryFacts(supercategories=said).supercategory
            for said in _supercategories(folder / CATEGORIES, categories)
        ],
        category_starts=_category_starts(folder / CATEGORIES, categories, manifest.segments),
        category_images=np.stack([categories.column(name).to_numpy() for name in ("images", "of_images")], 1),
        names=NameTables(folder, categories, aliases),
        groups=_groups(folder / GROUPS, groups, categories, manifest),
        index={name: index.column(name).to_numpy() for name in INDEX_SCHEMA.names},
        quality={name: quality.column(name).to_numpy() for name in QUALITY_SCHEMA.names},
        quality_crc={name: checksums.get(name.encode(), b"") for name in QUALITY_SCHEMA.names},
        rows_crc=shards.column("rows_crc").to_numpy(),
        pixels_crc=shards.column("pixels_crc").to_numpy(),
    )


def open_vocabulary(root: Path, manifest: Manifest) -> tuple[Vocabulary, dict[str, CategoryFacts]]:
    """What a library has settled about names, and what is known of its categories, by name."""
    folder = tables_folder(root, manifest.generation)
    categories = _opened_categories(folder, manifest)
    aliases = _opened(folder, manifest, ALIASES, ALIASES_SCHEMA)
    spelt = (_texts(folder / ALIASES, aliases, name) for name in ALIASES_SCHEMA.names)
    names = _texts(folder / CATEGORIES, categories, "name")
    plain = (_texts(folder / CATEGORIES, categories, name) for name in _FACTS[:-1])
    columns = (*plain, _supercategories(folder / CATEGORIES, categories))
    facts = {
        name: CategoryFacts(synset, frequency, images, of_images, tuple(synonyms), more)
        for name, synset, frequency, images, of_images, synonyms, more in zip(names, *columns, strict=True)
    }
    return Vocabulary(tuple(names), dict(zip(*spelt, strict=True))), facts


def rows_checksums(root: Path, manifest: Manifest) -> list[int]:
    """Of the rows of each shard of a finished library."""
    folder = tables_folder(root, manifest.generation)
    crcs: list[int] = _opened(folder, manifest, SHARDS, SHARDS_SCHEMA, manifest.shards).column("rows_crc").to_pylist()
    return crcs


def _opened_categories(folder: Path, manifest: Manifest) -> pa.RecordBatch:
    return _opened(
        folder, manifest, CATEGORIES, CATEGORIES_SCHEMA, manifest.categories, CATEGORIES_SCHEMA_WITH_SUPERCATEGORIES
    )


def _opened(
    folder: Path,
    manifest: Manifest,
    name: str,
    schema: pa.Schema,
    rows: int | None = None,
    or_else: pa.Schema | None = None,
) -> pa.RecordBatch:
    check_file(folder / name, manifest.tables)
    batch = map_table(folder / name, schema, or_else=or_else)
    if rows is not None and len(batch) != rows:
        raise LibraryError(f"{folder / name}: holds {len(batch)} rows, {MANIFEST} says {rows}")
    return batch


def _supercategories(path: Path, categories: pa.RecordBatch) -> list[tuple[str, ...]]:
    """Of each category; none where the library was built before they were kept, or no source states any."""
    if "supercategories" not in categories.schema.names:
        return [()] * len(categories)
    return list(map(tuple, _texts(path, categories, "supercategories")))


def _texts(path: Path, batch: pa.RecordBatch, name: str) -> list[Any]:
    try:
        batch.column(name).validate(full=True)
        values: list[Any] = batch.column(name).to_pylist()
    except (pa.ArrowException, ValueError) as error:
        raise LibraryError(f"{path}: {name}: damaged: {error}") from None
    return values


def _category_starts(path: Path, categories: pa.RecordBatch, segments: int) -> Rows:
    starts, stops = (categories.column(name).to_numpy() for name in ("start", "stop"))
    _check_ranges(path, starts, stops, segments)
    return np.concatenate([starts, [segments]]).astype(np.int64)


def _groups(path: Path, groups: pa.RecordBatch, categories: pa.RecordBatch, manifest: Manifest) -> list[Any]:
    """See ``Tables.groups``."""
    category, source, starts, stops = (groups.column(name).to_numpy() for name in GROUPS_SCHEMA.names)
    _check_ranges(path, starts, stops, manifest.segments)
    if not (stops > starts).all():
        raise LibraryError(f"{path}: a group is empty")
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
    """Ranges must follow each other without a gap from the first segment to the last."""
    borders = np.concatenate([starts, [segments]])
    if borders[0] != 0 or not (borders[1:] == stops).all() or not (stops >= starts).all():
        raise LibraryError(f"{path}: its ranges do not divide the {segments} segments that {MANIFEST} states")
