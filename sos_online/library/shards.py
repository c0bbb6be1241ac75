"""Pixel shards: the stored levels of some segments, read one at a time out of mapped memory."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.errors import BrokenSegmentError
from sos_online.library.arrow_files import map_table, write_table
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


class PixelShard:
    """An opened shard. Opening reads its footer; ``read`` touches the bytes of one row."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._batch = map_table(path, PIXELS_SCHEMA)
        rows = len(self._batch)
        self._columns: dict[Part, tuple[npt.NDArray[np.int64], Pixels, npt.NDArray[np.uint32]]] = {}
        for part in ("colour", "alpha"):
            _, offsets, data = self._batch.column(part).buffers()
            self._columns[part] = (
                np.frombuffer(offsets, np.int64, rows + 1) if rows else np.zeros(1, np.int64),
                np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8),
                self._batch.column(f"{part}_crc").to_numpy(),
            )

    def read(self, row: int, part: Part) -> Pixels:
        """The encoded bytes of one row, uint8 ``[n]``, not copied. Raises ``BrokenSegmentError``."""
        offsets, data, checksums = self._columns[part]
        if not 0 <= row < len(checksums):
            raise BrokenSegmentError(f"{self._path}: row {row} of {len(checksums)} is asked for")
        start, stop = int(offsets[row]), int(offsets[row + 1])
        if not 0 <= start <= stop <= len(data):
            raise BrokenSegmentError(f"{self._path}: row {row}: {part} reaches outside the file")
        encoded = data[start:stop]
        if zlib.crc32(encoded.data) != checksums[row]:
            raise BrokenSegmentError(f"{self._path}: row {row}: {part} does not match its checksum")
        return encoded
