"""A folder of files that are read in parts and appear whole, wherever it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol

from sos_online.errors import SOSError
from sos_online.storage.atomic import flush_folder, write_atomically


class Place(Protocol):
    """A folder, on this machine or behind a URL. Names are relative, with ``/`` between their parts.

    Every method raises ``SOSError`` naming the file and why; ``read`` of a file that is not there raises
    ``FileNotFoundError``, so that callers can tell the two apart.
    """

    @property
    def url(self) -> str:
        """How a user writes it."""

    def names(self, suffix: str = "") -> list[str]:
        """Sorted names of the files in the folder itself that end in ``suffix``; empty if there is no folder."""

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if it is not there."""

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        """Bytes of a file, from ``start`` on, ``size`` of them or all that are left."""

    def write(self, name: str, content: bytes) -> None:
        """A file appears with this content, whole or not at all; one of the same name is replaced."""

    def upload(self, name: str, source: Path) -> None:
        """As :meth:`write`, with the content of a local file, which is gone afterwards."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing if it is not there."""

    def scratch(self) -> Path:
        """A local folder for files that are to be uploaded: here, the folder itself."""


class LocalFolder:
    """A :class:`Place` on this machine."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()

    def __repr__(self) -> str:
        return f"LocalFolder({str(self.root)!r})"

    @property
    def url(self) -> str:
        return str(self.root)

    def names(self, suffix: str = "") -> list[str]:
        if not self.root.is_dir():
            return []
        return sorted(entry.name for entry in os.scandir(self.root) if entry.name.endswith(suffix) and entry.is_file())

    def size(self, name: str) -> int | None:
        try:
            return (self.root / name).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        try:
            with (self.root / name).open("rb") as file:
                file.seek(start)
                return file.read() if size is None else file.read(size)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise SOSError(f"{self.root / name}: cannot be read: {error.strerror or error}") from None

    def write(self, name: str, content: bytes) -> None:
        write_atomically(self.root / name, lambda file: file.write(content))
        flush_folder(self.root)

    def upload(self, name: str, source: Path) -> None:
        target = self.root / name
        try:
            with source.open("rb") as file:
                os.fsync(file.fileno())
            if source.stat().st_dev == self.root.stat().st_dev:
                source.replace(target)
            else:
                with source.open("rb") as file:
                    write_atomically(target, lambda copy: shutil.copyfileobj(file, copy))
                source.unlink()
        except OSError as error:
            raise SOSError(f"{target}: cannot be written: {error.strerror or error}") from None
        flush_folder(self.root)

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)

    def scratch(self) -> Path:
        self.root.mkdir(parents=True, exist_ok=True)
        return self.root


def open_place(where: str | Path) -> Place:
    """The folder that a path or a URL (``s3://…``, ``gs://…``, ``https://…``) names; it need not be there yet.

    Raises:
        SOSError: a URL, and fsspec or what it needs for such URLs is not installed; names the extra to install.
    """
    if "://" not in str(where):
        return LocalFolder(where)
    from sos_online.storage.remote import RemoteFolder

    return RemoteFolder(str(where))
