"""Exporting: the same bytes for any number of workers, after any stop; nothing is written over; memory stays."""

from __future__ import annotations

import gc
import json
import multiprocessing
import subprocess
import sys
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask
from torchvision.transforms import v2
from torchvision.tv_tensors import Mask

import sos_online as sos
from sos_online.data.exporting import FORMATS, ExportFormat, export
from sos_online.data.exporting import blocks as export_blocks
from sos_online.data.exporting import run as export_run
from sos_online.data.finish import FinishOnCpu
from sos_online.data.sample_iterator import Sample
from sos_online.relight import Lighting
from sos_online.types import Target
from tests.conftest import ROOT, small_recipe
from tests.data.exporting.shapes import NAMES, Shapes, tree
from tests.data.streams import NumberedStream

pytestmark = pytest.mark.usefixtures("small_blocks")


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_bytes_with_workers_and_without(tmp_path: Path, kind: ExportFormat) -> None:
    report = export(Shapes(30), tmp_path / "one", kind, samples=24, val=0.25)
    export(Shapes(30), tmp_path / "two", kind, samples=24, val=0.25, workers=2)
    files = tree(tmp_path / "one")
    assert files == tree(tmp_path / "two")
    assert report.made == report.images == 24
    assert report.empty == 4 and report.objects == 4 * (0 + 5 + 3 + 300 + 3 + 2)
    sizes = sum((tmp_path / "one" / name).stat().st_size for name in files if name != "export.json")
    assert report.bytes == sizes
    pictures = [name for name in files if name.endswith(".jpg")]
    assert len(pictures) == 24
    if kind not in ("refcoco", "grefcoco"):  # their pictures of all splits are in one folder
        assert sum("val/" in name for name in pictures) == 6
    assert not [name for name in files if Path(name).name.startswith(".")]


