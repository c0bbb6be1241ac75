"""Builds that are stopped and gone on with: killed before every change of the disk, by SIGKILL, by an exception."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library.sources import LeftOut, RawSegment, Unit
from tests.library.conftest import Listed, build_cutouts, build_in_small_shards, tree

pytestmark = pytest.mark.usefixtures("small_shards")


class Killed(BaseException):
    """Stands for SIGKILL."""


@contextmanager
def killed_at(moment: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
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
            return original(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for owner, name in ((os, "fsync"), (shutil, "rmtree"), (Path, "replace"), (Path, "unlink")):
            patch.setattr(owner, name, watched(name, getattr(owner, name)))
        yield calls


@pytest.fixture
def undisturbed(cutouts: Path, tmp_path: Path, small_shards: None) -> dict[str, bytes]:
    build_cutouts(tmp_path / "undisturbed", cutouts)
    return tree(tmp_path / "undisturbed")


def kill_at_every_moment(cutouts: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, bool]]:
    """Folders with a build killed before its first, second, third … change; and whether its first file was there."""
    for moment in range(1, 500):
        folder = out / f"killed before change {moment}"
        try:
            with killed_at(moment, monkeypatch) as calls:
                build_cutouts(folder, cutouts)
            return
        except Killed:
            yield folder, "replace" in calls[:-1]


def test_killed_at_any_moment_a_build_goes_on_to_the_same_files(
    cutouts: Path, tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, from every moment after its first file; what else is left is the next test's."""
    moments = 0
    for folder, has_begun in kill_at_every_moment(cutouts, tmp_path, monkeypatch):
        if has_begun:
            build_cutouts(folder, cutouts)
            found = tree(folder)
            assert {name: found.get(name) for name in undisturbed} == undisturbed, folder
            moments += 1
    assert moments > 30


@pytest.mark.xfail(strict=True, reason="temporary files, parts/ and building.json of a killed build stay for good")
def test_a_killed_build_leaves_nothing_behind(
    cutouts: Path, tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dot-file of the size of a shard, or a whole parts/, in every library that was ever interrupted."""
    for folder, has_begun in kill_at_every_moment(cutouts, tmp_path, monkeypatch):
        if has_begun:
            build_cutouts(folder, cutouts)
            assert set(tree(folder)) == set(undisturbed), folder


@pytest.mark.xfail(strict=True, raises=sos.LibraryError, reason="its own .building.json.PID.tmp counts as foreign")
def test_killed_in_its_very_first_file_a_build_goes_on(
    cutouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, has_begun in kill_at_every_moment(cutouts, tmp_path, monkeypatch):
        if not has_begun:
            build_cutouts(folder, cutouts)


def test_kill_9_at_random_moments(
    cutouts: Path, tmp_path: Path, undisturbed: dict[str, bytes], processes: ForkServerContext
) -> None:
    """A real process, killed again and again on its way; then it is let through."""
    out, rng = tmp_path / "out", random.Random(0)
    exit_codes: list[int | None] = []
    for _ in range(5):
        process = processes.Process(target=build_in_small_shards, args=(out, cutouts))
        process.start()
        while process.is_alive() and not (out / "building.json").exists():
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        process.join()
        exit_codes.append(process.exitcode)
    build_cutouts(out, cutouts)
    found = tree(out)
    assert -9 in exit_codes
    assert set(exit_codes) <= {0, -9}
    assert {name: found.get(name) for name in undisturbed} == undisturbed


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


def test_the_same_arguments_again_change_nothing(cutouts: Path, tmp_path: Path) -> None:
    build_cutouts(tmp_path / "out", cutouts)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert len(build_cutouts(tmp_path / "out", cutouts)) == 12
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before
