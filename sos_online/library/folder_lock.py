"""One builder a folder: processes that start the same build at once wait for the first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sos_online.errors import LibraryError

try:
    import fcntl
except ImportError:  # Windows: builders are not kept apart there
    fcntl = None  # type: ignore[assignment]

LOCK = ".building.lock"


@contextmanager
def only_builder(root: Path) -> Iterator[None]:
    """Make the folder, wait until nobody else builds in it, and keep others out; the lock's file is removed at the end.

    A builder that dies lets go, whatever ends it.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = _lock(root / LOCK)
    except OSError as error:
        raise LibraryError(f"{root}: cannot be written: {error.strerror}") from None
    try:
        yield
    finally:
        try:
            (root / LOCK).unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _lock(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if fcntl is not None:
                with suppress(OSError):  # a file system without locks: as on Windows
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            if fcntl is None or _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """False if the file was removed by the builder that was waited for: its lock says nothing any more."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
