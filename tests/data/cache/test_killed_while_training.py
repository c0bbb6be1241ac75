"""A training run that is killed while it writes a cache."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.data.cache.read import CachedDataset
from sos_online.data.cache.write_through import cached
from tests.conftest import ROOT
from tests.data.cache.counted_stream import LOSSLESS, CountedStream, once, stored_keys
from tests.data.compare import image_ids

RUN = """
import sys, time
import sos_online as sos
from sos_online.data.cache import cached
from tests.data.cache.counted_stream import LOSSLESS, CountedStream

class Slow(CountedStream):
    def sample(self, index, epoch=None):
        time.sleep(0.02)
        return super().sample(index, epoch)

loader = sos.make_loader(cached(Slow(200), sys.argv[1], settings=LOSSLESS), 2, num_workers=int(sys.argv[2]))
for _ in loader:
    print("served", flush=True)
"""


@pytest.mark.parametrize(("workers", "served"), [(0, 30), (2, 40)])
def test_a_run_that_is_killed_keeps_what_was_finished(tmp_path: Path, workers: int, served: int) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path), str(workers)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    for _ in range(served):
        assert run.stdout.readline() == "served\n"
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    finished = stored_keys(tmp_path)
    assert len(set(finished)) == len(finished) and 2 * served - 20 < len(finished) < 200
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.tar") if path.with_suffix(".json").exists()}

    stream = CountedStream(200)
    through = cached(stream, tmp_path, settings=LOSSLESS)
    for _ in range(100):
        if list(tmp_path.glob(".*.tmp")):  # workers that were killed stay in the table of processes for a moment
            time.sleep(0.1)
            through = cached(stream, tmp_path, settings=LOSSLESS)
    assert not list(tmp_path.glob(".*.tmp")), "what it had begun is removed"
    stream = CountedStream(200)
    through = cached(stream, tmp_path, settings=LOSSLESS)
    loader = sos.make_loader(through, 5, num_workers=1)
    assert sorted(index for ids in image_ids(loader) for index in ids) == list(range(200))
    assert stream.made.sum() == 200 - len(finished) + 1, "and one to know the stream by"
    assert sorted(stored_keys(tmp_path)) == once(length=200)
    assert all((tmp_path / name).read_bytes() == content for name, content in before.items())
    assert sorted(target["image_id"] for _, target in CachedDataset.open(tmp_path)) == list(range(200))
