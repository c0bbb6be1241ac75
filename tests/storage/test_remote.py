"""Places behind URLs: what goes wrong on the way, and what messages keep to themselves."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.storage import RemoteFolder, open_place
from sos_online.storage.retry import Retry
from sos_online.storage.scratch import ScratchFolder
from tests.remote_servers import QUICK, S3, CuttingProxy, WebServer


def test_a_web_server_is_read(web: WebServer) -> None:
    (web.folder / "sub").mkdir()
    (web.folder / "sub" / "a name #1?.bin").write_bytes(b"0123456789")
    place = open_place(f"{web.url}/sub/")
    assert place.size("a name #1?.bin") == 10
    assert place.read("a name #1?.bin") == b"0123456789"
    assert place.read("a name #1?.bin", 3, 4) == b"3456"
    assert place.read("a name #1?.bin", 8) == b"89"
    assert place.read("a name #1?.bin", 8, 9) == b"89"
    assert place.read("a name #1?.bin", 10, 1) == b""
    assert place.size("other") is None
    with pytest.raises(FileNotFoundError, match="/sub/other"):
        place.read("other")


def test_a_range_asks_for_no_more(web: WebServer) -> None:
    (web.folder / "a").write_bytes(bytes(1000))
    place = open_place(web.url)
    place.read("a", 100, 20)  # the first finds out what the server knows
    web.requests.clear()
    place.read("a", 200, 20)
    assert web.requests == [("GET", "/a", "bytes=200-219")]


def test_a_server_without_ranges_is_read_all_the_same(web: WebServer) -> None:
    web.ranges = False
    (web.folder / "a").write_bytes(b"0123456789")
    place = open_place(web.url)
    assert place.read("a", 3, 4) == b"3456"
    assert place.read("a", 8, 10) == b"89"
    assert place.read("a", 3) == b"3456789"
    assert place.read("a", 3, 10) == b"3456789"
    assert place.read("a", 12, 3) == b""
    (web.folder / "b").write_bytes(b"x")
    assert [place.read("b", 0, 1), place.read("b", 1, 1), place.read("b", 0, 5)] == [b"x", b"", b"x"]


def test_a_server_without_ranges_sends_a_file_once_for_all_its_parts(web: WebServer) -> None:
    web.ranges = False
    (web.folder / "a").write_bytes(b"0123456789")
    place = open_place(web.url)
    place.read("a", 0, 2)
    web.requests.clear()
    assert b"".join(place.read("a", start, 2) for start in range(0, 10, 2)) == b"0123456789"
    assert len(web.requests) == 1


def test_a_web_server_is_read_only_and_lists_nothing(web: WebServer, tmp_path: Path) -> None:
    place = RemoteFolder(web.url)
    source = tmp_path / "source"
    source.write_bytes(b"")
    for action in (
        lambda: place.write("a", b""),
        lambda: place.upload("a", source),
        lambda: place.remove("a"),
    ):
        with pytest.raises(sos.SOSError, match=r"/a: a web server is read-only; write to"):
            action()
    with pytest.raises(sos.SOSError, match="lists no files"):
        place.names()
    assert source.exists() and not web.requests


def test_what_others_write_is_seen(s3: S3, tmp_path: Path) -> None:
    place = open_place(f"s3://bucket/{tmp_path.name}")
    assert place.names() == [] and place.size("a") is None
    s3.put(f"{tmp_path.name}/a", b"123")
    assert place.names() == ["a"] and place.size("a") == 3
    s3.put(f"{tmp_path.name}/a", b"12345")
    assert place.size("a") == 5
    s3.put(f"{tmp_path.name}/deep/b.PNG", b"1")
    s3.put(f"{tmp_path.name}/deep.PNG/", b"")  # how a console marks an empty folder
    assert place.names() == ["a"] and place.size("a") == 5
    assert isinstance(place, RemoteFolder)
    assert place.names_below((".png",)) == ["deep/b.PNG"]


@pytest.mark.parametrize("size", [0, 250_000])
def test_an_upload_that_is_cut_leaves_what_was_there(s3: S3, s3_proxy: CuttingProxy, tmp_path: Path, size: int) -> None:
    place = RemoteFolder(f"s3://bucket/{tmp_path.name}", Retry(attempts=1))
    before, after = b"before" * 50_000, os.urandom(300_000)
    place.write("a", before)
    source = place.scratch() / "source"
    source.write_bytes(after)
    s3_proxy.cut_after(size, "up")
    with pytest.raises(sos.SOSError, match=f"s3://bucket/{tmp_path.name}/a: cannot be written"):
        place.upload("a", source)
    assert s3_proxy.cuts
    assert s3.content(f"{tmp_path.name}/a") == before
    assert source.read_bytes() == after  # to be uploaded another time
    s3_proxy.mend()
    place.upload("a", source)
    assert s3.content(f"{tmp_path.name}/a") == after


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("size", [0, 1000, 100_000])
def test_a_connection_that_breaks_once_is_not_noticed(
    s3: S3, s3_proxy: CuttingProxy, tmp_path: Path, way: str, size: int
) -> None:
    place = RemoteFolder(f"s3://bucket/{tmp_path.name}", QUICK)
    content = os.urandom(300_000)
    s3_proxy.cut_after(size, way, stay_cut=False)
    place.write("a", content)
    assert place.read("a") == content
    assert place.read("a", 1000, 200_000) == content[1000:201_000]
    assert place.names() == ["a"]
    assert s3_proxy.cuts == 1


def test_a_large_upload_in_parts_is_whole_or_not_there(
    s3: S3, s3_proxy: CuttingProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large files are sent in parts (of 50 MB, here of 5); the file appears with the last request."""
    monkeypatch.setattr("s3fs.core.calculate_chunksize", lambda *_, **__: 5 << 20)
    place = RemoteFolder(f"s3://bucket/{tmp_path.name}", Retry(attempts=1))
    source = place.scratch() / "source"
    with source.open("wb") as file:
        file.truncate(12 << 20)
        file.write(b"begin")
    s3_proxy.cut_after(8 << 20, "up")
    with pytest.raises(sos.SOSError, match="cannot be written"):
        place.upload("a", source)
    assert s3.keys(tmp_path.name) == []
    s3_proxy.mend()
    place.upload("a", source)
    assert place.size("a") == 12 << 20
    assert place.read("a", 0, 6) == b"begin\0"
    place.remove("a")


