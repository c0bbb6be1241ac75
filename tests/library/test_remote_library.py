"""A library behind a URL: the same as on this machine, fetched as it is used."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader

import sos_online as sos
from sos_online.library.format import MANIFEST, TABLES
from sos_online.storage import RemoteFolder, user_cache
from sos_online.storage.retry import Retry
from sos_online.storage.sealed import seal
from tests.conftest import draw_cutouts, small_recipe
from tests.remote_servers import S3, CuttingProxy, WebServer


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> sos.SegmentLibrary:
    """Twelve segments in four shards."""
    folder = tmp_path_factory.mktemp("remote_library")
    sources = []
    for category in sorted(draw_cutouts(folder / "cutouts").iterdir()):
        root = folder / "sources" / category.name
        root.mkdir(parents=True)
        category.rename(root / category.name)
        sources.append(sos.CategoryFolders(root))
    return sos.build_library(folder / "built", sources, encoding=sos.Encoding(ladder=(16, 32)))


@pytest.fixture
def url(s3: S3, local: sos.SegmentLibrary, tmp_path: Path) -> str:
    return s3.put_folder(local.root, f"{tmp_path.name}/library")


def everything(library: sos.SegmentLibrary) -> Iterator[Any]:
    yield from (library.category_names, len(library), library.source_names, library.quality("opaque").tolist())
    for segment in range(len(library)):
        yield from (
            library.category_of(segment),
            library.key(segment),
            library.words(segment),
            library.size_wh(segment),
        )
        for level in range(len(library.level_sizes(segment))):
            yield library.alpha(segment, level).tobytes()
            yield library.colour(segment, level).tobytes()


def copies(kind: str) -> list[str]:
    return sorted(path.name for path in (user_cache() / "mirror" / "files").glob(f"*/{kind}/**/*") if path.is_file())


def test_it_is_the_same_library(url: str, local: sos.SegmentLibrary) -> None:
    remote = sos.SegmentLibrary.open(url)
    assert repr(remote) == repr(local).replace(str(local.root), url)
    assert list(everything(remote)) == list(everything(local))
    assert remote.manifest == local.manifest


def test_a_web_server_is_enough(web: WebServer, local: sos.SegmentLibrary) -> None:
    shutil.copytree(local.root, web.folder / "my library")
    for ranges in (True, False):
        web.ranges = ranges
        remote = sos.SegmentLibrary.open(f"{web.url}/my%20library")
        assert list(everything(remote)) == list(everything(local))
        shutil.rmtree(user_cache())


def test_shards_come_when_they_are_used(url: str) -> None:
    remote = sos.SegmentLibrary.open(url)
    assert copies("tables") == sorted(TABLES)
    assert copies("pixels") == copies("rows") == []
    remote.alpha(0, 0)
    assert len(copies("pixels")) == 1 and copies("rows") == []
    remote.key(0)
    assert len(copies("rows")) == 1
    again = sos.SegmentLibrary.open(url)
    shutil.rmtree(again.root / "rows")
    assert again.alpha(0, 0).tobytes() == remote.alpha(0, 0).tobytes()
    assert copies("rows") == []


@pytest.mark.parametrize("room", [1, 2])
def test_it_works_within_its_limit(
    url: str, local: sos.SegmentLibrary, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    tables = sum(path.stat().st_size for path in (local.root / "tables").rglob("*") if path.is_file())
    shards = max(path.stat().st_size for path in (local.root / "pixels").iterdir())
    limit = tables + room * shards + 1
    monkeypatch.setenv("SOS_MIRROR_LIMIT", str(limit))
    remote = sos.SegmentLibrary.open(url)
    expected = list(everything(local))
    files = user_cache() / "mirror" / "files"
    for position, found in enumerate(everything(remote)):
        assert found == expected[position]
        assert sum(path.stat().st_size for path in files.rglob("*") if path.is_file()) <= limit
    assert copies("tables") == sorted(TABLES)


def test_no_room_for_the_tables(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOS_MIRROR_LIMIT", "100")
    with pytest.raises(sos.SOSError, match=r"tables/1/\w+.arrow: needs .* SOS_MIRROR_LIMIT"):
        sos.SegmentLibrary.open(url)


# workers


@pytest.mark.parametrize(("method", "workers"), [("fork", 2), ("spawn", 1)])  # to spawn one takes long
def test_workers_serve_what_a_local_library_serves(
    url: str, local: sos.SegmentLibrary, method: str, workers: int
) -> None:
    remote = sos.SegmentLibrary.open(url)
    remote.alpha(0, 0)  # connections and a thread of fsspec's are there before workers start
    streams = [sos.SOSDataset(library, small_recipe(64), length=8) for library in (local, remote)]
    expected = [streams[0].sample(index)[0].numpy().tobytes() for index in range(8)]
    loader = DataLoader(streams[1], batch_size=None, num_workers=workers, multiprocessing_context=method)
    found = {target["image_id"]: image.numpy().tobytes() for image, target in loader}
    assert [found[index] for index in range(8)] == expected
    assert streams[1].sample(3)[0].numpy().tobytes() == expected[3]
    assert streams[0].identity() == streams[1].identity()  # a position in the one is one in the other


def test_a_url_with_options_crosses_process_borders(s3: S3, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"key": "testing", "secret": "hidden-secret", "endpoint_url": f"http://127.0.0.1:{s3.port}"}
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    remote = sos.SegmentLibrary.open(RemoteFolder(url, **options))
    other = pickle.loads(pickle.dumps(remote))
    assert other.alpha(5, 0).tobytes() == remote.alpha(5, 0).tobytes()
    assert "hidden" not in repr(remote)


def _open_and_read(url: str, results: Any) -> None:
    try:
        remote = sos.SegmentLibrary.open(url)
        results.put([remote.alpha(segment, 0).sum() for segment in range(len(remote))])
    except Exception as error:
        results.put(repr(error))


def test_processes_that_open_it_at_once(web: WebServer, local: sos.SegmentLibrary) -> None:
    shutil.copytree(local.root, web.folder / "library")
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    arguments = (f"{web.url}/library", results)
    processes = [context.Process(target=_open_and_read, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert found == [[local.alpha(segment, 0).sum() for segment in range(len(local))]] * 4
    whole = [
        path for method, path, asked in web.requests if method == "GET" and ".arrow" in path and asked != "bytes=0-0"
    ]
    assert len(whole) == len(set(whole))  # each file was fetched by one of them


# what goes wrong


def test_what_is_no_library(s3: S3, tmp_path: Path, url: str) -> None:
    with pytest.raises(sos.LibraryError, match=f"s3://bucket/{tmp_path.name}/other/library.json: no such file"):
        sos.SegmentLibrary.open(f"s3://bucket/{tmp_path.name}/other")
    s3.put(f"{tmp_path.name}/bad/library.json", b"{}")
    with pytest.raises(sos.LibraryError, match=f"s3://bucket/{tmp_path.name}/bad/library.json: format_version"):
        sos.SegmentLibrary.open(f"s3://bucket/{tmp_path.name}/bad")
    s3.client.delete_object(Bucket="bucket", Key=f"{tmp_path.name}/library/tables/1/index.arrow")
    with pytest.raises(sos.LibraryError, match=f"{url}/tables/1/index.arrow: no such file"):
        sos.SegmentLibrary.open(url)


@pytest.mark.parametrize(
    "name", ["tables/1/index.arrow", "tables/1/groups.arrow", "pixels/00000.arrow", "rows/00000.arrow"]
)
def test_a_damaged_copy_is_fetched_anew(web: WebServer, local: sos.SegmentLibrary, name: str) -> None:
    shutil.copytree(local.root, web.folder / "library")
    copy = sos.SegmentLibrary.open(f"{web.url}/library").root / name
    good = (local.root / name).read_bytes()
    for damaged in (good[:100], good[:-100] + bytes(100), b"", good.replace(good[400:500], bytes(100))):
        copy.parent.mkdir(exist_ok=True)
        copy.unlink(missing_ok=True)
        copy.write_bytes(damaged)
        remote = sos.SegmentLibrary.open(f"{web.url}/library")
        assert [remote.key(segment) for segment in range(3)] == [local.key(segment) for segment in range(3)]
        assert remote.alpha(0, 0).tobytes() == local.alpha(0, 0).tobytes()


def test_a_shard_that_is_damaged_there_is_a_broken_segment(s3: S3, url: str, local: sos.SegmentLibrary) -> None:
    key = f"{url.removeprefix('s3://bucket/')}/pixels/00000.arrow"
    s3.put(key, s3.content(key)[:-50])
    remote = sos.SegmentLibrary.open(url)
    bad = {segment for segment in range(len(local)) if local._entry(segment).shard == 0}
    for segment in range(len(local)):
        if segment in bad:
            for _ in range(2):
                with pytest.raises(
                    sos.BrokenSegmentError, match=rf"pixels/00000.arrow: .*a copy of {url}/pixels/00000"
                ):
                    remote.alpha(segment, 0)
        else:
            remote.alpha(segment, 0)
    s3.client.delete_object(Bucket="bucket", Key=key)
    remote = sos.SegmentLibrary.open(url)
    (remote.root / "pixels/00000.arrow").unlink()
    with pytest.raises(sos.BrokenSegmentError, match=f"{url}/pixels/00000.arrow: no such file"):
        remote.alpha(min(bad), 0)


def test_a_library_that_was_replaced_is_noticed(s3: S3, url: str, tmp_path: Path) -> None:
    remote = sos.SegmentLibrary.open(url)
    other = sos.build_library(
        tmp_path / "other",
        [sos.CategoryFolders(draw_cutouts(tmp_path / "cutouts"))],
        encoding=sos.Encoding(ladder=(8,)),
    )
    carried = pickle.dumps(remote)
    s3.put_folder(other.root, url.removeprefix("s3://bucket/"))
    with pytest.raises(sos.SOSError, match=f"{url}: has changed since it was opened") as raised:
        remote.alpha(0, 0)
    assert not isinstance(raised.value, sos.BrokenSegmentError)  # it is not to be skipped
    with pytest.raises(sos.LibraryError, match=f"{url}: has changed since it was opened"):
        pickle.loads(carried)
    anew = sos.SegmentLibrary.open(url)
    assert anew.root != remote.root
    assert np.array_equal(anew.alpha(0, 0), other.alpha(0, 0))


def test_an_append_is_a_new_version(s3: S3, url: str, local: sos.SegmentLibrary, tmp_path: Path) -> None:
    """Old tables go with an append; who is between library.json and the tables reads the new ones."""
    folder = tmp_path / "grown"
    shutil.copytree(local.root, folder)
    cutouts = draw_cutouts(tmp_path / "cutouts")
    for path in cutouts.iterdir():
        path.rename(cutouts / f"new {path.name}")
    grown = sos.append_to_library(folder, [sos.CategoryFolders(cutouts)])
    remote = sos.SegmentLibrary.open(url)
    prefix = url.removeprefix("s3://bucket/")
    s3.put_folder(folder, prefix)
    for name in TABLES:
        s3.client.delete_object(Bucket="bucket", Key=f"{prefix}/tables/1/{name}")
    assert list(everything(sos.SegmentLibrary.open(url))) == list(everything(grown))
    assert list(everything(remote)) == list(everything(local))  # shards stay, so it still serves


@pytest.mark.parametrize("size", [500, 6000, 14_000, 25_000])
def test_a_connection_that_is_cut_while_it_is_opened_and_read(
    s3_proxy: CuttingProxy, url: str, local: sos.SegmentLibrary, size: int
) -> None:
    place = RemoteFolder(url, Retry(attempts=1))
    s3_proxy.cut_after(size, "down")
    with pytest.raises(sos.SOSError, match=f"{url}/.*: cannot be read") as raised:
        list(everything(sos.SegmentLibrary.open(place)))
    assert type(raised.value) is sos.SOSError  # a network that is down breaks no segment
    s3_proxy.mend()
    assert list(everything(sos.SegmentLibrary.open(place))) == list(everything(local))


def test_a_server_that_is_down_for_a_moment(s3_proxy: CuttingProxy, url: str, local: sos.SegmentLibrary) -> None:
    remote = sos.SegmentLibrary.open(url)
    s3_proxy.cut_after(0, "up")
    timer = threading.Timer(1.0, s3_proxy.mend)
    timer.start()
    assert list(everything(remote)) == list(everything(local))
    assert s3_proxy.cuts


def test_manifest_names_cannot_lead_out(s3: S3, url: str, tmp_path: Path) -> None:
    """Names are made of numbers here; a manifest can choose none."""
    key = f"{url.removeprefix('s3://bucket/')}/{MANIFEST}"
    manifest = json.loads(s3.content(key))
    manifest["generation"] = "../../../x"
    s3.put(key, seal({name: value for name, value in manifest.items() if name != "checksum"}, indent=2))
    with pytest.raises(sos.LibraryError, match="generation"):
        sos.SegmentLibrary.open(url)
