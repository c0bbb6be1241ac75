"""Parquet files with the columns of the published sample: image bytes, category and words in each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sos_online.errors import SourceError
from sos_online.library.sources.base import CategoryFacts, LeftOut, RawSegment, Unit, slices, unit_left_out
from sos_online.library.sources.reading.flags import FlagTable, flags_of
from sos_online.library.sources.reading.folders import Found, file_or_folder
from sos_online.library.sources.reading.rgba_files import Label, from_bytes
from sos_online.library.sources.reading.word_fields import words_of
from sos_online.ops.names import as_key, category_name
from sos_online.types import FLAGS, Flag

IMAGE = "image_path"
"""The published sets keep an image's bytes, not its path, in the column of this name."""

_COLUMNS = ("category", "sub_category", "description", "short_phrase", "features", *FLAGS)
_ROWS_IN_MEMORY = 8


@dataclass(frozen=True, slots=True)
class Rows:
    """The payload of a unit: rows ``start`` to ``stop`` of one row group; ``first`` is the row group's first row in
    the file, and ``flags`` are those that a file of flags states, by row of the row group."""

    row_group: int
    first: int
    start: int
    stop: int
    flags: dict[str, Mapping[Flag, bool]]


@dataclass(frozen=True, init=False)
class ParquetSegments:
    """Source of Parquet files whose rows are segments.

    Columns: ``image_path``, the bytes of an RGBA image or Hugging Face's ``{bytes, path}``; ``category``; and, where
    they are there, ``sub_category``, ``description``, ``short_phrase``, ``features`` (a list, or a text that says one)
    and the flags ``IsInstance``, ``Integrity`` and ``QualityAndRegularity``. A segment's key is ``FILE#ROW``. Rows are
    read a few at a time; those of one row group that go to different units are skipped over once for each.

    Attributes:
        path: one file, or a folder whose ``*.parquet`` are taken, those in folders below it too.
        name: of the source in the library; the name of the file without suffix, or of the folder, if empty.
        flags: a file of flags, see :class:`FlagTable`; it counts more than columns of flags.
    """

    path: Path
    name: str
    flags: Path | None

    def __init__(self, path: str | Path, name: str = "", flags: str | Path | None = None) -> None:
        vars(self).update(
            path=Path(path),
            name=name or Path(path).resolve().name.removesuffix(".parquet"),
            flags=None if flags is None else Path(flags),
        )

    def settings(self) -> dict[str, Any]:
        return {}

    def units(self) -> Iterator[Unit]:
        flags = FlagTable(self.flags)
        problems: list[str] = []
        found = False
        for file in file_or_folder(self.path, (".parquet",)):
            try:
                for unit in _units_of(file, flags):
                    found = True
                    yield unit
            except _NotReadableError as error:
                problems.append(f"{as_key(file.name)}: {error}")
                yield unit_left_out(file.name, str(error))
        if not found:
            raise SourceError(f"{self.path}: expected rows in *.parquet, found none. {'; '.join(problems[:3])}".strip())
        flags.check_used()

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterator[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            yield unit.payload
            return
        rows: Rows = unit.payload
        done = rows.start
        try:
            for done, record in enumerate(_records(self._path_of(unit), rows), rows.start + 1):
                yield _segment(f"{unit.name}#{rows.first + done - 1}", record, rows.flags.get(str(done - 1), {}))
        except (pa.ArrowException, OSError, ValueError):  # the last for texts that are no UTF-8
            for row in range(done, rows.stop):
                yield LeftOut(f"{unit.name}#{rows.first + row}", "damaged Parquet data")

    def _path_of(self, unit: Unit) -> Path:
        return self.path if self.path.is_file() else self.path / unit.name


class _NotReadableError(Exception):
    """Why a file is left out."""


def _units_of(file: Found, flags: FlagTable) -> Iterator[Unit]:
    if file.problem:
        raise _NotReadableError(file.problem)
    try:
        with pq.ParquetFile(file.path) as parquet:
            schema = parquet.schema_arrow
            counts = [parquet.metadata.row_group(number).num_rows for number in range(parquet.num_row_groups)]
    except (pa.ArrowException, OSError, ValueError):
        raise _NotReadableError("not a readable Parquet file") from None
    _check_columns(file, schema)
    first = 0
    for row_group, count in enumerate(counts):
        for start, stop in slices(count):
            keys = ((row, f"{file.name}#{first + row}") for row in range(start, stop))
            stated = {str(row): said for row, key in keys if (said := flags.of(key))}
            yield file.unit(stop - start, Rows(row_group, first, start, stop, stated))
        first += count


def _check_columns(file: Found, schema: pa.Schema) -> None:
    """Raises ``SourceError`` if a file is Parquet of something else."""
    path = as_key(str(file.path))
    for column in (IMAGE, "category"):
        if schema.names.count(column) != 1:
            found = as_key(", ".join(schema.names))
            raise SourceError(f"{path}: expected one column {column!r}, found {found}")
    kind = schema.field(IMAGE).type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        kind = kind.field("bytes").type
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise SourceError(f"{path}: column {IMAGE!r}: expected the bytes of images, found {kind}")
    kind = schema.field("category").type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise SourceError(f"{path}: column 'category': expected texts, found {kind}")


def _records(path: Path, rows: Rows) -> Iterator[dict[str, Any]]:
    """The rows as plain values, in order."""
    with pq.ParquetFile(path, buffer_size=1 << 20) as parquet:  # buffered: not a whole column of a row group at once
        columns = [name for name in (IMAGE, *_COLUMNS) if name in parquet.schema_arrow.names]
        batches = parquet.iter_batches(_ROWS_IN_MEMORY, row_groups=[rows.row_group], columns=columns, use_threads=False)
        position = 0
        for batch in batches:
            start = min(max(rows.start - position, 0), len(batch))
            yield from batch.slice(start, rows.stop - position - start).to_pylist()
            position += len(batch)
            if position >= rows.stop:
                return
    raise pa.ArrowInvalid("fewer rows than the file states")


def _segment(key: str, record: dict[str, Any], stated: Mapping[Flag, bool]) -> RawSegment | LeftOut:
    image = record[IMAGE]
    data = image.get("bytes") if isinstance(image, dict) else image
    if data is None:
        return LeftOut(key, "image bytes are not in the file")
    category = category_name(record["category"] or "")
    if not category:
        return LeftOut(key, "no category")
    try:
        label = Label(category, words_of(record), {**flags_of(record), **stated})
    except ValueError as error:
        return LeftOut(
            key, str(error).partition(", found ")[0]
        )  # what is expected; what is found differs from row to row
    return from_bytes(key, label, data)
