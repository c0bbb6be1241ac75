"""Whoever makes the shards, they are the same to the byte."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.data.cache import CacheFolder, CacheSettings, write_cache
from sos_online.errors import BrokenSegmentError, CacheError
from tests.data.cache.made_up import small_cache, small_stream, tree


@pytest.fixture(scope="module")
def expected(library: sos.SegmentLibrary, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return tree(small_cache(small_stream(library), tmp_path_factory.mktemp("expected") / "c"))


def test_two_processes(library: sos.SegmentLibrary, tmp_path: Path, expected: dict[str, bytes]) -> None:
    assert tree(small_cache(small_stream(library), tmp_path / "c", workers=2)) == expected


def test_a_job_array(library: sos.SegmentLibrary, tmp_path: Path, expected: dict[str, bytes]) -> None:
    """Three machines that write to one folder; whichever comes last marks it complete."""
    out = tmp_path / "c"
    for rank, shards in ((2, 1), (0, 2), (1, 3)):
        assert not (out / "manifest.json").exists() or not CacheFolder(out).manifest().complete
        small_cache(small_stream(library), out, rank=rank, world=3)
        assert len(list(out.glob("*.tar"))) == shards
    assert tree(out) == expected


def test_more_ranks_than_shards(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    report = write_cache(
        small_stream(library), tmp_path / "c", samples=3, settings=CacheSettings(samples_per_shard=2), rank=6, world=7
    )
    assert (report.written, report.there, report.complete) == (0, 0, False)


def test_ray_that_is_not_installed(
    library: sos.SegmentLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(CacheError, match=r"ray is not installed: pip install 'sos_online\[cluster\]'"):
        small_cache(small_stream(library), tmp_path / "c", runner="ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Ray on this machine, with two places for tasks."""
    ray = pytest.importorskip("ray")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error", address="local")
    yield ray
    ray.shutdown()


class Dying(sos.SOSDataset):
    """Takes its process along at one sample, once; at every attempt if ``mark`` is None."""

    mark: Path | None = None

    def sample(self, index: int, epoch: int | None = None) -> Any:
        if index == 5 and (self.mark is None or not self.mark.exists()):
            if self.mark is not None:
                self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().sample(index, epoch)


class Failing(sos.SOSDataset):
    def sample(self, index: int, epoch: int | None = None) -> Any:
        if index == 5:
            raise BrokenSegmentError("pixels/00000.arrow: row 3")
        return super().sample(index, epoch)


def other_stream(kind: type[Any], library: sos.SegmentLibrary) -> Any:
    stream = small_stream(library)
    return kind(library, stream.recipe, seed=stream.seed, length=stream.length)


def test_on_ray(cluster: Any, library: sos.SegmentLibrary, tmp_path: Path, expected: dict[str, bytes]) -> None:
    assert tree(small_cache(small_stream(library), tmp_path / "c", runner="ray")) == expected
    assert tree(small_cache(small_stream(library), tmp_path / "d", runner="ray", workers=1)) == expected
    assert cluster.is_initialized(), "a cluster that was there before is left alone"


def test_a_task_that_is_lost_is_made_again(
    cluster: Any, library: sos.SegmentLibrary, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    stream = other_stream(Dying, library)
    stream.mark = tmp_path / "mark"
    assert tree(small_cache(stream, tmp_path / "c", runner="ray")) == expected
    assert stream.mark.exists()


def test_an_error_comes_back_as_it_is(cluster: Any, library: sos.SegmentLibrary, tmp_path: Path) -> None:
    with pytest.raises(BrokenSegmentError, match=r"^sample 5 of epoch 0: pixels/00000.arrow: row 3$"):
        small_cache(other_stream(Failing, library), tmp_path / "c", runner="ray")
    assert not CacheFolder(tmp_path / "c").manifest().complete


def test_a_task_that_is_lost_again_and_again(
    cluster: Any, library: sos.SegmentLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sos_online.data.cache.runners._RETRIES", 1)
    with pytest.raises(CacheError, match=r"ray: a task was lost 2 times: .*; what was finished is kept"):
        small_cache(other_stream(Dying, library), tmp_path / "c", runner="ray", workers=1)


def test_a_worker_that_dies_here(library: sos.SegmentLibrary, tmp_path: Path, expected: dict[str, bytes]) -> None:
    with pytest.raises(CacheError, match="a worker process died"):
        small_cache(other_stream(Dying, library), tmp_path / "c", workers=1)
    assert not [name for name in tree(tmp_path / "c") if name.startswith(".")]
    assert tree(small_cache(small_stream(library), tmp_path / "c")) == expected


def test_a_stream_that_cannot_be_sent_to_workers(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    stream = small_stream(library)
    stream.transforms = lambda image, target: (image, target)
    with pytest.raises(CacheError, match=r"workers: cannot be sent to other processes: .*lambda.* workers=0"):
        small_cache(stream, tmp_path / "c", workers=2)
