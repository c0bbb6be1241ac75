"""Locks on files, between processes and threads: whoever dies lets go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is kept apart there
    fcntl = None  # type: ignore[assignment]


class FileLock:
    """A lock that is held on a file, which is open for reading and writing.

    Attributes:
        descriptor: of the open file.
        holds: False where the system or the file system knows no locks; others may then hold it too.
    """

    __slots__ = ("descriptor", "holds")

    def __init__(self, descriptor: int, holds: bool) -> None:
        self.descriptor = descriptor
        self.holds = holds

    def release(self) -> None:
        """Let go, also where a fork has copied the open file."""
        try:
            if self.holds:
                fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        finally:
            os.close(self.descriptor)


def lock_file(path: Path, *, make: bool = True, shared: bool = False, wait: bool = True) -> FileLock | None:
    """Lock the file that is at ``path``; None if ``wait`` is false and another holds it.

    A file that is removed or renamed while it is waited for is not at ``path`` any more, and its lock says nothing:
    then the one that is there now is locked.

    Args:
        path: of the file.
        make: an empty file is made if none is there.
        shared: with others that lock it so.
        wait: until the others let go.

    Raises:
        OSError: it cannot be opened; ``FileNotFoundError`` if there is none to be locked.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if make else 0), 0o644)
        try:
            holds = _flock(descriptor, shared, wait)
            if not holds or is_at(path, descriptor):
                return FileLock(descriptor, holds)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[FileLock]:
    """Hold a lock on a file, which is made if it is not there and stays."""
    lock = lock_file(path)
    assert lock is not None  # it was waited for
    try:
        yield lock
    finally:
        lock.release()


def is_at(path: Path, descriptor: int) -> bool:
    """True if an open file is the one at ``path``."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _flock(descriptor: int, shared: bool, wait: bool) -> bool:
    """Raises ``BlockingIOError`` if another holds it; False where locks are not known."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True