def test_images_are_the_finished_samples(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    """Lit in workers, as a loader lights them; PNG is without loss."""
    recipe = small_recipe(96, light=sos.Recipe().light)
    dataset = sos.SOSDataset(library, recipe, length=4)
    export(dataset, tmp_path / "out", "coco", image_format="png", workers=1)
    ((images, _),) = sos.make_loader(dataset, 4, dtype=torch.uint8)
    for index, image in enumerate(images):
        picture = cv2.imread(str(tmp_path / f"out/train/{index:012d}.png"))
        assert picture is not None
        assert np.array_equal(picture[..., ::-1], image.permute(1, 2, 0).numpy())
    unlit = dataset.sample(0)[0]
    assert not torch.equal(images[0], unlit)


def test_painting_that_was_left_to_the_device_is_done(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    for name, composite in (("worker", False), ("device", True)):
        recipe = small_recipe(96, device={"composite": composite})
        export(sos.SOSDataset(library, recipe, length=4), tmp_path / name, "yolo-seg", image_format="png")
    here, there = tree(tmp_path / "worker"), tree(tmp_path / "device")
    labels = [name for name in here if name.startswith("labels/")]
    assert len(labels) == 4 and all(here[name] == there[name] for name in labels)
    for index in range(4):
        one, two = (
            cv2.imread(str(tmp_path / name / f"images/train/{index:012d}.png")) for name in ("worker", "device")
        )
        assert one is not None and two is not None
        assert np.abs(one.astype(int) - two).max() <= 2


def test_diffusion_light_is_made_here_and_without_a_reservoir(
    library: sos.SegmentLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a stand-in for the model, which makes pictures white; masks of the stream's own stay what they are."""
    asked = []

    def stage_of(recipe: sos.Recipe, device: str, dtype: torch.dtype) -> sos.DeviceStage:
        asked.append(recipe)
        lighting = Lighting({"iclight": lambda composites: torch.ones_like(composites.images)})
        return sos.DeviceStage(device, dtype=dtype, lighting=lighting)

    def with_masks(image: torch.Tensor, target: Target) -> tuple[torch.Tensor, Target]:
        return image, {**target, "masks": Mask(torch.ones(len(target["labels"]), 48, 48, dtype=torch.uint8))}

    monkeypatch.setattr(export_run, "make_device_stage", stage_of)
    light = {"relighters": {"iclight": 1.0}, "blenders": {"relit": 1.0}}
    recipe = small_recipe(48, light=light, reservoir={})
    export(sos.SOSDataset(library, recipe, length=3, transforms=with_masks), tmp_path, "coco", workers=2)
    assert [recipe.reservoir for recipe in asked] == [None]
    picture = cv2.imread(str(tmp_path / "train/000000000002.jpg"))
    assert picture is not None and picture.mean() > 220
    content = json.loads((tmp_path / "annotations/instances_train.json").read_text())
    assert {int(coco_mask.area(entry["segmentation"])) for entry in content["annotations"]} == {48 * 48}


def test_image_ids_are_indices_whatever_the_stream_calls_them(tmp_path: Path) -> None:
    export(Shapes(12), tmp_path / "out", "coco", val=0.25)
    for split, expected in (("train", range(9)), ("val", range(9, 12))):
        content = json.loads((tmp_path / f"out/annotations/instances_{split}.json").read_text())
        assert [image["id"] for image in content["images"]] == list(expected)
        assert {annotation["image_id"] for annotation in content["annotations"]} <= set(expected)
        ids = [annotation["id"] for annotation in content["annotations"]]
        assert ids == list(range(1, len(ids) + 1))
        assert [category["name"] for category in content["categories"]] == NAMES
        for image in content["images"]:
            assert (tmp_path / "out" / split / image["file_name"]).is_file()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_finished_folder_is_left_alone(tmp_path: Path, kind: ExportFormat) -> None:
    export(Shapes(12), tmp_path / "out", kind)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()}
    report = export(Shapes(12), tmp_path / "out", kind)
    assert (report.made, report.images) == (0, 12)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()}


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(
        sos.SOSError, match=r"expected an empty folder, or an export to go on with; found 'holiday.jpg'"
    ):
        export(Shapes(12), tmp_path, "coco")
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(sos.SOSError, match="is a file; name a folder"):
        export(Shapes(12), tmp_path / "holiday.jpg", "coco")


def test_a_folder_of_another_export_is_refused(tmp_path: Path) -> None:
    export(Shapes(12), tmp_path, "coco", samples=6)
    before = tree(tmp_path)
    for stream, kind, options, message in [
        (Shapes(13), "coco", {"samples": 6}, "of another stream"),
        (Shapes(12), "lvis", {"samples": 6}, "with format 'coco', not 'lvis'"),
        (Shapes(12), "coco", {"samples": 7}, "with samples"),
        (Shapes(12), "coco", {"samples": 6, "val": 0.5}, "with samples"),
        (Shapes(12), "coco", {"samples": 6, "quality": 90}, "with quality 95, not 90"),
        (Shapes(12), "coco", {"samples": 6, "image_format": "png"}, "with image_format 'jpg', not 'png'"),
        (Shapes(12), "coco", {"samples": 6, "epoch": 1}, "with epoch 0, not 1"),
    ]:
        with pytest.raises(sos.SOSError, match=f"this folder was made {message}"):
            export(stream, tmp_path, kind, **options)  # type: ignore[arg-type]
    (tmp_path / "export.json").write_text("no")
    with pytest.raises(sos.SOSError, match=r"export.json: expected how this folder was made, found no JSON"):
        export(Shapes(12), tmp_path, "coco", samples=6)
    assert {**tree(tmp_path), "export.json": before["export.json"]} == before


def test_a_broken_sample_stops_with_its_own_error(tmp_path: Path) -> None:
    class Broken(Shapes):
        def sample(self, index: int, epoch: int | None = None) -> Sample:
            if index == 7:
                raise sos.BrokenSegmentError("segment 7: is broken")
            return super().sample(index, epoch)

    for workers in (0, 1):
        with pytest.raises(sos.BrokenSegmentError, match=r"^segment 7: is broken$"):
            export(Broken(12), tmp_path / str(workers), "coco", workers=workers)


def test_other_transforms_make_another_export(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    """In a finished folder, and in one that a stopped run has left."""

    def made(*transforms: torch.nn.Module) -> sos.SOSDataset:
        return sos.SOSDataset(library, small_recipe(48), length=6, transforms=v2.Compose([v2.Identity(), *transforms]))

    def stop(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    export(made(), tmp_path / "whole", "coco")
    with pytest.raises(KeyboardInterrupt):
        export(made(), tmp_path / "part", "coco", progress=stop)
    for name in ("whole", "part"):
        before = tree(tmp_path / name)
        with pytest.raises(sos.SOSError, match="this folder was made of another stream; give another folder"):
            export(made(v2.RandomHorizontalFlip(1.0)), tmp_path / name, "coco")
        assert tree(tmp_path / name) == before
        assert export(made(), tmp_path / name, "coco").images == 6


def test_progress_is_told(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    export(Shapes(12), tmp_path, "yolo-boxes", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 12), (5, 12), (10, 12), (12, 12)]


def test_the_job_can_be_sent_to_a_worker_that_is_spawned() -> None:
    queue = multiprocessing.get_context("spawn").SimpleQueue()
    queue.put(FinishOnCpu())
    image, target = NumberedStream(3).sample(1)
    ((finished, _),) = queue.get()([(image, target)])
    assert torch.equal(finished, image)


def test_memory_does_not_grow_with_samples(tmp_path: Path) -> None:
    """In a process of its own: what tests before this one have left is collected when Python likes."""
    program = "import sys; from tests.data.exporting.test_run import print_growth; print_growth(sys.argv[1])"
    words = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    growth = json.loads(done.stdout)
    # entries in memory would be 1.5 MB. A block is 50 bytes; up to 64 Ki characters of images wait, and are copied once
    assert growth.keys() == {"coco", "panoptic", "lvis", "yolo-seg"} and max(growth.values()) < 600_000, growth


def print_growth(folder: str) -> None:
    """For each format, by how many bytes the peak of 1,000 samples is above that of 100."""
    export_blocks.BLOCK = 32
    export_blocks.flush_folder = lambda _: None
    export_blocks._write = _write_all_but_pictures
    gc.freeze()  # what is loaded by now need not be looked through at every collection
    growth = {}
    kinds: tuple[ExportFormat, ...] = ("coco", "panoptic", "lvis", "yolo-seg")
    for kind in kinds:
        export(NumberedStream(3), Path(folder) / kind / "warm", kind)
        peaks = []
        for count in (100, 1000):
            tracemalloc.start()
            export(NumberedStream(count), Path(folder) / kind / str(count), kind, progress=_collect)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        growth[kind] = peaks[1] - peaks[0]
    print(json.dumps(growth))


def _collect(done: int, total: int) -> None:
    gc.collect()


def _write_all_but_pictures(path: Path, content: bytes) -> None:
    if path.suffix not in (".jpg", ".txt", ".png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
