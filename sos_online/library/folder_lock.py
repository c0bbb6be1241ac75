"""One builder a folder: processes that start the same build at once wait for the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.storage.file_lock import lock_file

LOCK = ".building.lock"


@contextmanager
def only_builder(root: Path) -> Iterator[None]:
    """Make the folder, wait until nobody else builds in it, and keep others out; the lock's file is removed at the end.

    A builder that dies lets go, whatever ends it.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = lock_file(root / LOCK)
        assert lock is not None  # it was waited for
    except OSError as error:
        raise LibraryError(f"{root}: cannot be written: {error.strerror}") from None
    try:
        yield
    finally:
        try:
            (root / LOCK).unlink(missing_ok=True)
        finally:
            lock.release()
