"""A folder on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sos_online.errors import SOSError
from sos_online.storage.atomic import flush_folder, write_atomically


class LocalFolder:
    """A :class:`~sos_online.storage.places.Place` on this machine."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()  # workers may run elsewhere

    def __repr__(self) -> str:
        return f"LocalFolder({str(self.root)!r})"

    @property
    def url(self) -> str:
        return str(self.root)

    def names(self, suffix: str = "") -> list[str]:
        try:
            entries = list(os.scandir(self.root))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SOSError(f"{self.root}: cannot be listed: {error.strerror or error}") from None
        return sorted(entry.name for entry in entries if entry.name.endswith(suffix) and entry.is_file())

    def size(self, name: str) -> int | None:
        path = self.root / name
        try:
            return path.stat().st_size if path.is_file() else None
        except OSError as error:
            raise SOSError(f"{path}: cannot be read: {error.strerror or error}") from None

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
        target = self.root / name
        write_atomically(target, lambda file: file.write(content))
        flush_folder(target.parent)

    def upload(self, name: str, source: Path) -> None:
        target = self.root / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as file:
                os.fsync(file.fileno())
            if source.stat().st_dev == target.parent.stat().st_dev:
                source.replace(target)
            else:
                with source.open("rb") as file:
                    write_atomically(target, lambda copy: shutil.copyfileobj(file, copy))
                source.unlink()
        except OSError as error:
            raise SOSError(f"{target}: cannot be written: {error.strerror or error}") from None
        flush_folder(target.parent)

    def remove(self, name: str) -> None:
        try:
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise SOSError(f"{self.root / name}: cannot be removed: {error.strerror or error}") from None

    def scratch(self) -> Path:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SOSError(f"{self.root}: cannot be written: {error.strerror or error}") from None
        return self.root
