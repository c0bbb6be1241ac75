"""COCO average precision of torchvision-style predictions; the numbers are pycocotools' own.

Boxes are half-open XYXY, as everywhere in this package, so width is ``x2 - x1``: COCO's convention too.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor
from torchvision.ops import box_convert

from sos_online.errors import SOSError
from sos_online.targets import CocoWriter
from sos_online.targets.coco import encode_mask
from sos_online.types import Target

IouType = Literal["bbox", "segm"]
_METRICS = ("AP", "AP50", "AP75", "APs", "APm", "APl")  # the first six of COCOeval.stats
_REQUIRED = {
    "images": ("id",),
    "annotations": ("image_id", "category_id", "bbox", "area"),
    "categories": ("id", "name"),
}
_REQUIRED_FOR_MASKS = {"images": ("height", "width"), "annotations": ("segmentation",), "categories": ()}


class CocoEvaluator:
    """Average precision over the images of a COCO instance file.

    Every image of the file counts: one that is never added is one on which nothing was found. AP is the mean over the
    categories that labels map to and that the file has objects of.

    Args:
        annotations: COCO instance JSON, or its content; it is not changed. ``iscrowd`` may be absent.
        label_to_category: category id in the file of each label that predictions may hold; None for a label that the
            file does not know, whose predictions are left out. See :func:`match_categories`.
        iou_types: ``bbox``, ``segm`` or both.

    Attributes:
        images: the file's entries for its images, by image id.

    Raises:
        SOSError: names the file and the field that is missing or wrong.
    """

    def __init__(
        self,
        annotations: str | Path | Mapping[str, Any],
        label_to_category: Mapping[int, int | None],
        iou_types: Sequence[IouType] = ("bbox",),
    ) -> None:
        if not iou_types or not set(iou_types) <= set(get_args(IouType)):
            raise SOSError(f"iou_types: expected one or more of {get_args(IouType)}, found {tuple(iou_types)}")
        self._where, content = _read(annotations, masks="segm" in iou_types)
        self._label_to_category = dict(label_to_category)
        self._categories = sorted({category for category in label_to_category.values() if category is not None})
        unknown = set(self._categories) - {entry["id"] for entry in content["categories"]}
        if unknown:
            raise SOSError(f"{self._where}: categories: labels map to id {min(unknown)}, which is not there")
        self._iou_types = tuple(iou_types)
        self.images: dict[int, dict[str, Any]] = {entry["id"]: entry for entry in content["images"]}
        # COCOeval writes into the annotations, and takes one whose id is 0 for "not matched"
        self._truth = [
            {"iscrowd": 0, **annotation, "id": number} for number, annotation in enumerate(content["annotations"], 1)
        ]
        self._found: dict[int, list[dict[str, Any]]] = {}

    def add(self, image_id: int, prediction: Mapping[str, Tensor]) -> None:
        """Take a model's prediction for one image; a second one for the same image replaces the first.

        Args:
            image_id: as in the file.
            prediction: ``boxes`` XYXY ``[N, 4]``, ``labels`` and ``scores`` ``[N]``; for ``segm`` also ``masks``,
                ``[N, 1, H, W]`` or ``[N, H, W]`` at the image's own size: probabilities, cut at 0.5, or 0 and 1.

        Raises:
            SOSError: the image or a label is unknown, or a tensor is missing or of another shape.
        """
        if image_id not in self.images:
            raise SOSError(f"{self._where}: images: no image has the id {image_id!r}")
        where = f"prediction for image {image_id}"
        count = len(_tensor(prediction, "labels", where, [(None,)]))
        scores = _tensor(prediction, "scores", where, [(count,)]).tolist()
        boxes = box_convert(_tensor(prediction, "boxes", where, [(count, 4)]), "xyxy", "xywh").tolist()
        found = []
        for row, label in enumerate(prediction["labels"].tolist()):
            if label not in self._label_to_category:
                raise SOSError(f"{where}: labels[{row}]: expected a key of label_to_category, found {label}")
            category = self._label_to_category[label]
            if category is not None:
                entry = {"image_id": image_id, "category_id": category, "score": scores[row], "bbox": boxes[row]}
                found.append((row, entry))
        if "segm" in self._iou_types:
            size_hw = self.images[image_id]["height"], self.images[image_id]["width"]
            masks = _tensor(prediction, "masks", where, [(count, 1, *size_hw), (count, *size_hw)])
            for row, entry in found:
                entry["segmentation"] = encode_mask((masks[row].reshape(size_hw) >= 0.5).numpy())
        self._found[image_id] = [entry for _, entry in found]

    def summarize(self, *, all_ranks: bool = False) -> dict[str, float]:
        """``bbox_AP``, ``bbox_AP50``, ``bbox_AP75``, ``bbox_APs``, ``bbox_APm``, ``bbox_APl``; ``segm_AP`` and so on.

        0 where nothing was found; NaN where the file has no object to find (of that size).

        Args:
            all_ranks: over what all ranks of ``torch.distributed`` have added; then each of them must call this.
        """
        found = self._found
        if all_ranks and torch.distributed.is_available() and torch.distributed.is_initialized():
            parts: list[Any] = [None] * torch.distributed.get_world_size()
            torch.distributed.all_gather_object(parts, found)
            found = {image_id: entries for part in parts for image_id, entries in part.items()}
        rows = [entry for entries in found.values() for entry in entries]
        return {
            f"{iou_type}_{metric}": value
            for iou_type in self._iou_types
            for metric, value in zip(_METRICS, self._average_precisions(iou_type, rows), strict=True)
        }

    def _average_precisions(self, iou_type: IouType, rows: list[dict[str, Any]]) -> list[float]:
        found = [
            {**row, "id": number, "iscrowd": 0, "area": _area(iou_type, row)} for number, row in enumerate(rows, 1)
        ]
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints
            evaluation = COCOeval(self._indexed(self._truth), self._indexed(found), iou_type)
            evaluation.params.catIds = self._categories
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        stats = evaluation.stats[: len(_METRICS)].tolist()
        return [math.nan if value < 0 else value for value in stats]

    def _indexed(self, annotations: list[dict[str, Any]]) -> COCO:
        coco = COCO()
        coco.dataset = {
            "images": list(self.images.values()),
            "categories": [{"id": category} for category in self._categories],
            "annotations": annotations,
        }
        coco.createIndex()
        return coco


def match_categories(
    names: Sequence[str], annotations: str | Path | Mapping[str, Any]
) -> tuple[dict[int, int | None], list[str]]:
    """Join a library's categories to a COCO file's by name; case and underscores do not count.

    Args:
        names: ``SegmentLibrary.category_names``: ``names[i]`` is label ``i + 1``.
        annotations: COCO instance JSON, or its content.

    Returns:
        The category id of each label, None where the file has no category of that name; and those names.

    Raises:
        SOSError: the file cannot be read, or two of its categories have one name.
    """
    where, content = _read(annotations, masks=False)
    ids: dict[str, int] = {}
    for entry in content["categories"]:
        if ids.setdefault(_plain(entry["name"]), entry["id"]) != entry["id"]:
            raise SOSError(f"{where}: categories: expected one of each name, found {entry['name']!r} twice")
    label_to_category = {label: ids.get(_plain(name)) for label, name in enumerate(names, 1)}
    return label_to_category, [name for name in names if _plain(name) not in ids]


def annotations_of(samples: Iterable[tuple[Tensor, Target]], category_names: Sequence[str]) -> dict[str, Any]:
    """Samples of a stream as the content of a COCO file, to evaluate on them; labels are the category ids."""
    file = io.StringIO()
    writer = CocoWriter(file, category_names)
    for image, target in samples:
        writer.add(image, target, file_name="")
    writer.close()
    content: dict[str, Any] = json.loads(file.getvalue())
    return content


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def _area(iou_type: IouType, row: dict[str, Any]) -> float:
    """What decides whether a detection is small, medium or large: its box' area for boxes, its mask's for masks."""
    if iou_type == "bbox":
        return float(row["bbox"][2] * row["bbox"][3])
    return float(coco_mask.area(row["segmentation"]))


def _tensor(prediction: Mapping[str, Tensor], key: str, where: str, shapes: list[tuple[int | None, ...]]) -> Tensor:
    """``prediction[key]`` on the CPU; its shape must be one of ``shapes``, where None stands for any number."""
    if key not in prediction:
        raise SOSError(f"{where}: {key!r} is missing")
    tensor = prediction[key].detach().cpu().as_subclass(Tensor)
    for shape in shapes:
        if tensor.ndim == len(shape) and all(n in (None, size) for n, size in zip(shape, tensor.shape, strict=True)):
            return tensor
    expected = " or ".join(str(["N" if n is None else n for n in shape]) for shape in shapes)
    raise SOSError(f"{where}: {key}: expected shape {expected}, found {list(tensor.shape)}")


def _read(annotations: str | Path | Mapping[str, Any], *, masks: bool) -> tuple[str, Mapping[str, Any]]:
    """What to call it in messages, and its content with the fields that evaluation reads."""
    if isinstance(annotations, Mapping):
        where, content = "annotations", annotations
    else:
        where = str(annotations)
        try:
            content = json.loads(Path(annotations).read_bytes())
        except (OSError, ValueError) as error:
            raise SOSError(f"{where}: cannot be read as JSON: {error}") from None
    for field, keys in _REQUIRED.items():
        if not isinstance(content, Mapping) or not isinstance(content.get(field), list):
            raise SOSError(f"{where}: field {field!r}: expected a list, as in COCO instance files")
        keys += _REQUIRED_FOR_MASKS[field] if masks else ()
        for position, entry in enumerate(content[field]):
            missing = [key for key in keys if not isinstance(entry, Mapping) or key not in entry]
            if missing:
                raise SOSError(f"{where}: {field}[{position}]: field {missing[0]!r} is missing")
    return where, content
