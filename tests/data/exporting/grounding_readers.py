"""What published readers take of a folder, in a few lines each, written after their code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

Box = tuple[float, ...]
Entry = dict[str, Any]


@dataclass(frozen=True)
class OdvgSample:
    """An item of MMDetection's ODVGDataset: picture, boxes and their labels, and what a label says."""

    picture: Path
    boxes: list[Box]
    labels: list[int]
    said: dict[int, list[str]]
    text: str = ""


def read_odvg(images: Path, lines: Path, label_map: Path | None = None) -> list[OdvgSample]:
    """With a label map detection is read, else grounding; boxes that MMDetection drops are an error here."""
    names = None if label_map is None else json.loads(label_map.read_text())
    return [_odvg_sample(images, json.loads(line), names) for line in lines.read_text().splitlines()]


def _odvg_sample(images: Path, record: Entry, names: dict[str, str] | None) -> OdvgSample:
    boxes: list[Box] = []
    labels: list[int] = []
    said: dict[int, list[str]] = {}
    text = ""
    if names is not None:
        for instance in record["detection"]["instances"]:
            boxes.append(tuple(instance["bbox"]))
            labels.append(int(instance["label"]))
            said[labels[-1]] = [names[str(instance["label"])]]
            assert said[labels[-1]] == [instance["category"]]
    else:
        # RandomSamplingNegPos: small letters, blanks at the ends off, a full stop at the end
        text = record["grounding"]["caption"].lower().strip()
        text = text if text.endswith(".") else text + ". "
        for number, region in enumerate(record["grounding"]["regions"]):
            several = region["bbox"] if isinstance(region["bbox"][0], list) else [region["bbox"]]
            boxes += [tuple(box) for box in several]
            labels += [number] * len(several)
            said[number] = [text[begin:end] for begin, end in region["tokens_positive"]]
    for x1, y1, x2, y2 in boxes:
        assert 0 <= x1 < x2 <= record["width"] and 0 <= y1 < y2 <= record["height"]
        assert x2 - x1 >= 1 and y2 - y1 >= 1
    return OdvgSample(images / record["filename"], boxes, labels, said, text)


@dataclass(frozen=True)
class Reference:
    """A reference of the ``refer`` and ``grefer`` interfaces, with all that its ids point to."""

    picture: Path
    split: str
    sentences: list[str]
    boxes: list[Box]
    categories: list[str]
    mask: npt.NDArray[np.bool_]


def read_refs(root: Path, name: str) -> list[Reference]:
    """``name``: refcoco or grefcoco. JSON where ``refer`` unpickles."""
    refs = json.loads((root / name / f"{'g' * (name == 'grefcoco')}refs(unc).json").read_text())
    instances = json.loads((root / name / "instances.json").read_text())
    annotations = {entry["id"]: entry for entry in instances["annotations"]}
    images = {entry["id"]: entry for entry in instances["images"]}
    names = {entry["id"]: entry["name"] for entry in instances["categories"]}
    for key in ("ref_id",):
        assert len({ref[key] for ref in refs}) == len(refs), "duplicate id"
    sentence_ids = [sentence["sent_id"] for ref in refs for sentence in ref["sentences"]]
    assert len(set(sentence_ids)) == len(sentence_ids)
    return [_reference(root, ref, annotations, images, names) for ref in refs]


def _reference(
    root: Path, ref: Entry, annotations: dict[int, Entry], images: dict[int, Entry], names: dict[int, str]
) -> Reference:
    image = images[ref["image_id"]]
    assert image["file_name"] == ref["file_name"]
    mask = np.zeros((image["height"], image["width"]), np.uint8)
    is_list = isinstance(ref["ann_id"], list)
    meant = (
        [] if ref["ann_id"] == [-1] else [annotations[one] for one in (ref["ann_id"] if is_list else [ref["ann_id"]])]
    )
    categories = ref["category_id"] if is_list else [ref["category_id"]]
    assert ref.get("no_target", False) == (not meant)
    assert categories == ([annotation["category_id"] for annotation in meant] or [-1])
    for annotation in meant:
        assert annotation["image_id"] == ref["image_id"] and not annotation["iscrowd"]
        assert isinstance(annotation["segmentation"][0], list), "polygons"
        rles = coco_mask.frPyObjects(annotation["segmentation"], image["height"], image["width"])
        mask |= coco_mask.decode(rles).sum(axis=2).astype(np.uint8)
    return Reference(
        root / "images/train2014" / image["file_name"],
        ref["split"],
        [sentence["raw"] for sentence in ref["sentences"]],
        [xyxy(annotation["bbox"]) for annotation in meant],
        [names[annotation["category_id"]] for annotation in meant],
        mask.astype(bool),
    )


def xyxy(bbox: list[float]) -> Box:
    x, y, width, height = bbox
    return x, y, x + width, y + height
