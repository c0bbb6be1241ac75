"""Columns of many rows that are filled piece by piece: files of plain numbers, mapped, so that memory does not grow."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import write_table

_PIECE = 1 << 20


class Columns:
    """One array for each field of a schema of fixed-size numbers, zeros at first.

    Attributes:
        arrays: by name, ``[length]``, mapped.
    """

    def __init__(self, folder: Path, schema: pa.Schema, length: int) -> None:
        self._schema = schema
        self.arrays: dict[str, npt.NDArray[Any]] = {
            field.name: _new_column(folder / f"{field.name}.raw", np.dtype(field.type.to_pandas_dtype()), length)
            for field in schema
        }

    def write(self, path: Path) -> None:
        """Write them as one record batch; the file's metadata has the CRC-32 of each."""
        arrays = [pa.array(self.arrays[field.name], field.type) for field in self._schema]
        checksums = {field.name: str(column_crc(self.arrays[field.name])) for field in self._schema}
        write_table(path, pa.Table.from_arrays(arrays, schema=self._schema.with_metadata(checksums)))


def column_crc(values: npt.NDArray[Any]) -> int:
    """CRC-32 of all values of a column."""
    return zlib.crc32(np.ascontiguousarray(values).view(np.uint8).data)


def _new_column(path: Path, dtype: np.dtype[Any], length: int) -> npt.NDArray[Any]:
    try:
        # writing to a mapped file that has no room on the disk would end the process
        with path.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, length * dtype.itemsize)
            else:
                for start in range(0, length * dtype.itemsize, _PIECE):
                    file.write(bytes(min(_PIECE, length * dtype.itemsize - start)))
    except OSError as error:
        raise LibraryError(f"{path}: cannot be written: {error.strerror}") from None
    return np.memmap(path, dtype, "r+", shape=(length,))


@contextmanager
def column_files(folder: Path) -> Iterator[Path]:
    """A new folder for the files of columns, gone at the end."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise LibraryError(f"{folder}: cannot be written: {error.strerror}") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
