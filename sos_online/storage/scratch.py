"""Local folders for files that are on their way elsewhere; none is left behind for long."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

from sos_online.storage.file_lock import FileLock, lock_file

_PREFIX = "sos_online-scratch-"
_LOCK = "in_use.lock"


class ScratchFolder:
    """A folder below the system's for temporary files, gone with this object or with its process.

    What a process that was killed has left is removed by the next that makes one: a lock says who lives.
    """

    def __init__(self) -> None:
        _sweep()
        self.path, lock = _make()
        # a forked process holds a copy of this object, but not the folder
        self._finalizer = weakref.finalize(self, _remove, self.path, lock, os.getpid())

    def remove(self) -> None:
        """Remove it now."""
        self._finalizer()


def _make() -> tuple[Path, FileLock]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        try:
            lock = lock_file(path / _LOCK)
        except FileNotFoundError:  # swept by another before it was locked
            continue
        assert lock is not None  # it was waited for
        return path, lock


def _remove(path: Path, lock: FileLock, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(path, ignore_errors=True)
        lock.release()
    else:
        os.close(lock.descriptor)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = lock_file(folder / _LOCK, make=False, wait=False)
        except (OSError, AttributeError):  # gone, or somebody else's; a system without users
            continue
        if lock is None:
            continue
        if lock.holds:
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()
