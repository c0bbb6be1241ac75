"""The room that all mirrors of a folder share: who may write how much, and what has to go for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sos_online.errors import SOSError
from sos_online.storage.file_lock import lock_file, locked

_SLACK = 0.1  # share of the limit that is freed beyond what is needed, so that not every file makes a search
_WAIT = 0.05
_ABANDONED = 24 * 3600.0  # seconds after which an unfinished file is nobody's, where there are no locks


class _File(NamedTuple):
    used: float
    size: int
    path: Path


class MirrorRoom:
    """A folder of limited size.

    ``files/`` holds what is there, ``parts/`` what is being fetched, each locked by the one that fetches it and as long
    as it will be from the beginning. ``total`` is the sum of all, or more (what disappears is not subtracted); when it
    reaches the limit, files are counted. Whoever changes it holds ``lock``.
    """

    def __init__(self, root: Path, limit: int) -> None:
        self.files, self.parts = root / "files", root / "parts"
        self._root, self._limit = root, limit

    def take(self, descriptor: int, size: int, what: str) -> None:
        """Make room for a file that is open, empty, in ``parts/``; it is as long as ``size`` says afterwards.

        Waits while others that are being fetched leave no room. Raises ``SOSError`` naming ``what`` if there is none.
        """
        while size <= self._limit:
            with locked(self._root / "lock") as lock:
                total = self._total(lock.descriptor)
                being_fetched = False
                if total is None or total + size > self._limit:
                    total, being_fetched = self._clear(self._limit - size)
                if total + size <= self._limit:
                    os.truncate(descriptor, size)
                    os.pwrite(lock.descriptor, f"{total + size:020d}".encode(), 0)
                    return
            if not being_fetched:
                break
            time.sleep(_WAIT)
        raise SOSError(
            f"{what}: needs {size:,} bytes, the mirror at {self._root} may take {self._limit:,} in all and what is in "
            "use stays: set SOS_MIRROR_LIMIT to more"
        )

    def _total(self, descriptor: int) -> int | None:
        digits = os.pread(descriptor, 32, 0)
        return int(digits) if digits.isdigit() else None

    def _clear(self, goal: int) -> tuple[int, bool]:
        """Remove files until ``goal`` bytes are left or fewer. Returns what is left; whether more is being fetched."""
        total, being_fetched = 0, False
        for part in _below(self.parts):
            if not _remove(part, since=time.time() - _ABANDONED):
                total += part.size
                being_fetched |= part.size > 0
        files = sorted(_below(self.files))
        total += sum(file.size for file in files)
        if total > goal:
            for file in files:
                if total <= goal - _SLACK * self._limit:
                    break
                if _remove(file, since=None):
                    total -= file.size
        return total, being_fetched


def _remove(file: _File, since: float | None) -> bool:
    """Remove a file unless somebody has locked it; without locks, unless it was changed after ``since``."""
    try:
        lock = lock_file(file.path, make=False, wait=False)
    except OSError:
        return not file.path.exists()
    if lock is None:
        return False
    try:
        if not lock.holds and since is not None and file.used > since:
            return False
        file.path.unlink(missing_ok=True)
        return True
    except OSError:
        return False
    finally:
        lock.release()


def _below(folder: Path) -> Iterator[_File]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                stat = path.stat()
            except OSError:  # gone meanwhile
                continue
            yield _File(stat.st_mtime, stat.st_size, path)
