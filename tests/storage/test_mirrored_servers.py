"""Mirrors of servers: cut connections, and none that knows ranges."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.storage import Mirror, RemoteFolder, user_cache
from sos_online.storage.retry import Retry
from tests.remote_servers import S3, CuttingProxy, WebServer


@pytest.mark.parametrize("size", [500, 150_000, 400_000])
def test_a_fetch_that_is_cut_leaves_nothing(s3: S3, s3_proxy: CuttingProxy, tmp_path: Path, size: int) -> None:
    content = os.urandom(500_000)
    s3.put(f"{tmp_path.name}/a", content)
    mirror = Mirror(RemoteFolder(f"s3://bucket/{tmp_path.name}", Retry(attempts=1)))
    s3_proxy.cut_after(size, "down")
    with pytest.raises(sos.SOSError, match=f"s3://bucket/{tmp_path.name}/a: cannot be read"):
        mirror.local("a")
    assert s3_proxy.cuts
    assert not [path for path in user_cache().rglob("*") if path.is_file() and path.name != "lock"]
    s3_proxy.mend()
    assert mirror.local("a").read_bytes() == content


def test_a_server_without_ranges(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sos_online.storage.mirror._CHUNK", 300)
    web.ranges = False
    content = os.urandom(1000)
    (web.folder / "a").write_bytes(content)
    assert Mirror(RemoteFolder(web.url)).local("a").read_bytes() == content
    assert sum(method == "GET" for method, _, _ in web.requests) == 2  # one to find out
