"""Files that stay open between reads, a few of them: opening one takes longer than reading from it."""

from __future__ import annotations

import os
from contextlib import suppress

KEPT = 64  # files that a library on this machine keeps open in a process
_ROOM = 8 << 20  # bytes that its process may remember of what is where in them


class OpenFile:
    """A file that is read piece by piece, and closed when nobody holds it any more.

    No read has a position, so that forked processes and threads may share it. Raises ``OSError`` if there is no file.
    """

    __slots__ = ("_number",)

    def __init__(self, path: str) -> None:
        self._number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        if hasattr(os, "posix_fadvise"):  # the neighbours of what is read are of no use
            os.posix_fadvise(self._number, 0, 0, os.POSIX_FADV_RANDOM)

    def __del__(self) -> None:
        if hasattr(self, "_number"):
            os.close(self._number)

    def read(self, place: int, size: int) -> bytes:
        """``size`` bytes from ``place`` on. Raises ``OSError``, also if the file ends early."""
        if hasattr(os, "pread"):
            data = os.pread(self._number, size, place)
        else:
            with open(os.dup(self._number), "rb", buffering=0) as file:  # noqa: PTH123
                file.seek(place)
                data = file.read(size)
        if len(data) < size:
            raise OSError("it ends early")
        return data


class OpenFiles:
    """The files that were used last.

    Args:
        kept: how many stay open; none of those that somebody else removes to make room, which they would not.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._room = _ROOM
        self._recent: dict[str, OpenFile] = {}

    def open(self, path: str) -> OpenFile:
        """A file, open for reading."""
        file = self._recent.pop(path, None) or OpenFile(path)
        if self._kept:
            self._recent[path] = file  # the last ones are the most recent
        if len(self._recent) > self._kept:
            with suppress(RuntimeError, StopIteration):  # another thread has made room meanwhile
                self._recent.pop(next(iter(self._recent)), None)
        return file

    def take_room(self, size: int) -> bool:
        """Whether there is room for remembering so many bytes of a file; it is taken for good."""
        if size > self._room:
            return False
        self._room -= size
        return True

    def forget(self, path: str) -> None:
        """Open a file anew at its next use: it may be another one by then."""
        self._recent.pop(path, None)
