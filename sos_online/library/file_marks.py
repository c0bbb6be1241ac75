"""Marks of a library's tables, kept in ``library.json``: a file that was cut, damaged or exchanged is refused."""

from __future__ import annotations

import zlib
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.library.format import ALIASES, CATEGORIES, GROUPS, MANIFEST, SHARDS, FileMark

_WHOLE = (CATEGORIES, ALIASES, GROUPS, SHARDS)
_EDGE = 1 << 16


def mark_file(path: Path) -> FileMark:
    """Size and checksum of a table.

    Small tables are summed whole. Those that grow with the library are summed over their first and last 64 KiB, which
    hold all that describes them, so that opening reads little; their values are checked when they are used.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if path.name in _WHOLE or size <= 2 * _EDGE:
            return FileMark(size=size, crc32=zlib.crc32(file.read()))
        head = zlib.crc32(file.read(_EDGE))
        file.seek(-_EDGE, 2)
        return FileMark(size=size, crc32=zlib.crc32(file.read(), head))


def check_file(path: Path, marks: dict[str, FileMark]) -> None:
    """Raises ``LibraryError`` naming the file unless it is as it was when the library was written."""
    expected = marks.get(path.name)
    if expected is None:
        raise LibraryError(f"{MANIFEST}: tables: nothing is said of {path}")
    try:
        found = mark_file(path)
    except FileNotFoundError:
        raise LibraryError(f"{path}: this file of the library is missing") from None
    except OSError as error:
        raise LibraryError(f"{path}: cannot be read: {error.strerror}") from None
    if found.size != expected.size:
        raise LibraryError(f"{path}: {found.size} bytes, {MANIFEST} says {expected.size}: cut or exchanged")
    if found.crc32 != expected.crc32:
        raise LibraryError(f"{path}: does not match its checksum in {MANIFEST}: damaged or exchanged")
