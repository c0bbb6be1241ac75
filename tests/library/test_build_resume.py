"""Builds that are stopped and gone on with: killed before every change of the disk, by SIGKILL, by an exception."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library import shard_plan
from sos_online.library.folder_lock import only_builder
from sos_online.library.sources import LeftOut, RawSegment, Unit
from tests.library.conftest import Listed, build_cutouts, build_in_small_shards, tree

pytestmark = pytest.mark.usefixtures("small_shards")


class Killed(BaseException):
    """Stands for SIGKILL."""


@dataclass(frozen=True)
class Moment:
    """What came of a build that was killed before one change of the disk, and then gone on with."""

    had_begun: bool  # its first file was in place
    error: sos.LibraryError | None
    found: dict[str, bytes]


@contextmanager
def killed_at(moment: int) -> Iterator[list[str]]:
    """Die before the n-th call that changes the disk; nothing is changed after it, cleaning up included.

    Yields the names of the calls, the fatal one last.
    """
    calls: list[str] = []

    def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if len(calls) < moment:
                calls.append(name)
            if len(calls) == moment:
                raise Killed
            return None if name == "fsync" else original(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((os, "fsync"), (shutil, "rmtree"), (Path, "replace"), (Path, "unlink")):
            patch.setattr(owner, name, watched(name, getattr(owner, name)))
        yield calls


@pytest.fixture(scope="module")
def undisturbed(cutouts: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_plan, "SEGMENTS_PER_SHARD", 5)
        build_cutouts(out, cutouts)
    return tree(out)


@pytest.fixture(scope="module")
def moments(cutouts: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Moment]:
    """Builds killed before their first, second, third … change, to the last."""
    out, gone_on = tmp_path_factory.mktemp("killed"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_plan, "SEGMENTS_PER_SHARD", 5)
        for moment in itertools.count(1):
            folder, error = out / str(moment), None
            try:
                with killed_at(moment) as calls:
                    build_cutouts(folder, cutouts)
                return gone_on
            except Killed:
                pass
            try:
                build_cutouts(folder, cutouts)
            except sos.LibraryError as caught:
                error = caught
            gone_on.append(Moment("replace" in calls[:-1], error, tree(folder)))
    raise AssertionError("counted to the end")


def test_killed_at_any_moment_a_build_goes_on_to_the_same_files(
    moments: list[Moment], undisturbed: dict[str, bytes]
) -> None:
    """To the byte, from every moment after its first file; what else is left is the next test's."""
    begun = [moment for moment in moments if moment.had_begun]
    assert len(begun) > 30
    for moment in begun:
        assert moment.error is None
        assert {name: moment.found.get(name) for name in undisturbed} == undisturbed


def test_a_killed_build_leaves_nothing_behind(moments: list[Moment], undisturbed: dict[str, bytes]) -> None:
    """A dot-file of the size of a shard, or a whole parts/, in every library that was ever interrupted."""
    leftovers = [set(moment.found) - set(undisturbed) for moment in moments if moment.had_begun]
    assert [names for names in leftovers if names] == []


def test_killed_in_its_very_first_file_a_build_goes_on(moments: list[Moment]) -> None:
    assert [moment.error for moment in moments if not moment.had_begun and moment.error] == []


