"""One builder a folder: processes that start the same build at once wait for the first."""

from __future__ import annotations

import multiprocessing
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

    Raises:
        LibraryError: the folder cannot be written, or a worker process asks while its parent builds.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = lock_file(root / LOCK, wait=not _is_importing_main())
    except OSError as error:
        raise LibraryError(f"{root}: cannot be written: {error.strerror}") from None
    if lock is None:  # it would wait for its own parent
        raise LibraryError("a worker process imports a script that builds: put that under `if __name__ == '__main__':`")
    try:
        yield
    finally:
        try:
            (root / LOCK).unlink(missing_ok=True)
        finally:
            lock.release()


def _is_importing_main() -> bool:
    """Whether this process has been spawned and is reading the script of the one that did; as the standard library
    knows it, which refuses to start processes then."""
    return bool(getattr(multiprocessing.current_process(), "_inheriting", False))
