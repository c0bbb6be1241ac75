"""Described object detection (DOD, arXiv 2307.12813): each description is a category, and the score is COCO's AP.

The numbers are pycocotools' own, over objects of all sizes and at most 100 boxes for a description in an image.
"""

from __future__ import annotations

import contextlib
import io
import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor
from torchvision.ops import box_convert

from sos_online.errors import SOSError
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth
from sos_online.evaluate.ranks import gather_parts

DescriptionKind = Literal["presence", "absence"]
_MOST_BOXES = 100
_Pair = tuple[int, int]
_Found = tuple[list[list[float]], list[float], list[list[float]]]
"""Boxes XYWH that are predicted, their scores, boxes XYWH that are meant."""


class DescribedObjectEvaluator:
    """Mean average precision over descriptions, such as those of the D³ benchmark.

    What is added is what counts. The benchmark's default, within scenarios, asks of an image the descriptions of its
    own scenario alone; across scenarios it asks all of them of all images: then add each of the pairs, those in which
    nothing is meant too.

    Args:
        kinds: of each description, by its id: ``absence`` if it says what is *not* there ("a dog without a leash"),
            else ``presence``. Ids are whole numbers.

    Raises:
        SOSError: names the description whose kind is unknown.
    """

    def __init__(self, kinds: Mapping[int, DescriptionKind]) -> None:
        for description, kind in kinds.items():
            if kind not in get_args(DescriptionKind):
                raise SOSError(f"kinds[{description!r}]: expected one of {get_args(DescriptionKind)}, found {kind!r}")
        self._kinds = {_whole(description, "kinds"): kind for description, kind in kinds.items()}
        self._pairs: dict[_Pair, _Found] = {}

    def add(self, image_id: int, description_id: int, prediction: GroundingPrediction, truth: GroundingTruth) -> None:
        """Take what a model finds for one description in one image; a second time replaces the first.

        Args:
            image_id: a whole number that tells images apart.
            description_id: a key of ``kinds``.
            prediction: what it finds.
            truth: the objects that the description fits.

        Raises:
            SOSError: the description is unknown, or an id is no whole number.
        """
        pair = _whole(image_id, "image_id"), _whole(description_id, "description_id")
        if pair[1] not in self._kinds:
            raise SOSError(f"description_id: expected a key of kinds, found {description_id!r}")
        scores: list[float] = prediction.scores[:_MOST_BOXES].tolist()
        self._pairs[pair] = _xywh(prediction.boxes[:_MOST_BOXES]), scores, _xywh(truth.boxes)

    def summarize(self, *, all_ranks: bool = False) -> dict[str, float]:
        """``FULL``, ``PRES`` and ``ABS``: AP, 0 … 1, meaned over all descriptions and over those of either kind.

        A description that fits no object of any image has no AP, and does not count; NaN where none has.

        Args:
            all_ranks: over what all ranks of ``torch.distributed`` have added; then each of them must call this.
        """
        pairs: dict[_Pair, _Found] = {}
        for part in gather_parts(self._pairs, all_ranks=all_ranks):
            pairs.update(part)
        of_description: dict[int, list[_Found]] = {}
        for (_, description), found in sorted(pairs.items()):  # the order decides between equal scores
            of_description.setdefault(description, []).append(found)
        precision = np.array([_average_precision(found) for found in of_description.values()])
        absent = np.array([self._kinds[description] == "absence" for description in of_description], bool)
        return {"FULL": _mean(precision), "PRES": _mean(precision[~absent]), "ABS": _mean(precision[absent])}


def _average_precision(images: Sequence[_Found]) -> float:
    """AP of one description over the images that it is asked of; NaN if it fits nothing."""
    truth: list[dict[str, Any]] = []
    predicted: list[dict[str, Any]] = []
    for image, (boxes, scores, meant) in enumerate(images):
        # COCOeval asks the area of objects only to tell small from large, and takes an id of 0 for "not matched"
        entry = {"image_id": image, "category_id": 1, "iscrowd": 0, "area": 1.0}
        truth.extend({**entry, "bbox": box, "id": number} for number, box in enumerate(meant, len(truth) + 1))
        predicted.extend(
            {**entry, "bbox": box, "score": score, "id": number}
            for number, (box, score) in enumerate(zip(boxes, scores, strict=True), len(predicted) + 1)
        )
    if not truth:
        return math.nan
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints
        evaluation = COCOeval(_indexed(len(images), truth), _indexed(len(images), predicted), "bbox")
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, math.inf]], ["all"]
        evaluation.params.maxDets = [_MOST_BOXES]
        evaluation.evaluate()
        evaluation.accumulate()
    return float(evaluation.eval["precision"].mean())  # over IoU thresholds and recalls


def _indexed(images: int, annotations: list[dict[str, Any]]) -> COCO:
    coco = COCO()
    coco.dataset = {
        "images": [{"id": image} for image in range(images)],
        "categories": [{"id": 1}],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco


def _whole(value: int, field: str) -> int:
    """A plain integer: an element of an array is one too, by its meaning, but no key that is found again."""
    try:
        return operator.index(value)
    except TypeError:
        raise SOSError(f"{field}: expected a whole number, found {value!r}") from None


def _xywh(boxes: Tensor) -> list[list[float]]:
    converted: list[list[float]] = box_convert(boxes, "xyxy", "xywh").tolist()
    return converted


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan
