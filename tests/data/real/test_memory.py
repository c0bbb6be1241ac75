"""What a worker process makes its own of a dataset that was opened before it: next to nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from sos_online.data.real import CocoDataset
from tests.data.real.small_set import SmallSet


def private_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty:"))


def growth(read: object, count: int) -> int:
    """Bytes that a forked process has of its own after ``count`` calls of ``read``, more than after the first few."""
    assert callable(read)
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        for index in range(20):
            read(index)
        before = private_bytes()
        for index in range(count):
            read(index)
        os.write(send, str(private_bytes() - before).encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as answer:
        grown = int(answer.read())
    os.waitpid(child, 0)
    return grown


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the system does not say what is private")
@pytest.mark.skipif(sys.platform != "linux", reason="needs fork")
def test_a_worker_copies_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """20,000 objects with 50 coordinates each; Python objects in their place would be copied as they are looked at."""
    small = SmallSet(tmp_path, images=1)
    small.content["images"] = [{**small.content["images"][0], "id": 10 + number} for number in range(2000)]
    polygon = np.random.default_rng(0).uniform(0, 30, 50).round(2).tolist()
    for number in range(20_000):
        small.add(number % 2000, (1, 1, 20, 20), segmentation=[polygon])
    images, annotations = small.write()
    ours = CocoDataset(images, annotations)
    assert growth(ours.__getitem__, len(ours)) < 2 * 2**20
    theirs = COCO(str(annotations))

    def look_at(index: int) -> object:
        return [list(entry["segmentation"][0]) for entry in theirs.imgToAnns[10 + index]]

    assert growth(look_at, 2000) > 8 * 2**20, "what is measured is there to be seen"
