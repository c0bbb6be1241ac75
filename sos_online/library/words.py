"""Text out of mapped tables, which are too large to be checked as a whole: each piece is checked when it is read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from sos_online.errors import LibraryError
from sos_online.types import Words


def mapped_text(path: Path, column: pa.Array, row: int) -> str:
    """One text of a column of ``path``. Raises ``LibraryError`` naming the file if it is damaged there."""
    try:
        piece = column.slice(row, 1)
        piece.validate(full=True)
        return str(piece[0].as_py())
    except (pa.ArrowException, ValueError) as error:
        raise LibraryError(f"{path}: row {row}: damaged text: {error}") from None


def mapped_words(path: Path, texts: pa.RecordBatch, row: int) -> Words:
    """One set of words of ``path``. Raises ``LibraryError`` naming the file if it is damaged there."""
    sub_category, description, short_phrase = (
        mapped_text(path, texts.column(name), row) for name in ("sub_category", "description", "short_phrase")
    )
    features = texts.column("features")
    # the list itself cannot be checked alone: that would check the features of all other rows with it
    start, stop = (features.offsets[position].as_py() for position in (row, row + 1))
    if not 0 <= start <= stop <= len(features.values):
        raise LibraryError(f"{path}: row {row}: damaged list of features")
    listed = tuple(mapped_text(path, features.values, position) for position in range(start, stop))
    return Words(sub_category, description, short_phrase, listed)
