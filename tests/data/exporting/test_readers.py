"""What the real libraries read of an export is what was exported."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import sos_online as sos
from sos_online.data.exporting import ExportFormat, export
from tests.conftest import small_recipe
from tests.data.exporting.shapes import NAMES, Shapes
from tests.targets.made_up import visible_masks

SIDE = 64
SAMPLES = 12


@pytest.fixture(scope="module")
def dataset(library: sos.SegmentLibrary) -> sos.SOSDataset:
    return sos.SOSDataset(library, small_recipe(SIDE), length=SAMPLES)


def truth_of(dataset: sos.SOSDataset) -> list[dict[str, Any]]:
    """The truth as detections, with masks as RLE of the map."""
    from sos_online.targets.coco import encode_mask

    return [
        {
            "image_id": index,
            "category_id": int(label),
            "segmentation": encode_mask(mask),
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "score": 1.0,
        }
        for index in range(dataset.length)
        for target in [dataset.sample(index)[1]]
        for label, (x1, y1, x2, y2), mask in zip(
            target["labels"], target["boxes"].tolist(), visible_masks(target), strict=True
        )
    ]


@pytest.mark.parametrize("measure", ["bbox", "segm"])
@pytest.mark.parametrize(("kind", "name"), [("coco", "instances"), ("lvis", "lvis_v1")])
def test_the_truth_is_perfect_to_pycocotools(
    dataset: sos.SOSDataset, tmp_path: Path, kind: ExportFormat, name: str, measure: str
) -> None:
    export(dataset, tmp_path, kind)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(tmp_path / f"annotations/{name}_train.json"))
        evaluation = COCOeval(truth, truth.loadRes(truth_of(dataset)), measure)
        evaluation.params.iouThrs = np.array([0.5, 0.95, 1.0])
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    assert precision[precision >= 0].size and precision[precision >= 0].min() >= 1 - 1e-9


@pytest.mark.parametrize("measure", ["bbox", "segm"])
def test_the_truth_is_perfect_to_lvis_evaluation(dataset: sos.SOSDataset, tmp_path: Path, measure: str) -> None:
    reader = pytest.importorskip("faster_coco_eval")
    export(dataset, tmp_path, "lvis")

    def evaluate(detections: list[dict[str, Any]]) -> dict[str, float]:
        truth = reader.COCO(str(tmp_path / "annotations/lvis_v1_train.json"))
        evaluation = reader.COCOeval_faster(
            truth, truth.loadRes(detections), measure, lvis_style=True, print_function=lambda *_: None
        )
        evaluation.params.maxDets = [300]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        return dict(evaluation.stats_as_dict)

    detections = truth_of(dataset)
    perfect = evaluate(detections)
    assert perfect["AP_all"] == pytest.approx(1.0)
    # detections of a category that is not in the image count against it, as it is known to be absent
    absent = json.loads((tmp_path / "annotations/lvis_v1_train.json").read_text())["images"]
    wrong = [
        {**detections[0], "image_id": image["id"], "category_id": image["neg_category_ids"][0], "score": 1.1}
        for image in absent
        if image["neg_category_ids"]
    ]
    assert wrong and evaluate(wrong + detections)["AP_all"] < perfect["AP_all"]


def test_panoptic_files_agree(tmp_path: Path) -> None:
    """Checked as the panoptic API's evaluation checks them."""
    export(Shapes(SAMPLES), tmp_path, "panoptic", image_format="png")
    content = json.loads((tmp_path / "annotations/panoptic_train.json").read_text())
    images = {image["id"]: image for image in content["images"]}
    assert len(content["annotations"]) == len(images) == SAMPLES
    for annotation in content["annotations"]:
        image = images[annotation["image_id"]]
        picture = cv2.imread(str(tmp_path / "annotations/panoptic_train" / annotation["file_name"]))
        assert picture is not None and picture.shape == (image["height"], image["width"], 3)
        blue, green, red = np.moveaxis(picture.astype(np.int64), 2, 0)
        ids, areas = np.unique(red + 256 * green + 65536 * blue, return_counts=True)
        found = dict(zip(ids.tolist(), areas.tolist(), strict=True))
        found.pop(0, None)
        assert found == {segment["id"]: segment["area"] for segment in annotation["segments_info"]}
        colour = cv2.imread(str(tmp_path / "train" / image["file_name"]))
        assert colour is not None and colour.shape == picture.shape


needs_ultralytics = pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None, reason="pip install --no-deps ultralytics ultralytics-thop"
)


def read_with_ultralytics(folder: Path, task: str, tmp_path: Path) -> dict[str, Any]:
    """Its settings go to a folder of their own, and it is told that there is no network."""
    (tmp_path / "settings").mkdir()
    script = Path(__file__).with_name("read_with_ultralytics.py")
    out = tmp_path / "found.json"
    environment = {**os.environ, "YOLO_CONFIG_DIR": str(tmp_path / "settings"), "YOLO_OFFLINE": "true"}
    done = subprocess.run(
        [sys.executable, str(script), str(folder), task, str(out)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(out.read_text())
    return found


@needs_ultralytics
@pytest.mark.parametrize(("kind", "task"), [("yolo-seg", "segment"), ("yolo-boxes", "detect"), ("yolo-obb", "obb")])
def test_ultralytics_reads_every_image_and_object(tmp_path: Path, kind: ExportFormat, task: str) -> None:
    """Images of several sizes, single pixels, 300 objects, none, crowds: nothing is missing, corrupt or dropped."""
    stream = Shapes(SAMPLES)
    export(stream, tmp_path / "out", kind, val=0.5)
    found = read_with_ultralytics(tmp_path / "out", task, tmp_path)
    assert list(found["names"].values()) == NAMES
    for split, indices in (("train", range(6)), ("val", range(6, 12))):
        part = found[split]
        assert part["files"] == [f"{index:012d}.jpg" for index in indices]
        assert (part["missing"], part["corrupt"], part["messages"]) == (0, 0, [])
        for index, classes, shape in zip(indices, part["classes"], part["shapes"], strict=True):
            image, target = stream.sample(index)
            kept = (target["iscrowd"] == 0).nonzero().flatten()
            assert sorted(classes) == sorted((target["labels"][kept] - 1).tolist())
            assert shape == list(image.shape[1:])


@needs_ultralytics
def test_ultralytics_trains_on_the_masks_and_boxes_that_were_made(dataset: sos.SOSDataset, tmp_path: Path) -> None:
    export(dataset, tmp_path / "out", "yolo-seg")
    part = read_with_ultralytics(tmp_path / "out", "segment", tmp_path)["train"]
    for index in range(SAMPLES):
        _, target = dataset.sample(index)
        boxes = np.array(part["boxes"][index]).reshape(-1, 4) * SIDE
        corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
        masks = np.array(part["masks"][index], bool)
        assert np.abs(corners - target["boxes"].numpy()).max() < 0.05
        for mask, expected in zip(masks, visible_masks(target), strict=True):
            pieces = cv2.connectedComponents(expected.astype(np.uint8))[0] - 1
            assert not (expected & ~mask).any()
            assert pieces > 1 or np.array_equal(mask, expected)
