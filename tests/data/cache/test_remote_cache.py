"""A cache behind a URL: the same bytes as on this machine, whatever happens to the connection meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

import sos_online as sos
from sos_online.data.cache import CacheFolder, CacheSettings, WriteReport, verify_cache, write_cache
from sos_online.data.cache.read import CachedDataset
from sos_online.errors import CacheError
from sos_online.storage import Place, RemoteFolder, open_place
from sos_online.storage.retry import Retry
from tests.data.cache.made_up import small_cache, small_stream, tree
from tests.data.compare import digests
from tests.remote_servers import S3, CuttingProxy, WebServer

SETTINGS = CacheSettings.parse(image_format="png", samples_per_shard=4)


@pytest.fixture(scope="module")
def stream(library: sos.SegmentLibrary) -> sos.SOSDataset:
    return small_stream(library)


@pytest.fixture(scope="module")
def local(stream: sos.SOSDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four shards, the last one short."""
    return small_cache(stream, tmp_path_factory.mktemp("cache") / "cache", samples=14)


def write(stream: sos.SOSDataset, out: Place | str, workers: int = 0) -> WriteReport:
    return write_cache(stream, out, samples=14, settings=SETTINGS, workers=workers)


def there(s3: S3, prefix: str) -> dict[str, bytes]:
    return {key.removeprefix(f"{prefix}/"): s3.content(key) for key in s3.keys(f"{prefix}/")}


@pytest.mark.parametrize("workers", [0, 1])
def test_it_is_the_same_cache(s3: S3, stream: sos.SOSDataset, local: Path, tmp_path: Path, workers: int) -> None:
    prefix = f"{tmp_path.name}/cache"
    report = write(stream, f"s3://bucket/{prefix}", workers)
    assert report.complete and report.written == 14
    assert there(s3, prefix) == tree(local)
    assert write(stream, f"s3://bucket/{prefix}").written == 0
    assert verify_cache(f"s3://bucket/{prefix}") == verify_cache(local)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.4, 0.6, 0.8, 0.99])
def test_a_connection_that_is_cut_while_it_is_written(
    s3: S3, s3_proxy: CuttingProxy, stream: sos.SOSDataset, local: Path, tmp_path: Path, share: float
) -> None:
    """Nothing torn is ever seen, nothing finished is lost, and the same call completes it to the same bytes."""
    prefix = f"{tmp_path.name}/cache"
    place = RemoteFolder(f"s3://bucket/{prefix}", Retry(attempts=1))
    expected = tree(local)
    s3_proxy.cut_after(int(share * sum(map(len, expected.values()))), "up")
    with pytest.raises(sos.SOSError, match=f"s3://bucket/{prefix}"):
        write(stream, place)
    before = there(s3, prefix)
    shards = {name: content for name, content in before.items() if name != "manifest.json"}
    assert shards == {name: expected[name] for name in shards}  # whole, or not there
    assert all(name.removesuffix(".json") + ".tar" in shards for name in shards if name.endswith(".json"))
    s3_proxy.mend()
    if "manifest.json" in before:
        with pytest.raises(CacheError, match="not complete"):
            CachedDataset.open(f"s3://bucket/{prefix}")
    report = write(stream, place)
    finished = sum(f"{number:06d}.json" in shards for number in range(4))
    assert report.complete and report.shards == 4 - finished
    assert there(s3, prefix) == expected


def test_connections_that_break_now_and_then_are_not_noticed(
    s3: S3, s3_proxy: CuttingProxy, stream: sos.SOSDataset, local: Path, tmp_path: Path
) -> None:
    prefix = f"{tmp_path.name}/cache"
    place = RemoteFolder(f"s3://bucket/{prefix}", Retry(first_wait=0.01))
    s3_proxy.cut_after(20_000, "up", stay_cut=False)
    assert write(stream, place).complete
    assert s3_proxy.cuts == 1
    assert there(s3, prefix) == tree(local)


def test_it_is_streamed(s3: S3, local: Path, tmp_path: Path) -> None:
    url = s3.put_folder(local, f"{tmp_path.name}/cache")
    here, away = CachedDataset.open(local), CachedDataset.open(url)
    assert away.identity() == here.identity()
    expected = digests(here.sample(index) for index in range(14))
    assert digests(away.sample(index) for index in range(14)) == expected
    loader = DataLoader(away, batch_size=None, num_workers=2, multiprocessing_context="fork")
    assert sorted(digests(loader)) == sorted(expected)


def test_a_position_here_is_one_there(s3: S3, local: Path, tmp_path: Path) -> None:
    url = s3.put_folder(local, f"{tmp_path.name}/cache")
    whole = [images[0] for images, _ in sos.make_loader(CachedDataset.open(local), 2, dtype=torch.uint8)]
    first = sos.make_loader(CachedDataset.open(local), 2, dtype=torch.uint8)
    batches = iter(first)
    next(batches), next(batches)
    second = sos.make_loader(CachedDataset.open(url), 2, dtype=torch.uint8)
    second.load_state_dict(first.state_dict())
    rest = [images[0] for images, _ in second]
    assert len(rest) == 5
    assert all(torch.equal(image, other) for image, other in zip(rest, whole[2:], strict=True))


def test_a_web_server_needs_no_listing(web: WebServer, local: Path) -> None:
    shutil.copytree(local, web.folder / "cache")
    for ranges in (True, False):
        web.ranges = ranges
        away, here = CachedDataset.open(f"{web.url}/cache"), CachedDataset.open(local)
        assert digests(away.sample(index) for index in range(14)) == digests(here.sample(index) for index in range(14))
    with pytest.raises(sos.SOSError, match="read-only"):
        CacheFolder(open_place(f"{web.url}/cache")).place.write("a", b"")


def test_nothing_is_there(s3: S3, web: WebServer, tmp_path: Path) -> None:
    with pytest.raises(CacheError, match=rf"{web.url}/cache/manifest.json: not a cache"):
        CachedDataset.open(f"{web.url}/cache")
