"""Pixel shards: the stored levels of some segments, read one at a time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.errors import BrokenSegmentError, LibraryError
from sos_online.library.arrow_files import map_bytes, parse_table, write_table
from sos_online.library.encode import EncodedLevel
from sos_online.library.format import PIXELS_SCHEMA
from sos_online.library.open_files import OpenFile, OpenFiles
from sos_online.types import Pixels

Part = Literal["colour", "alpha"]
_CRC = b"crc"
_OFFSETS = struct.Struct("<qq")


def write_shard(path: Path, levels: Sequence[EncodedLevel]) -> int:
    """Write encoded levels, one a row. Returns the CRC-32 of their checksums; the file holds it too."""
    colours, alphas = [level.colour for level in levels], [level.alpha for level in levels]
    columns = [colours, alphas, [zlib.crc32(part) for part in colours], [zlib.crc32(part) for part in alphas]]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, PIXELS_SCHEMA, strict=True)]
    crc = zlib.crc32(arrays[3].to_numpy().tobytes(), zlib.crc32(arrays[2].to_numpy().tobytes()))
    schema = PIXELS_SCHEMA.with_metadata({_CRC: str(crc).encode()})
    write_table(path, pa.Table.from_arrays(arrays, schema=schema))
    return crc


class _Column(NamedTuple):
    """Where the offsets, the data and the checksums of a part begin in the file; and the size of the data, bytes."""

    offsets: int
    data: int
    checksums: int
    size: int


class _Index(NamedTuple):
    """The offsets and the checksums of a part, in memory: int64 ``[rows + 1]``, uint32 ``[rows]``."""

    offsets: npt.NDArray[np.int64]
    checksums: npt.NDArray[np.uint32]


class PixelShard:
    """A shard of which it is known where everything is; ``read`` reads the bytes of one row.

    Nothing stays mapped, and few files stay open: a process that serves a large library meets tens of thousands of
    shards, mapped pages cost it page tables that are its own, and a mapped file that is cut ends it.

    Raises:
        LibraryError: it cannot be read, or is another shard than ``crc`` says, see :func:`write_shard`.
    """

    __slots__ = ("_columns", "_files", "_indices", "_path", "_rows")

    def __init__(self, path: Path, crc: int, files: OpenFiles) -> None:
        self._path = str(path)
        self._files = files
        content = map_bytes(path, random=True)
        batch, metadata = parse_table(path, content, PIXELS_SCHEMA)
        if metadata.get(_CRC) != str(crc).encode():
            raise LibraryError(f"{path}: is not the shard that the library was made with: damaged or exchanged")
        self._rows = len(batch)
        self._indices: dict[Part, _Index] | None = None
        self._columns = self._column(content, batch, "colour"), self._column(content, batch, "alpha")

    def read(self, row: int, part: Part) -> Pixels:
        """The encoded bytes of one row, uint8 ``[n]``. Raises ``BrokenSegmentError``."""
        try:
            return self._read(row, part)
        except BrokenSegmentError:
            self._files.forget(self._path)  # a copy that was fetched anew would not be seen
            self._indices = None
            raise

    def _read(self, row: int, part: Part) -> Pixels:
        if not 0 <= row < self._rows:
            raise BrokenSegmentError(f"{self._path}: row {row} of {self._rows} is asked for")
        column = self._columns[part == "alpha"]
        try:
            file = self._files.open(self._path)
            index = self._index(file, part)
            if index is None:
                start, stop = _OFFSETS.unpack(file.read(column.offsets + 8 * row, _OFFSETS.size))
                checksum = int.from_bytes(file.read(column.checksums + 4 * row, 4), "little")
            else:
                start, stop = index.offsets[row : row + 2].tolist()
                checksum = int(index.checksums[row])
            if not 0 <= start <= stop <= column.size:
                raise BrokenSegmentError(f"{self._path}: row {row}: {part} reaches outside the file")
            encoded = file.read(column.data + start, stop - start)
        except OSError as error:
            raise BrokenSegmentError(f"{self._path}: cannot be read: {error.strerror or error}") from None
        if zlib.crc32(encoded) != checksum:
            raise BrokenSegmentError(f"{self._path}: row {row}: {part} does not match its checksum")
        return np.frombuffer(encoded, np.uint8)

    def _index(self, file: OpenFile, part: Part) -> _Index | None:
        """Where all rows of a part are, while the library has room for that; else each is looked up in the file."""
        if self._indices is None:
            if not self._files.take_room(2 * 12 * self._rows):
                return None
            self._indices = {}
        if part not in self._indices:
            column = self._columns[part == "alpha"]
            offsets = np.frombuffer(file.read(column.offsets, 8 * (self._rows + 1)), "<i8")
            checksums = np.frombuffer(file.read(column.checksums, 4 * self._rows), "<u4")
            self._indices[part] = _Index(offsets, checksums)
        return self._indices[part]

    def _column(self, content: pa.Buffer, batch: pa.RecordBatch, part: Part) -> _Column:
        _, offsets, data = batch.column(part).buffers()
        _, checksums = batch.column(f"{part}_crc").buffers()
        places = [self._place(content, buffer) for buffer in (offsets, data, checksums)]
        return _Column(places[0], places[1], places[2], data.size if data else 0)

    def _place(self, content: pa.Buffer, buffer: pa.Buffer | None) -> int:
        if not self._rows or not buffer:  # nothing is read, or every row is empty
            return 0
        place = int(buffer.address - content.address)
        if not 0 <= place <= content.size - buffer.size:
            raise LibraryError(f"{self._path}: is compressed, expected columns as they are")
        return place
