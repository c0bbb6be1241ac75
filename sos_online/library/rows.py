"""A shard's rows: where each of its segments came from, its words and measures."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import map_bytes, parse_table, write_table
from sos_online.library.format import ROWS_SCHEMA, left_out_path, rows_path, shard_path
from sos_online.library.measure import Measures
from sos_online.ops.names import as_key, as_unicode
from sos_online.types import FLAGS, Flag, Words

_SOURCE, _PIXELS = b"source", b"pixels"


@dataclass(frozen=True, slots=True)
class ShardRow:
    """One segment of a shard, before categories have ids."""

    key: str
    category: str
    words: Words
    size_wh: tuple[int, int]
    slot: int
    opaque: int
    at_border: int
    measures: Measures
    flags: dict[Flag, bool] = field(default_factory=dict)


def write_rows(root: Path, shard: int, source: str, rows: Sequence[ShardRow], pixels_crc: int) -> None:
    """Write a shard's rows, the last of its files: their presence says that all of the shard is there.

    They name their source and hold the checksum of the shard's pixels, see ``shards.write_shard``.
    """
    columns = {
        "key": [as_key(row.key) for row in rows],
        "category": [as_unicode(row.category) for row in rows],
        "words": [as_unicode(json.dumps(asdict(row.words), ensure_ascii=False)) if row.words else "" for row in rows],
        "width": [row.size_wh[0] for row in rows],
        "height": [row.size_wh[1] for row in rows],
        "slot": [row.slot for row in rows],
        "flags": [_bits(flag for flag, holds in row.flags.items() if holds) for row in rows],
        "flags_known": [_bits(row.flags) for row in rows],
        "opaque": [row.opaque for row in rows],
        "at_border": [row.at_border for row in rows],
        **{name: [getattr(row.measures, name) for row in rows] for name in Measures.__slots__},
    }
    schema = ROWS_SCHEMA.with_metadata({_SOURCE: source.encode(), _PIXELS: str(pixels_crc).encode()})
    arrays = [pa.array(columns[column.name], column.type) for column in schema]
    write_table(rows_path(root, shard), pa.Table.from_arrays(arrays, schema=schema))


def shard_is_written(root: Path, shard: int) -> bool:
    """True if all files of a shard are there; the last of them was written last, but a power cut may keep that one."""
    return all(path(root, shard).is_file() for path in (rows_path, left_out_path, shard_path))


def _bits(flags: Iterable[Flag]) -> int:
    return sum(1 << FLAGS.index(flag) for flag in flags)


class ShardRows:
    """The rows of one shard, mapped, after all of the file was compared with its checksum: it is small.

    Raises:
        LibraryError: the file is missing, damaged or exchanged; with ``crc`` None it is not compared.
    """

    def __init__(self, root: Path, shard: int, crc: int | None) -> None:
        path = rows_path(root, shard)
        content = map_bytes(path)
        self.crc = zlib.crc32(content)
        if crc is not None and self.crc != crc:
            raise LibraryError(f"{path}: does not match its checksum: damaged or exchanged")
        self.batch, metadata = parse_table(path, content, ROWS_SCHEMA)
        self.source = metadata.get(_SOURCE, b"").decode("utf-8", "replace")
        digits = metadata.get(_PIXELS, b"")
        if not digits.isdigit():
            raise LibraryError(f"{path}: does not say which pixels are its own: damaged")
        self.pixels_crc = int(digits)

    def __len__(self) -> int:
        return len(self.batch)

    def key(self, row: int) -> str:
        return str(self.batch.column("key")[row].as_py())

    def words(self, row: int) -> Words:
        text = self.batch.column("words")[row].as_py()
        if not text:
            return Words()
        content: dict[str, Any] = json.loads(text)
        return Words(**{**content, "features": tuple(content["features"])})
