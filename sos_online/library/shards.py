"""Pixel shards: the stored levels of some segments, read one at a time out of mapped memory."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa

from sos_online.errors import BrokenSegmentError, LibraryError
from sos_online.library.arrow_files import map_bytes, parse_table, write_table
from sos_online.library.encode import EncodedLevel
from sos_online.library.format import PIXELS_SCHEMA
from sos_online.types import Pixels

Part = Literal["colour", "alpha"]


def write_shard(path: Path, levels: Sequence[EncodedLevel]) -> None:
    """Write encoded levels, one a row."""
    colours, alphas = [level.colour for level in levels], [level.alpha for level in levels]
    columns = [colours, alphas, [zlib.crc32(part) for part in colours], [zlib.crc32(part) for part in alphas]]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, PIXELS_SCHEMA, strict=True)]
    write_table(path, pa.Table.from_arrays(arrays, schema=PIXELS_SCHEMA))


class _Column(NamedTuple):
    """Where the offsets, the data and the checksums of a part begin in the file; and the size of the data, bytes."""

    offsets: int
    data: int
    checksums: int
    size: int


class PixelShard:
    """An opened shard. Opening reads its footer; ``read`` touches the bytes of one row.

    It holds the mapped file and where its columns are, and no Arrow arrays: those take ten times the memory, and a
    process that serves a large library has tens of thousands of shards open.
    """

    __slots__ = ("_columns", "_content", "_path", "_rows")

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._content = map_bytes(path, random=True)
        batch, _ = parse_table(path, self._content, PIXELS_SCHEMA)
        self._rows = len(batch)
        self._columns = self._column(batch, "colour"), self._column(batch, "alpha")

    def read(self, row: int, part: Part) -> Pixels:
        """The encoded bytes of one row, uint8 ``[n]``, not copied. Raises ``BrokenSegmentError``."""
        if not 0 <= row < self._rows:
            raise BrokenSegmentError(f"{self._path}: row {row} of {self._rows} is asked for")
        column = self._columns[part == "alpha"]
        start, stop = np.frombuffer(self._content, np.int64, 2, column.offsets + 8 * row).tolist()
        if not 0 <= start <= stop <= column.size:
            raise BrokenSegmentError(f"{self._path}: row {row}: {part} reaches outside the file")
        encoded = np.frombuffer(self._content, np.uint8, stop - start, column.data + start)
        if zlib.crc32(encoded.data) != np.frombuffer(self._content, np.uint32, 1, column.checksums + 4 * row)[0]:
            raise BrokenSegmentError(f"{self._path}: row {row}: {part} does not match its checksum")
        return encoded

    def _column(self, batch: pa.RecordBatch, part: Part) -> _Column:
        _, offsets, data = batch.column(part).buffers()
        _, checksums = batch.column(f"{part}_crc").buffers()
        return _Column(self._place(offsets), self._place(data), self._place(checksums), data.size if data else 0)

    def _place(self, buffer: pa.Buffer | None) -> int:
        if not self._rows or not buffer:  # nothing is read, or every row is empty
            return 0
        place = int(buffer.address - self._content.address)
        if not 0 <= place <= self._content.size - buffer.size:
            raise LibraryError(f"{self._path}: is compressed, expected columns as they are")
        return place
