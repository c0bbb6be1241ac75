"""Streams of real sets: masks that overlap, images of several sizes, boxes alone, and mixtures with made ones."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import sos_online as sos
from sos_online.data.exporting import ExportFormat, export
from sos_online.data.map_stream import MapStream
from sos_online.data.mixing.mixture import mix
from sos_online.data.real.coco import CocoDataset
from tests.conftest import small_recipe

SAMPLES = 24


@pytest.fixture(scope="module")
def stream(real_data: Path) -> MapStream:
    return MapStream(CocoDataset(real_data / "coco/val", real_data / "coco/instances_val.json"), shuffle=False)


@pytest.mark.parametrize(("kind", "name"), [("coco", "instances"), ("lvis", "lvis_v1")])
def test_masks_of_coco_come_back_as_annotated(stream: MapStream, tmp_path: Path, kind: ExportFormat, name: str) -> None:
    export(stream, tmp_path, kind, samples=SAMPLES)
    with contextlib.redirect_stdout(io.StringIO()):
        exported = COCO(str(tmp_path / f"annotations/{name}_train.json"))
    objects = 0
    for index in range(SAMPLES):
        _, target = stream.sample(index)
        wanted = [mask.numpy() for mask in target["masks"] if mask.any() or kind == "coco"]
        found = [exported.annToMask(entry) for entry in exported.loadAnns(exported.getAnnIds(imgIds=[index]))]
        assert len(found) == len(wanted)
        assert all(np.array_equal(one, two) for one, two in zip(found, wanted, strict=True))
        objects += len(found)
    assert objects > SAMPLES


class Boxes:
    """As torchvision's tutorials have a set of boxes."""

    category_names = ("cat", "dog")

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> tuple[Image.Image, dict[str, Any]]:
        boxes = torch.tensor([[1.0, 2.0, 11.0, 12.0], [5.0, 5.0, 20.0, 30.0]])[: index % 3]
        return Image.new("RGB", (40, 32)), {"boxes": boxes, "labels": torch.tensor([1, 2])[: index % 3]}


def test_boxes_alone_can_be_coco_and_yolo_boxes(tmp_path: Path) -> None:
    stream = MapStream(Boxes(), shuffle=False)
    export(stream, tmp_path / "coco", "coco")
    content = json.loads((tmp_path / "coco/annotations/instances_train.json").read_text())
    assert len(content["annotations"]) == 6
    assert all("segmentation" not in annotation for annotation in content["annotations"])
    truth = COCO()
    truth.dataset = content
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        detections = [{**annotation, "score": 1.0} for annotation in content["annotations"]]
        evaluation = COCOeval(truth, truth.loadRes(detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)
    export(stream, tmp_path / "yolo", "yolo-boxes")
    lines = (tmp_path / "yolo/labels/train/000000000002.txt").read_text().splitlines()
    assert lines[0] == "0 0.150000 0.218750 0.250000 0.312500"


@pytest.mark.parametrize("kind", ["panoptic", "lvis", "yolo-seg", "yolo-obb"])
def test_boxes_alone_are_refused_where_masks_are_needed(tmp_path: Path, kind: ExportFormat) -> None:
    with pytest.raises(sos.StreamError, match=r"^sample 1: expected masks, which this format is made of; found boxes"):
        export(MapStream(Boxes(), shuffle=False), tmp_path, kind, workers=1)


def test_a_mixture(stream: MapStream, library: sos.SegmentLibrary, tmp_path: Path) -> None:
    made = sos.SOSDataset(library, small_recipe(96), length=50)
    mixed = mix([made, stream], weights=[0.5, 0.5], length=16)
    report = export(mixed, tmp_path, "coco", workers=1)
    content = json.loads((tmp_path / "annotations/instances_train.json").read_text())
    assert [image["id"] for image in content["images"]] == list(range(16))
    assert len({(image["height"], image["width"]) for image in content["images"]}) > 1
    assert report.objects == len(content["annotations"])
    for annotation in content["annotations"]:
        decoded = coco_mask.decode(annotation["segmentation"])
        image = content["images"][annotation["image_id"]]
        assert decoded.shape == (image["height"], image["width"])
        assert 1 <= annotation["category_id"] <= len(content["categories"])