def _ask(place: RemoteFolder, results: multiprocessing.Queue[bytes]) -> None:
    results.put(place.read("a", 2, 3))


def test_a_place_works_on_both_sides_of_a_fork(s3: S3, tmp_path: Path) -> None:
    place = RemoteFolder(f"s3://bucket/{tmp_path.name}")
    place.write("a", b"0123456789")  # connections and a thread of fsspec's are there now
    parent_scratch = place.scratch()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=_ask, args=(place, results)) for _ in range(2)]
    for process in processes:
        process.start()
    assert [results.get(timeout=60) for _ in processes] == [b"234"] * 2
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert place.read("a", 2, 3) == b"234"
    assert parent_scratch.is_dir()


def test_scratch_is_gone_with_its_place(s3: S3) -> None:
    place = RemoteFolder("s3://bucket/x")
    scratch = place.scratch()
    (scratch / "file").write_bytes(b"")
    assert place.scratch() == scratch
    del place
    assert not scratch.exists()


def _make_scratch(results: multiprocessing.Queue[str]) -> None:
    folder = ScratchFolder()
    (folder.path / "shard").write_bytes(b"half")
    results.put(str(folder.path))
    results.close()
    results.join_thread()
    os.kill(os.getpid(), 9)


def test_what_a_killed_process_left_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alive = ScratchFolder()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    process = context.Process(target=_make_scratch, args=(results,))
    process.start()
    left = Path(results.get(timeout=60))
    process.join()
    assert (left / "shard").exists()
    another = ScratchFolder()
    assert not left.exists()
    assert alive.path.is_dir() and another.path.is_dir()


def test_a_pickled_place_holds_no_connection(s3: S3, tmp_path: Path) -> None:
    place = RemoteFolder(f"s3://bucket/{tmp_path.name}", QUICK)
    place.write("a", b"x")
    assert pickle.loads(pickle.dumps(place)).read("a") == b"x"
