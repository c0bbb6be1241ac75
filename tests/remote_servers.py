"""Servers for tests of remote places: one that speaks S3, one of plain files, and a proxy that cuts connections."""

from __future__ import annotations

import functools
import http.server
import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sos_online.storage.retry import Retry

BUCKET = "bucket"
QUICK = Retry(attempts=3, first_wait=0.01)


class CuttingProxy:
    """Passes TCP connections on to a server until so many bytes have passed one way, then cuts all.

    Attributes:
        port: where it listens.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._left: dict[str, float] = {}
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.cuts = 0
        self.mend()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, size: int, way: str, stay_cut: bool = True) -> None:
        """Cut after ``size`` more bytes ``up`` (to the server) or ``down``; once, or from then on until mended."""
        with self._lock:
            self._left = {"up": float("inf"), "down": float("inf"), way: size}
            self._stay_cut = stay_cut

    def mend(self) -> None:
        with self._lock:
            self._left = {"up": float("inf"), "down": float("inf")}
            self._stay_cut = False

    def close(self) -> None:
        self._listener.close()
        self._cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if min(self._left.values()) < 0:
                client.close()
                continue
            server = socket.create_connection(self._server)
            with self._lock:
                self._open |= {client, server}
            for source, target, way in ((client, server, "up"), (server, client, "down")):
                threading.Thread(target=self._pass, args=(source, target, way), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, way: str) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 14):
                with self._lock:
                    self._left[way] -= len(data)
                    cut = self._left[way] < 0
                if cut:
                    target.sendall(data[: len(data) // 2])
                    self._cut()
                    return
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> None:
        with self._lock:
            self.cuts += 1
            ends, self._open = self._open, set()
            if not self._stay_cut:
                self._left = {"up": float("inf"), "down": float("inf")}
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class S3:
    """A server that speaks S3, and a bucket on it."""

    def __init__(self, port: int, client: Any) -> None:
        self.port = port
        self.client = client

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def content(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content)

    def put_folder(self, folder: Path, prefix: str) -> str:
        """Copy all files of a folder there. Returns the URL."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        return f"s3://{BUCKET}/{prefix}"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """One for all tests; each uses keys of its own."""
    boto3 = pytest.importorskip("boto3")
    server_module = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_bucket(Bucket=BUCKET)
    yield S3(port, client)
    server.stop()


@pytest.fixture
def s3(s3_server: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The server, and an environment in which ``s3://`` means it; mirrors are below ``tmp_path``."""
    _point_here(monkeypatch, tmp_path, s3_server.port)
    return s3_server


@pytest.fixture
def s3_proxy(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingProxy]:
    """As ``s3``, with a proxy before the server."""
    proxy = CuttingProxy(("127.0.0.1", s3.port))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
    yield proxy
    proxy.close()


def _point_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int) -> None:
    settings = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "NO_PROXY": "127.0.0.1",
        "SOS_CACHE": str(tmp_path / "user_cache"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


class _RangeHandler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, whole or a range of them; no listing, and a status of the test's choice for some paths."""

    server: WebServer

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        self.server.requests.append((self.command, self.path, self.headers.get("Range")))
        if self.server.statuses:
            self.send_error(self.server.statuses.pop(0))
            return
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if found and self.server.ranges:
            start, stop = int(found[1]), min(int(found[2] or len(content)) + 1, len(content))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
            content = content[start:stop]
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class WebServer(http.server.ThreadingHTTPServer):
    """Serves the files below ``folder``.

    Attributes:
        folder: may be filled after it has started.
        requests: (method, path, range) of each.
        statuses: errors that the next requests get, one each.
        ranges: False, and every request gets the whole file.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[tuple[str, str, str | None]] = []
        self.statuses: list[int] = []
        self.ranges = True
        super().__init__(("127.0.0.1", 0), functools.partial(_RangeHandler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A server of plain files, and mirrors below ``tmp_path``."""
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    _point_here(monkeypatch, tmp_path, 1)
    folder = tmp_path / "served"
    folder.mkdir()
    server = WebServer(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
