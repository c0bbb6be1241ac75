"""Arrow IPC files: written whole or not at all, read by mapping them into memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from sos_online.errors import LibraryError


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file under a temporary name, flush it to disk, then give it its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def flush_folder(path: Path) -> None:
    """Flush the names in a folder to disk; nothing where a folder cannot be opened (Windows)."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_table(path: Path, table: pa.Table) -> None:
    """One record batch, so that every column is one piece of memory when it is mapped."""

    def write(file: BinaryIO) -> None:
        with pa.ipc.new_file(file, table.schema) as writer:
            for batch in table.combine_chunks().to_batches():
                writer.write_batch(batch)

    write_atomically(path, write)


def map_table(path: Path, schema: pa.Schema) -> pa.RecordBatch:
    """The only record batch of a file, mapped: every column as long as the batch, without nulls.

    Its values are not looked at: offsets and text of a damaged file may be anything. Raises ``LibraryError`` naming the
    file if it is not as expected.
    """
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        if not reader.schema.equals(schema):
            raise LibraryError(
                f"{path}: columns are {reader.schema.names}, expected {schema.names} of the stated types"
            )
        if reader.num_record_batches > 1:
            raise LibraryError(f"{path}: {reader.num_record_batches} record batches, expected one")
        if reader.num_record_batches == 0:
            return pa.RecordBatch.from_pylist([], schema=schema)
        batch = reader.get_batch(0)
        # a length that reaches beyond its buffer would read beyond the mapped file, which ends the process
        batch.validate()
        if any(column.null_count for column in batch.columns):
            raise LibraryError(f"{path}: holds nulls, expected none")
        return batch
    except FileNotFoundError:
        raise LibraryError(f"{path}: this file of the library is missing") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LibraryError(f"{path}: not a readable Arrow file: {error}") from None
