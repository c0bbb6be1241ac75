"""Real processes, killed at random moments: what they had finished stays, and the result is the same to the byte."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.library import shard_plan
from tests.conftest import files_below
from tests.library.conftest import ENCODING, Listed, build_cutouts, tree

KILLS = 20


def kill_at_random_moments(processes: ForkServerContext, work: Callable[[Path], None], out: Path) -> list[int]:
    """Start the work again and again and kill it a random number of files later; how many there were at each kill."""
    rng, found = random.Random(0), []
    for _ in range(KILLS):
        process = processes.Process(target=work, args=(out,))
        process.start()
        enough = files(out) + rng.randint(0, 9)
        while process.is_alive() and files(out) <= enough:
            time.sleep(0.0005)
        time.sleep(rng.uniform(0, 0.003))
        process.kill()
        process.join()
        assert process.exitcode in (0, -9)
        found.append(files(out))
        if process.exitcode == 0:  # it got through before it was killed: begin again, or nothing more is tried
            shutil.rmtree(out)
    work(out)
    return found


def files(out: Path) -> int:
    return sum(path.suffix == ".arrow" or path.name == "building.json" for path in files_below(out))


def build(out: Path) -> None:
    shard_plan.SEGMENTS_PER_SHARD = 3
    sos.build_library(out, [Listed("s", ["cat", "dog", "bee", ""] * 20)], encoding=ENCODING, name="n")


def build_with_workers(out: Path) -> None:
    shard_plan.SEGMENTS_PER_SHARD = 5
    sos.build_library(out, [Listed("s", ["cat", "dog", "bee", ""] * 20)], encoding=ENCODING, name="n", workers=2)


def append(out: Path) -> None:
    build(out)
    sos.append_to_library(out, [Listed("t", ["ant", "dog", "Cat"] * 15)])


@pytest.mark.parametrize(
    "work",
    # appending begins with a build
    [append, *(pytest.param(work, marks=pytest.mark.slow) for work in (build, build_with_workers))],
    ids=lambda work: work.__name__,
)
def test_killed_twenty_times(
    tmp_path: Path, processes: ForkServerContext, work: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_plan, "SEGMENTS_PER_SHARD", shard_plan.SEGMENTS_PER_SHARD)  # put back afterwards
    work(tmp_path / "whole")
    expected = tree(tmp_path / "whole")
    found = kill_at_random_moments(processes, work, tmp_path / "out")
    assert tree(tmp_path / "out") == expected
    assert len(set(found)) > 3, f"killed at the same moment again and again: {found}"


def test_kill_9_of_a_build_from_files(cutouts: Path, tmp_path: Path, processes: ForkServerContext) -> None:
    """Whose units are listed twice."""
    build_cutouts(tmp_path / "whole", cutouts)
    process = processes.Process(target=build_cutouts, args=(tmp_path / "out", cutouts))
    process.start()
    while process.is_alive() and not (tmp_path / "out/building.json").exists():
        time.sleep(0.001)
    process.kill()
    process.join()
    build_cutouts(tmp_path / "out", cutouts)
    assert {**tree(tmp_path / "out"), "library.json": b""} == {**tree(tmp_path / "whole"), "library.json": b""}
