"""Exports that are stopped, killed or out of room go on to the same bytes."""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path

import pytest

import sos_online as sos
from sos_online.data.exporting import FORMATS, ExportFormat, export
from sos_online.data.exporting import blocks as export_blocks
from sos_online.data.sample_iterator import Sample
from tests.conftest import files_below, resize_disk
from tests.data.exporting.shapes import Shapes, tree

pytestmark = pytest.mark.usefixtures("small_blocks")


class Stopping(Shapes):
    """Stops like Ctrl-C when a sample is asked for."""

    def __init__(self, length: int, at: int) -> None:
        super().__init__(length)
        self.at = at

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        if index == self.at:
            raise KeyboardInterrupt
        return super().sample(index, epoch)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("at", [0, 7, 23])
def test_goes_on_after_a_stop(tmp_path: Path, kind: ExportFormat, at: int) -> None:
    export(Shapes(24), tmp_path / "whole", kind)
    with pytest.raises(KeyboardInterrupt):
        export(Stopping(24, at), tmp_path / "out", kind)
    assert not list((tmp_path / "out").rglob("*.yaml")) and not list((tmp_path / "out/annotations").glob("*.json"))
    report = export(Shapes(24), tmp_path / "out", kind)
    assert report.made == 24 - at // 5 * 5
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def _export_slowly(out: Path) -> None:
    export_blocks.BLOCK = 5
    export(Shapes(48), out, "panoptic", val=0.3)


def pictures_in(out: Path) -> int:
    return sum(path.suffix == ".jpg" for path in files_below(out))


def test_killed_at_random_moments(tmp_path: Path) -> None:
    _export_slowly(tmp_path / "whole")
    rng = random.Random(0)
    out = tmp_path / "out"
    processes = multiprocessing.get_context("fork")
    codes = set()
    for _ in range(8):
        process = processes.Process(target=_export_slowly, args=(out,))
        process.start()
        enough = pictures_in(out) + rng.randint(0, 12)
        while process.is_alive() and pictures_in(out) <= enough:
            time.sleep(0.0005)
        process.kill()
        process.join()
        codes.add(process.exitcode)
    assert -9 in codes
    _export_slowly(out)
    assert tree(out) == tree(tmp_path / "whole")


def _export_with_workers(out: Path) -> None:
    export_blocks.BLOCK = 5
    export(Shapes(480), out, "panoptic", workers=2)


def test_killed_while_its_workers_live_on(tmp_path: Path) -> None:
    """They hold the folder until they notice; nothing of theirs is left."""
    _export_with_workers(tmp_path / "whole")
    out = tmp_path / "out"
    process = multiprocessing.get_context("fork").Process(target=_export_with_workers, args=(out,))
    process.start()
    while process.is_alive() and pictures_in(out) < 20:
        time.sleep(0.001)
    process.kill()
    process.join()
    assert process.exitcode == -9
    _export_with_workers(out)
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_full_disk_is_named_and_gone_on_from(small_disk: Path, tmp_path: Path, workers: int) -> None:
    export(Shapes(12), tmp_path / "whole", "coco")
    failed = set()
    for kilobytes in [*range(16, 400, 4 if workers == 0 else 64), 1024]:
        resize_disk(small_disk, kilobytes)
        try:
            export(Shapes(12), small_disk / "out", "coco", workers=workers)
            break
        except sos.SOSError as caught:
            error = str(caught)
        assert "cannot be written: No space left on device" in error and "Traceback" not in error
        assert not (small_disk / "out/annotations/instances_train.json").exists()
        failed.add(Path(error.split(":")[0]).suffix)
    assert failed >= {".jpg"}
    assert tree(small_disk / "out") == tree(tmp_path / "whole")
