"""Files of a place elsewhere, on local disk: fetched at first use, kept as long as there is room."""

from __future__ import annotations

import hashlib
import os
import re
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sos_online.errors import SOSError
from sos_online.storage.file_lock import FileLock, is_at, lock_file
from sos_online.storage.mirror_limit import mirror_limit
from sos_online.storage.mirror_room import MirrorRoom
from sos_online.storage.names import check_name
from sos_online.storage.places import Place
from sos_online.storage.user_cache import user_cache

_CHUNK = 1 << 23  # bytes a request; one that breaks is asked for again alone
_SAME_USE = 60.0  # seconds within which uses of a file count as one


class Mirror:
    """Local copies of the files of a place. A copy is there whole or not at all.

    Any number of processes and machines may share a root: each file is fetched by one of them, and the others wait for
    it. (Where the file system knows no locks, several may fetch the same; each copy is whole still.) All mirrors of a
    root keep one limit together; files that were not used for longest go first. A file that is open while it goes stays
    readable; one that is not is fetched anew.

    Args:
        place: where files come from. They are taken to stay as they are.
        root: the folder for all mirrors; ``mirror`` in the user's cache folder if None, see ``user_cache``.
        limit_bytes: for all of the root; as SOS_MIRROR_LIMIT says if None, see ``mirror_limit``.
        version: of the place's content; another version is mirrored apart.
    """

    def __init__(
        self, place: Place, root: str | Path | None = None, limit_bytes: int | None = None, *, version: str = ""
    ) -> None:
        self.place = place
        self._room = MirrorRoom(
            (user_cache() / "mirror" if root is None else Path(root)).absolute(),
            mirror_limit() if limit_bytes is None else limit_bytes,
        )
        last = re.sub(r"[^\w.-]+", "_", place.url.rstrip("/").rpartition("/")[2])[:40].lstrip(".")
        digest = hashlib.sha256(f"{place.url}\n{version}".encode()).hexdigest()[:16]
        self.folder = self._room.files / f"{last}-{digest}"
        self._held: dict[str, _Hold] = {}

    def __repr__(self) -> str:
        return f"Mirror({self.place!r}, at {str(self.folder)!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": {}}

    def local(self, name: str) -> Path:
        """The local copy of a file, fetched if it is not there; it may go again at any time to make room for others.

        Raises:
            FileNotFoundError: there is no such file in the place.
            SOSError: it cannot be fetched or has no room; names it and says why.
        """
        path = self.folder / check_name(name, self.place.url)
        try:
            if time.time() - path.stat().st_mtime > _SAME_USE:
                with suppress(PermissionError):  # another user's
                    os.utime(path)
        except FileNotFoundError:
            self._fetch(name, path)
        except OSError as error:
            raise SOSError(f"{path}: cannot be read: {error.strerror or error}") from None
        return path

    def hold(self, name: str) -> Path:
        """As :meth:`local`, and it stays as long as this object lives, as files must that are mapped for long."""
        while True:
            path = self.local(name)
            if name in self._held:
                return path
            try:
                lock = lock_file(path, make=False, shared=True)
            except FileNotFoundError:  # gone between the two
                continue
            assert lock is not None  # it was waited for
            self._held[name] = _Hold(lock)
            return path

    def forget(self, name: str) -> None:
        """Remove the local copy of a file, such as a damaged one; the next use fetches it anew."""
        (self.folder / check_name(name, self.place.url)).unlink(missing_ok=True)

    def _fetch(self, name: str, path: Path) -> None:
        what = f"{self.place.url}/{name}"
        try:
            with self._part(path) as (part, descriptor):
                if path.is_file():  # by another that was waited for
                    return
                size = self.place.size(name)
                if size is not None:
                    self._room.take(descriptor, size, what)
                    self._copy(name, size, descriptor)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    part.replace(path)
                    return
        except OSError as error:
            raise SOSError(
                f"{what}: cannot be kept at {path}: {error.strerror or error} (SOS_CACHE names another folder, "
                "SOS_MIRROR_LIMIT how much it may hold)"
            ) from None
        raise FileNotFoundError(f"{what}: no such file")

    def _copy(self, name: str, size: int, descriptor: int) -> None:
        for start in range(0, size, _CHUNK):
            content = self.place.read(name, start, min(_CHUNK, size - start))
            if len(content) != min(_CHUNK, size - start):
                raise SOSError(f"{self.place.url}/{name}: has become shorter while it was fetched")
            written = 0
            while written < len(content):
                written += os.pwrite(descriptor, content[written:], start + written)
        os.fsync(descriptor)  # a copy that is there is taken to be whole, after a power cut too

    @contextmanager
    def _part(self, path: Path) -> Iterator[tuple[Path, int]]:
        """A file to fetch into, locked; gone afterwards unless it was given its name."""
        part = self._room.parts / hashlib.sha256(str(path).encode()).hexdigest()
        part.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_file(part)
        assert lock is not None  # it was waited for
        if not lock.holds:  # then nobody may write into the same
            lock.release()
            part = part.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
            lock = FileLock(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), holds=False)
        try:
            os.truncate(lock.descriptor, 0)  # what one that was killed has left takes no room
            yield part, lock.descriptor
        finally:
            if is_at(part, lock.descriptor):  # another may fetch anew what has come and gone already
                part.unlink()
            lock.release()


class _Hold:
    """A lock that is let go when this object goes; a forked process has one of its own then."""

    def __init__(self, lock: FileLock) -> None:
        weakref.finalize(self, os.close, lock.descriptor)