def test_what_was_built_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted in the third shard of three, the first two are kept."""
    source = Listed("s", ["a", "b", "c"] * 5)
    read_plainly = source.read

    def read_until_interrupted(unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if unit.name == "s12":
            raise KeyboardInterrupt
        return read_plainly(unit)

    monkeypatch.setattr(source, "read", read_until_interrupted)
    with pytest.raises(KeyboardInterrupt):
        sos.build_library(tmp_path / "out", [source])
    monkeypatch.setattr(source, "read", read_plainly)
    source.reads.clear()
    sos.build_library(tmp_path / "out", [source])
    assert source.reads == [f"s{number}" for number in range(10, 15)]


def test_a_shard_that_a_power_cut_took_half_of_is_made_anew(
    cutouts: Path, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    with pytest.raises(Killed), killed_at(20):
        build_cutouts(tmp_path / "out", cutouts)
    assert (tmp_path / "out/rows/00000.arrow").exists()
    (tmp_path / "out/pixels/00000.arrow").unlink()
    build_cutouts(tmp_path / "out", cutouts)
    assert tree(tmp_path / "out") == {**undisturbed, "library.json": tree(tmp_path / "out")["library.json"]}


def test_exception_for_going_on_with_another_encoder(cutouts: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed), killed_at(20):
        build_cutouts(tmp_path / "out", cutouts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cv2.__version__", "9.9.9")
        with pytest.raises(sos.LibraryError, match=r"begun with opencv 5.*; this is opencv 9\.9\.9"):
            build_cutouts(tmp_path / "out", cutouts)
    build_cutouts(tmp_path / "out", cutouts)


def test_the_same_arguments_again_change_nothing(cutouts: Path, tmp_path: Path) -> None:
    build_cutouts(tmp_path / "out", cutouts)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert len(build_cutouts(tmp_path / "out", cutouts)) == 12
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_builds_of_the_same_at_the_same_time_all_succeed(
    cutouts: Path, tmp_path: Path, undisturbed: dict[str, bytes], processes: ForkServerContext
) -> None:
    """As when every rank of a job opens the demo library first: one builds, the others wait and open it."""
    ranks = [processes.Process(target=build_in_small_shards, args=(tmp_path / "out", cutouts)) for _ in range(4)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(60)
    assert [rank.exitcode for rank in ranks] == [0] * 4
    assert tree(tmp_path / "out") == undisturbed


def test_a_build_waits_for_the_one_that_is_under_way(cutouts: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        with only_builder(tmp_path / "out"):
            waiting = threads.submit(build_cutouts, tmp_path / "out", cutouts)
            assert not wait([waiting], timeout=0.5).done
            assert set(tree(tmp_path / "out")) == {".building.lock"}
        assert len(waiting.result(60)) == 12
    assert not (tmp_path / "out/.building.lock").exists()


def test_a_script_that_builds_when_it_is_imported(cutouts: Path, tmp_path: Path) -> None:
    """Its worker processes import it, and would wait for the folder that their parent holds."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sos_online as sos\n"
        f"sos.build_library({str(tmp_path / 'out')!r}, [sos.CategoryFolders({str(cutouts)!r})], workers=1)\n"
    )
    stopped = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert stopped.returncode == 1
    assert "put that under `if __name__ == '__main__':`" in stopped.stderr
    script.write_text(script.read_text().replace("sos.build", "if __name__ == '__main__':\n    sos.build"))
    subprocess.run([sys.executable, script], timeout=120, check=True)


class Deadly(sos.CategoryFolders):
    """A source whose second shard kills the process that reads it, once."""

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        marker = self.root.parent / "killed"
        if unit.name == "dot/2.png" and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(unit)


def test_exception_for_a_worker_that_was_killed(cutouts: Path, tmp_path: Path) -> None:
    """As by the kernel when memory is short. No waiting for ever, and the same call goes on."""
    source = Deadly(shutil.copytree(cutouts, tmp_path / "c"))
    with pytest.raises(sos.LibraryError, match=r"worker process died.*goes on"):
        sos.build_library(tmp_path / "out", [source], workers=2)
    assert len(sos.build_library(tmp_path / "out", [source], workers=2)) == 12


def test_exception_in_progress_ends_the_workers_at_once(cutouts: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sos.build_library(tmp_path / "out", [sos.CategoryFolders(cutouts)], workers=2, progress=interrupt)
    assert not multiprocessing.active_children()


def test_a_changed_file_of_the_same_size_is_another_build(cutouts: Path, tmp_path: Path) -> None:
    changed = Path(shutil.copytree(cutouts, tmp_path / "c"))
    build_cutouts(tmp_path / "out", changed)
    os.utime(changed / "dot/1.png", ns=(5, 5))
    with pytest.raises(sos.LibraryError, match="have changed since"):
        build_cutouts(tmp_path / "out", changed)
