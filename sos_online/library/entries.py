"""Entries of the index: where a segment is, each with a checksum of its own."""

from __future__ import annotations

import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_LAYOUT = struct.Struct("<ihHHiiiq")
_CODES = ("i4", "i2", "u2", "u2", "i4", "i4", "i4", "i8")
_PACKED = np.dtype([(f"f{place}", f"<{code}") for place, code in enumerate(_CODES)])


class Entry(NamedTuple):
    """One row of ``index.arrow`` but its checksum, see ``format.INDEX_SCHEMA``."""

    category: int
    source: int
    width: int
    height: int
    shard: int
    row: int
    slot: int


def entry_at(columns: dict[str, npt.NDArray[Any]], segment: int) -> Entry | None:
    """The entry of one segment; None if it does not match its checksum."""
    entry = Entry(*(int(columns[name][segment]) for name in Entry._fields))
    return entry if zlib.crc32(_LAYOUT.pack(*entry, segment)) == columns["check"][segment] else None


def checksums(columns: dict[str, npt.NDArray[Any]], segments: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """Of every row and its own number, uint32 ``[n]``; ``columns`` are those of an :class:`Entry`."""
    packed = np.empty(len(columns["category"]), _PACKED)
    for place, values in enumerate([*(columns[name] for name in Entry._fields), segments]):
        packed[f"f{place}"] = values
    data, size = packed.tobytes(), _PACKED.itemsize
    return np.array([zlib.crc32(data[start : start + size]) for start in range(0, len(data), size)], np.uint32)
