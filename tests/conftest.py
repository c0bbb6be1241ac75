"""What many tests share: the real data, a small library made on the spot, and plain float64 references."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

import sos_online as sos
from sos_online.storage.file_lock import locked

ROOT = Path(__file__).parents[1]

pytest_plugins = ["tests.remote_servers"]

# pytest's workers are the parallelism, and on tensors as small as those of tests more threads are slower; processes
# that tests start are told so too
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")

# where nothing may be skipped, a commit is judged by the same examples every time; new ones are found elsewhere
settings.register_profile(
    "default",
    deadline=None,
    derandomize=bool(os.environ.get("SOS_NO_SKIPS")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("default")


def find_real_data() -> Path | None:
    for candidate in (os.environ.get("SOS_TEST_DATA"), ROOT.parent / "shared" / "data"):
        if candidate and (Path(candidate) / "coco").is_dir():
            return Path(candidate)
    return None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets."""
    found = find_real_data()
    if found is None:
        pytest.skip("real data not found: set SOS_TEST_DATA, or put it at ../shared/data")
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With SOS_NO_SKIPS set, as in CI, a test that would be skipped fails."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("SOS_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"SOS_NO_SKIPS is set, and this test was skipped: {report.longrepr}"
    return report


def draw_cutouts(folder: Path) -> Path:
    """``category/*.png``: soft and hard shapes, wide, tall and tiny, one translucent, with garbage under zero alpha."""
    rng = np.random.default_rng(0)
    for category, (width, height) in {"plate": (90, 40), "post": (30, 120), "coin": (50, 50), "dot": (1, 1)}.items():
        for number in range(3):
            rows, columns = np.mgrid[:height, :width] + 0.5
            inside = 1.0 - np.hypot((columns / width - 0.5) * 2, (rows / height - 0.5) * 2) ** 4
            alpha = np.clip(inside * (6 if number else 1e9), 0, 1) * (0.8 if number == 2 else 1.0)
            colour = rng.integers(0, 256, 3) + 20 * np.sin(columns / 5)[..., None]
            rgba = np.dstack([np.clip(colour, 0, 255), alpha * 255]).round().astype(np.uint8)
            rgba[rgba[..., 3] == 0] = (0, 255, 0, 0)
            path = folder / category / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    return folder


def files_below(folder: Path) -> list[Path]:
    """All that is there while others write and remove; ``rglob`` fails where a folder goes as it is looked into."""
    return [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of a file system in memory that holds nothing yet, and has room for a page."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(disk)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)  # files of it may still be mapped


def resize_disk(disk: Path, kilobytes: int) -> None:
    """Give a small disk another size."""
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", disk], check=True)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> sos.SegmentLibrary:
    """Twelve small segments in four categories; a tight ladder, so that levels are really chosen among."""
    folder = tmp_path_factory.mktemp("library")
    source = sos.CategoryFolders(draw_cutouts(folder / "cutouts"))
    return sos.build_library(folder / "built", [source], encoding=sos.Encoding(ladder=(16, 32, 64)))


@pytest.fixture(scope="session")
def coco_library(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> sos.SegmentLibrary:
    """Real objects: every usable annotation of the COCO training images. For reading: all pytest's workers share it."""
    source = sos.CocoInstances(real_data / "coco/train", real_data / "coco/instances_train.json")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with locked(folder / "coco.lock"):  # whoever comes later finds it finished
        return sos.build_library(folder / "coco", [source], workers=2)


def small_recipe(side: int = 160, **changes: object) -> sos.Recipe:
    """The default recipe on a small canvas, without light: what a stream serves is then what was composed."""
    return sos.Recipe().replace(**{"canvas": {"sizes": [[side, side]]}, "light": None, **changes})
