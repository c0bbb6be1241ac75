"""Arrow IPC files: written whole or not at all, read by mapping them into memory."""

from __future__ import annotations

import ctypes
import mmap
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.storage import write_atomically


def write_table(path: Path, table: pa.Table) -> None:
    """One record batch, so that every column is one piece of memory when it is mapped."""

    def write(file: BinaryIO) -> None:
        with pa.ipc.new_file(file, table.schema) as writer:
            for batch in table.combine_chunks().to_batches():
                writer.write_batch(batch)

    write_atomically(path, write, LibraryError)


def map_bytes(path: Path, random: bool = False) -> pa.Buffer:
    """All bytes of a file, mapped. Raises ``LibraryError`` naming it.

    Args:
        path: of the file.
        random: a few places will be read here and there, so the kernel should not read what lies around them, which
            may be a thousand times as much.
    """
    try:
        file = pa.memory_map(str(path))
        # asked for all bytes at once, Arrow would have the kernel fetch them
        first = file.read_buffer(1)
        mapped = pa.foreign_buffer(first.address, file.size(), first) if first.size else first
        if random and hasattr(mmap, "MADV_RANDOM"):
            ctypes.CDLL(None).madvise(ctypes.c_void_p(mapped.address), ctypes.c_size_t(mapped.size), mmap.MADV_RANDOM)
        return mapped
    except FileNotFoundError:
        raise LibraryError(f"{path}: this file of the library is missing") from None
    except (pa.ArrowException, OSError) as error:
        raise LibraryError(f"{path}: not a readable Arrow file: {error}") from None


def map_table(
    path: Path, schema: pa.Schema, random: bool = False, *, or_else: pa.Schema | None = None
) -> pa.RecordBatch:
    """The only record batch of a file, mapped: every column as long as the batch, without nulls.

    Its values are not looked at: offsets and text of a damaged file may be anything. ``random`` is as in
    :func:`map_bytes`; ``or_else`` is another schema that is as good. Raises ``LibraryError`` naming the file if it is
    not as expected.
    """
    return parse_table(path, map_bytes(path, random), schema, or_else)[0]


def parse_table(
    path: Path, content: pa.Buffer, schema: pa.Schema, or_else: pa.Schema | None = None
) -> tuple[pa.RecordBatch, dict[bytes, bytes]]:
    """As :func:`map_table`, of a file's mapped content; and the metadata that was written with its schema."""
    try:
        reader = pa.ipc.open_file(pa.BufferReader(content))
        if not reader.schema.equals(schema) and not (or_else is not None and reader.schema.equals(or_else)):
            raise LibraryError(
                f"{path}: columns are {reader.schema.names}, expected {schema.names} of the stated types"
            )
        if reader.num_record_batches > 1:
            raise LibraryError(f"{path}: {reader.num_record_batches} record batches, expected one")
        metadata = reader.schema.metadata or {}
        if reader.num_record_batches == 0:
            return pa.RecordBatch.from_pylist([], schema=reader.schema), metadata
        batch = reader.get_batch(0)
        # a length that reaches beyond its buffer would read beyond the mapped file, which ends the process
        batch.validate()
        if any(column.null_count for column in batch.columns):
            raise LibraryError(f"{path}: holds nulls, expected none")
        return batch, metadata
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LibraryError(f"{path}: not a readable Arrow file: {error}") from None
