"""Writers that are killed, stopped, or find no room: what was finished stays, and the result is the same."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import time
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from pathlib import Path

import psutil
import pytest

import sos_online as sos
from sos_online.data.cache import CacheFolder, verify_cache
from sos_online.errors import SOSError
from tests.conftest import resize_disk
from tests.data.cache.made_up import small_cache, small_stream, tree

SHARDS = 12


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that have the package imported; they may die without taking the tests with them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.data.cache.made_up"])
    return context


def write(library: Path, out: Path, workers: int = 0) -> None:
    """Twelve shards of two samples."""
    stream = small_stream(sos.SegmentLibrary.open(library), length=2 * SHARDS)
    small_cache(stream, out, samples=2 * SHARDS, each=2, workers=workers)


def files(out: Path) -> int:
    return len(list(out.glob("*"))) if out.exists() else 0


def check_nothing_is_torn(out: Path) -> None:
    """Every shard that a reader sees is whole; what has no card yet it does not see."""
    if (out / "manifest.json").exists():
        problems = [problem for problem in verify_cache(out).problems if "it was not finished" not in problem]
        assert not problems


@pytest.mark.parametrize(("kills", "workers"), [(20, 0), pytest.param(8, 2, marks=pytest.mark.slow)])
def test_killed_at_random_moments(
    library: sos.SegmentLibrary, tmp_path: Path, processes: ForkServerContext, kills: int, workers: int
) -> None:
    write(library.root, tmp_path / "whole")
    expected = tree(tmp_path / "whole")
    out, rng, found = tmp_path / "out", random.Random(0), []
    for _ in range(kills):
        process = processes.Process(target=write, args=(library.root, out, workers))
        process.start()
        enough = files(out) + rng.randint(0, 6)
        while process.is_alive() and files(out) <= enough:
            time.sleep(0.0005)
        time.sleep(rng.uniform(0, 0.01))
        its_workers: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):  # it may end at any moment
            its_workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.join()
        assert process.exitcode in (0, -9)
        # they end when they notice that their parent has; until then, what they are writing is theirs
        assert not psutil.wait_procs(its_workers, timeout=120)[1]
        found.append(files(out))
        check_nothing_is_torn(out)
        if process.exitcode == 0:  # it got through before it was killed: begin again, or nothing more is tried
            assert tree(out) == expected
            shutil.rmtree(out)
    write(library.root, out)
    assert tree(out) == expected
    assert len(set(found)) > 2, f"killed at the same moment again and again: {found}"


def test_ctrl_c_leaves_finished_shards_and_nothing_else(
    library: sos.SegmentLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(BaseException):
        pass

    stream, made = small_stream(library), []
    monkeypatch.setattr(type(stream), "sample", _until(6, Stopped(), type(stream).sample, made))
    with pytest.raises(Stopped):
        small_cache(stream, tmp_path / "c")
    assert sorted(tree(tmp_path / "c")) == ["000000.json", "000000.tar", "manifest.json"]
    check_nothing_is_torn(tmp_path / "c")


def _until(last: int, stop: BaseException, sample: object, made: list[int]) -> object:
    def sampled(self: sos.SOSDataset, index: int, epoch: int | None = None) -> object:
        if index > last:
            raise stop
        return sample(self, index, epoch)  # type: ignore[operator]

    return sampled


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(
    library: sos.SegmentLibrary, tmp_path: Path, processes: ForkServerContext
) -> None:
    folder = CacheFolder(tmp_path)
    mine = folder.temporary("000000.tar")
    dead = processes.Process(target=os.getpid)
    dead.start()
    dead.join()
    his = mine.with_name(mine.name.replace(str(os.getpid()), str(dead.pid)))
    elsewhere = mine.with_name(".000000.tar.another-machine.1.tmp")
    precious = tmp_path / ".bashrc"
    for path in (mine, his, elsewhere, precious):
        path.touch()
    folder.remove_leftovers()
    assert set(tmp_path.iterdir()) == {mine, elsewhere, precious}


def test_on_a_disk_that_grows(library: sos.SegmentLibrary, tmp_path: Path, small_disk: Path) -> None:
    """It fails in every kind of file, names it, and goes on from there whenever there is a page more."""
    small_cache(small_stream(library), tmp_path / "whole")
    expected, failed = tree(tmp_path / "whole"), set()
    out = small_disk / "out"
    for kilobytes in range(4, 1024, 4):
        resize_disk(small_disk, kilobytes)
        try:
            small_cache(small_stream(library), out)
            break
        except SOSError as caught:
            error = str(caught)
        assert "cannot be written: No space left on device" in error
        failed.add(Path(error.split(":")[0]).relative_to(out).suffix)
        assert not [name for name in tree(out) if name.startswith(".")]
        check_nothing_is_torn(out)
    assert tree(out) == expected
    assert failed == {".tar", ".json"}


def test_a_writer_that_is_told_to_stop(
    library: sos.SegmentLibrary, tmp_path: Path, processes: ForkServerContext
) -> None:
    """SIGTERM, as job schedulers send it: the same as being killed, and the next one cleans up."""
    write(library.root, tmp_path / "whole")
    process = processes.Process(target=write, args=(library.root, tmp_path / "out"))
    process.start()
    while process.is_alive() and files(tmp_path / "out") < 4:
        time.sleep(0.001)
    os.kill(process.pid or 0, signal.SIGTERM)
    process.join()
    check_nothing_is_torn(tmp_path / "out")
    write(library.root, tmp_path / "out")
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
