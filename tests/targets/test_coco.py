"""COCO export: the truth, submitted as detections, is perfect."""

from __future__ import annotations

import contextlib
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import sos_online as sos
from sos_online.targets import CocoWriter
from sos_online.targets.coco import coco_annotations, coco_image
from tests.conftest import small_recipe
from tests.targets.made_up import KINDS, overlapping, size_of, visible_masks


def export(dataset: sos.SOSDataset, path: Path) -> None:
    with path.open("w") as file:
        writer = CocoWriter(file, dataset.library.category_names)
        for index in range(dataset.length):
            image, target = dataset.sample(index)
            writer.add(image, target, f"{index}.png")
        writer.close()


def detections_of(dataset: sos.SOSDataset, kind: str) -> list[dict[str, Any]]:
    """The truth as a model would see it in training, turned into detections plainly: masks of the loader, and boxes
    around them."""
    detections = []
    for _, targets in sos.make_loader(dataset, 8, masks=True):
        for target in targets:
            for label, mask in zip(target["labels"].tolist(), target["masks"].numpy(), strict=True):
                rows, columns = np.nonzero(mask)
                x, y = int(columns.min()), int(rows.min())
                found: dict[str, Any] = {"image_id": target["image_id"], "category_id": label, "score": 1.0}
                if kind == "bbox":
                    found["bbox"] = [x, y, int(columns.max()) + 1 - x, int(rows.max()) + 1 - y]
                else:
                    found["segmentation"] = coco_mask.encode(np.asfortranarray(mask))
                detections.append(found)
    return detections


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_the_truth_as_detections_has_an_average_precision_of_one(
    coco_library: sos.SegmentLibrary, tmp_path: Path, kind: str
) -> None:
    dataset = sos.SOSDataset(coco_library, small_recipe(256), length=100)
    export(dataset, tmp_path / "truth.json")
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(tmp_path / "truth.json"))
        evaluation = COCOeval(truth, truth.loadRes(detections_of(dataset, kind)), kind)
        evaluation.params.iouThrs = np.array([0.5, 0.95, 1.0])
        evaluation.evaluate()
        evaluation.accumulate()
    assert len(truth.imgs) == 100
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    assert precision[precision >= 0].size and (precision[precision >= 0] >= 1 - 1e-9).all()


def test_masks_come_back_as_they_were(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    dataset = sos.SOSDataset(library, small_recipe(), length=5)
    export(dataset, tmp_path / "truth.json")
    content = json.loads((tmp_path / "truth.json").read_text())
    assert [image["file_name"] for image in content["images"]] == [f"{index}.png" for index in range(5)]
    assert [entry["id"] for entry in content["annotations"]] == list(range(1, len(content["annotations"]) + 1))
    by_image: dict[int, list[dict[str, object]]] = {}
    for annotation in content["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    for index in range(5):
        _, target = dataset.sample(index)
        instance_map = target["instance_map"].numpy()
        for row, annotation in enumerate(by_image.get(index, [])):
            mask = coco_mask.decode(annotation["segmentation"])
            assert np.array_equal(mask, instance_map == row + 1)
            x1, y1, x2, y2 = target["boxes"][row].tolist()
            assert annotation["bbox"] == [x1, y1, x2 - x1, y2 - y1]
            assert annotation["area"] == mask.sum()


def test_an_export_without_samples_is_valid(library: sos.SegmentLibrary) -> None:
    file = io.StringIO()
    CocoWriter(file, library.category_names).close()
    content = json.loads(file.getvalue())
    assert content["images"] == [] and content["annotations"] == []
    assert [category["id"] for category in content["categories"]] == [1, 2, 3, 4]


def test_masks_that_overlap_are_kept() -> None:
    target = overlapping()
    for annotation, mask in zip(coco_annotations(target), visible_masks(target), strict=True):
        assert np.array_equal(coco_mask.decode(annotation["segmentation"]).astype(bool), mask)


def test_images_wait_in_a_file_and_not_in_memory(tmp_path: Path) -> None:
    targets = [kind() for kind in KINDS]
    entries = [(coco_image(target, size_of(target), "x" * 200), coco_annotations(target)) for target in targets]
    with (tmp_path / "truth.json").open("w") as file:
        tracemalloc.start()
        writer = CocoWriter(file, ["cat"])
        for number in range(10_000):
            image, annotations = entries[number % len(entries)]
            writer.add_entries(image, annotations[:1])
        writer.close()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    content = json.loads((tmp_path / "truth.json").read_text())
    assert len(content["images"]) == 10_000
    assert [annotation["id"] for annotation in content["annotations"]] == list(
        range(1, len(content["annotations"]) + 1)
    )
    assert peak < 600_000 < 3_000_000 < (tmp_path / "truth.json").stat().st_size
