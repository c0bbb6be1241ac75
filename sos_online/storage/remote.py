"""A folder behind a URL, over fsspec: object stores, web servers, and whatever else it knows."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from sos_online.errors import SOSError
from sos_online.storage.redact import Redaction
from sos_online.storage.retry import Retry, http_status
from sos_online.storage.scratch import ScratchFolder

T = TypeVar("T")

# a put of theirs appears whole or not at all; elsewhere a file is written under another name and moved
_WHOLE_PUTS = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "memory"}
_WEB = {"http", "https"}
_S3 = {"s3", "s3a"}
_PATIENT = {"gs", "gcs"}  # their client tries again for half a minute by itself
_INSTALL = "pip install 'sos_online[remote]'"
_GONE, _NO_SUCH_RANGE = {404, 410}, 416
_OF_THE_PROCESS = {"_filesystems", "_scratch", "_whole", "_honours_ranges"}


class RemoteFolder:
    """A :class:`~sos_online.storage.places.Place` behind a URL.

    What may pass (a broken connection, a busy server) is tried again, see ``retry.Retry``. Connections belong to the
    process that made them: this object can be pickled, and used on both sides of a fork. No message of it shows a
    password, a key or a signature.

    Args:
        url: ``s3://bucket/folder``, ``gs://…``, ``https://…`` (read-only and without a listing), or another of
            fsspec's. A query, such as a signature, is sent with every file.
        retry: how often to try.
        options: of fsspec's file system, such as ``endpoint_url``. Without any, it finds credentials and settings
            where it always does: environment variables, and the configuration files of the store's own tools.

    Raises:
        SOSError: no URL, or fsspec or what it needs for such URLs is not installed.
    """

    def __init__(self, url: str, retry: Retry | None = None, **options: Any) -> None:
        parts = urlsplit(url)
        self._protocol = parts.scheme.lower()
        self._redaction = Redaction(url, options)
        self.url = self._redaction.of_url(url).rstrip("/")
        named = parts.netloc or parts.path.strip("/") or self._protocol == "memory"
        if not self._protocol or not named or "::" in url:
            raise SOSError(
                f"{self._redaction.of_url(url)}: expected a URL such as s3://bucket/folder or https://host/folder"
            )
        self._web = self._protocol in _WEB
        self._query = parts.query if self._web else ""
        self._base = urlunsplit(parts._replace(query="", fragment="")).rstrip("/") if self._web else url.rstrip("/")
        self._options = options
        self._retry = retry or (Retry(attempts=2) if self._protocol in _PATIENT else Retry())
        self._start()
        _require(self._protocol, self.url)

    def _start(self) -> None:
        # by process: those of a parent are kept and never touched, as closing them would reach into its connections
        self._filesystems: dict[int, tuple[Any, str]] = {}
        self._scratch: dict[int, ScratchFolder] = {}
        self._whole: tuple[str, bytes] | None = None
        self._honours_ranges: bool | None = None

    def __repr__(self) -> str:
        return f"RemoteFolder({self.url!r})"

    @property
    def can_be_listed(self) -> bool:
        """False behind ``http://`` and ``https://``."""
        return not self._web

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _OF_THE_PROCESS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def names(self, suffix: str = "") -> list[str]:
        return [name for name in self._listed(deep=False) if name.endswith(suffix)]

    def names_below(self, suffixes: tuple[str, ...]) -> list[str]:
        """As :meth:`names`, of the files in the folder and below; suffixes in any case."""
        return [name for name in self._listed(deep=True) if name.lower().endswith(suffixes)]

    def size(self, name: str) -> int | None:
        try:
            return self._call(name, "read", self._size_of)
        except FileNotFoundError:
            return None

    def read(self, name: str, start: int = 0, size: int | None = None) -> bytes:
        if start == 0 and size is None:
            return self._call(name, "read", lambda files, path: bytes(files.cat_file(path)))
        if size is None or size < 1:
            total = self._call(name, "read", self._size_of)
            size = total - start if size is None else 0
            if size < 1:
                return b""
        stop = start + size
        return self._call(name, "read", lambda files, path: self._range(files, path, start, stop))

    def write(self, name: str, content: bytes) -> None:
        self._put(name, lambda files, path: files.pipe_file(path, content), len(content))

    def upload(self, name: str, source: Path) -> None:
        try:
            size = source.stat().st_size
        except OSError as error:
            raise SOSError(f"{source}: cannot be read: {error.strerror or error}") from None
        self._put(name, lambda files, path: files.put_file(str(source), path), size)
        source.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        self._refuse_to_write(name)
        with suppress(FileNotFoundError):
            self._call(name, "removed", lambda files, path: files.rm_file(path))

    def scratch(self) -> Path:
        process = os.getpid()
        if process not in self._scratch:
            self._scratch[process] = ScratchFolder()
        return self._scratch[process].path

    # one request

    def _call(self, name: str, done: str, action: Callable[[Any, str], T]) -> T:
        """``action(file system, path)``, again if what went wrong may pass."""
        where = f"{self.url}/{name}" if name else self.url
        try:
            return self._retry.call(lambda: action(*self._reach(name)))
        except FileNotFoundError:
            raise FileNotFoundError(f"{where}: no such file") from None
        except SOSError:
            raise
        except Exception as error:  # whatever the client for this protocol raises
            raise SOSError(f"{where}: cannot be {done}: {self._redaction.of_error(error)}") from None

    def _reach(self, name: str) -> tuple[Any, str]:
        """The file system of this process, and the path of a file in it."""
        import fsspec

        process = os.getpid()
        if process not in self._filesystems:
            options = {**_defaults(self._protocol), **self._options}
            files, base = fsspec.core.url_to_fs(self._base, skip_instance_cache=True, **options)
            if self._protocol in _S3:
                files.retries = 1
            self._filesystems[process] = files, base.rstrip("/")
        files, base = self._filesystems[process]
        if not self._web:
            return files, f"{base}/{name}" if name else base
        query = f"?{self._query}" if self._query else ""
        return files, f"{base}/{quote(name)}{query}"

    def _size_of(self, files: Any, path: str) -> int:
        files.invalidate_cache()  # others write here too
        try:
            info = files.info(path)
        except FileNotFoundError as error:
            # whatever goes wrong, fsspec says of a URL that it is not there
            if self._web and error.__cause__ is not None and http_status(error.__cause__) not in _GONE:
                raise error.__cause__ from None
            raise
        if info.get("type") == "directory":
            raise FileNotFoundError(path)
        if info.get("size") is None:
            raise SOSError(f"{self._redaction.of_url(path)}: the server does not say how large it is")
        return int(info["size"])

    def _range(self, files: Any, path: str, start: int, stop: int) -> bytes:
        if self._web and not self._are_ranges_honoured(files, path):
            if start == 0 or self._whole is None or self._whole[0] != path:
                self._whole = path, bytes(files.cat_file(path))  # who reads on from here has it already
            return self._whole[1][start:stop]
        try:
            content = bytes(files.cat_file(path, start=start, end=stop))
        except FileNotFoundError:
            raise
        except Exception as error:
            refused = http_status(error) == _NO_SUCH_RANGE or "range" in str(error).lower()
            if refused and start >= self._size_of(files, path):
                return b""
            raise
        if len(content) < stop - start and len(content) < min(stop, self._size_of(files, path)) - start:
            raise ConnectionError("less came than was asked for")
        return content

    def _are_ranges_honoured(self, files: Any, path: str) -> bool:
        """False of a server that sends the whole file whatever is asked for, as ``python -m http.server`` does."""
        if self._honours_ranges is None:
            if self._size_of(files, path) < 2:  # nothing can be seen from this one
                return False
            self._honours_ranges = len(files.cat_file(path, start=0, end=1)) == 1
        return self._honours_ranges

    def _put(self, name: str, put: Callable[[Any, str], object], size: int) -> None:
        self._refuse_to_write(name)

        def whole(files: Any, path: str) -> None:
            if self._protocol in _WHOLE_PUTS:
                put(files, path)
                return
            folder, _, last = path.rpartition("/")
            part = f"{folder}/.{last}.{uuid.uuid4().hex}.tmp"
            files.makedirs(folder, exist_ok=True)
            try:
                put(files, part)
                if self._size_of(files, part) != size:
                    raise ConnectionError("less arrived than was sent")
                files.mv(part, path)
            except BaseException:
                with suppress(Exception):
                    files.rm_file(part)
                raise

        try:
            self._call(name, "written", whole)
        except FileNotFoundError:
            raise SOSError(f"{self.url}/{name}: cannot be written: no such bucket or folder") from None

    def _refuse_to_write(self, name: str) -> None:
        if self._web:
            raise SOSError(f"{self.url}/{name}: a web server is read-only; write to a folder or to s3://, gs:// …")

    def _listed(self, deep: bool) -> list[str]:
        if self._web:
            raise SOSError(f"{self.url}: a web server lists no files; what is there must be named by a file")

        def entries(files: Any, path: str) -> list[str]:
            files.invalidate_cache()
            found = files.find(path, detail=True).values() if deep else files.ls(path, detail=True)
            above = f"{path}/"
            names = (str(entry["name"]).removeprefix(above) for entry in found if entry["type"] == "file")
            return sorted(name for name in names if name and name != path and (deep or "/" not in name))

        try:
            return self._call("", "listed", entries)
        except FileNotFoundError:
            return []


def _defaults(protocol: str) -> dict[str, Any]:
    """Options of a file system unless others are given."""
    if protocol in _WEB:
        return {"encoded": True}  # names are quoted here: they may hold what means something in a URL
    if protocol in _S3:  # its client and fsspec both try again, each time for each: half an hour of it is no use
        return {"config_kwargs": {"retries": {"total_max_attempts": 1}}}
    return {}


def _require(protocol: str, url: str) -> None:
    """Raise ``SOSError`` unless what a protocol needs is installed; connects to nothing."""
    try:
        import fsspec

        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        raise SOSError(f"{url}: needs a package that is not installed ({error}): {_INSTALL}") from None
    except ValueError:
        raise SOSError(f"{url}: {protocol}:// is not known to fsspec") from None
