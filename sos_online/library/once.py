"""A library is made in a folder once: by the first that comes, and after it was stopped from where it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.library.folder_lock import only_builder
from sos_online.library.format import MANIFEST, Manifest
from sos_online.library.reader import SegmentLibrary
from sos_online.library.workspace import (
    Mark,
    NothingToKeepError,
    claim,
    is_finished,
    refuse_folders_of_others,
    release,
    sweep,
)


def make_once(root: Path, fingerprint: str, make: Callable[[], None]) -> SegmentLibrary:
    """Make a library in a folder, or find that it is there; and open it.

    Args:
        root: the folder; may hold the same library, unfinished or finished, and more that was appended to it.
        fingerprint: of all that the library depends on.
        make: writes what is not there yet, ``library.json`` last.

    Raises:
        LibraryError: the folder holds something else, or ``make`` raised it; after a ``NothingToKeepError`` the folder
            is as if nothing had been tried.
    """
    if is_finished(root):
        return _open_finished(root, fingerprint)
    refuse_folders_of_others(root)
    with only_builder(root):
        if (root / MANIFEST).exists():
            # finished by the one that was waited for, or killed while it cleaned up, or being appended to
            library = _open_finished(root, fingerprint)
            sweep(root, library.manifest)
            return library
        claim(root, Mark(fingerprint))
        try:
            make()
        except NothingToKeepError:
            release(root)
            raise
        sweep(root, Manifest.read(root))
    return SegmentLibrary.open(root)


def _open_finished(root: Path, fingerprint: str) -> SegmentLibrary:
    if fingerprint not in Manifest.read(root).build_fingerprints[:1]:
        raise LibraryError(
            f"{root}: holds a finished library of other sources or settings "
            "(or its sources' files have changed since); name another folder"
        )
    return SegmentLibrary.open(root)
