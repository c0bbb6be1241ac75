"""A folder of files that are read in parts and appear whole, wherever it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from sos_online.errors import SOSError
from sos_online.storage.local import LocalFolder
from sos_online.storage.remote import RemoteFolder

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_URL_AS_PATH = re.compile(r"[a-z][a-z0-9+.-]+:/[^/]", re.IGNORECASE)  # one letter would be a drive


class Place(Protocol):
    """A folder, on this machine or behind a URL. Names are relative, with ``/`` between their parts.

    Every method raises ``SOSError`` naming the file and why; ``read`` of a file that is not there raises
    ``FileNotFoundError``, so that callers can tell the two apart. Places can be pickled, and used after a fork.
    """

    @property
    def url(self) -> str:
        """How a user writes it, without what should not be shown (passwords, signatures)."""

    def names(self, suffix: str = "") -> list[str]:
        """Sorted names of the files in the folder itself that end in ``suffix``; empty if there is no folder.

        Raises ``SOSError`` where files cannot be listed: behind ``http://`` and ``https://``.
        """

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if it is not there."""

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        """Bytes of a file, from ``start`` on, ``size`` of them or all that are left; fewer if the file ends before."""

    def write(self, name: str, content: bytes) -> None:
        """A file appears with this content, whole or not at all; one of the same name is replaced."""

    def upload(self, name: str, source: Path) -> None:
        """As :meth:`write`, with the content of a local file, which is gone afterwards."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing if it is not there."""

    def scratch(self) -> Path:
        """A local folder for files that are to be uploaded: of a folder on this machine, the folder itself."""


def is_url(where: str | Path) -> bool:
    """True for ``s3://…``, ``https://…`` and the like; not for ``file://``, whose folder is on this machine.

    Raises:
        SOSError: a URL was made a ``Path``, which has lost one of its slashes.
    """
    if isinstance(where, Path):
        if _URL_AS_PATH.match(str(where)) and not where.exists():
            raise SOSError(f"{where}: a URL must be given as a str, found a Path, which keeps one slash of two")
        return False
    found = _URL.match(where)
    return found is not None and found[1].lower() != "file"


def open_place(where: str | Path) -> Place:
    """The folder that a path or a URL (``s3://…``, ``gs://…``, ``https://…``) names; it need not be there yet.

    Raises:
        SOSError: a URL, and fsspec or what it needs for such URLs is not installed; names the extra to install.
    """
    if is_url(where):
        return RemoteFolder(str(where))
    return LocalFolder(str(where).removeprefix("file://"))
