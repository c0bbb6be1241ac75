"""Referring expressions as MDETR is fine-tuned on them: a COCO-like file with an image for each expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from sos_online.targets.captions import expressions_of
from sos_online.targets.coco import coco_annotations, coco_image
from sos_online.targets.row_masks import without_masks
from sos_online.targets.two_lists import TwoLists
from sos_online.types import Expression, Target

Entry = dict[str, Any]
NO_TARGET = -1


def mdetr_expressions(target: Target, size_hw: tuple[int, int], file_name: str) -> list[Entry]:
    """Each expression as ``{"image": …, "annotations": […]}``, without ids.

    The image is the picture with the expression as its ``caption``. Its annotations are the objects that are meant,
    ``bbox`` as XYWH; ``tokens_positive`` is the whole expression, which is what means them. (MDETR's own files have its
    head noun there, found by a parser.) An expression that means nothing has one annotation that is marked so, as
    gRefCOCO's files for MDETR have it: ``empty``, ``category_id`` and ``iscrowd`` -1, a box of no size; MDETR skips it
    for its ``iscrowd``, and its evaluation looks for it.

    Raises:
        StreamError: the target has no ``expressions``.
    """
    boxes = coco_annotations(without_masks(target))
    return [
        {
            "image": {
                **coco_image(target, size_hw, file_name),
                "original_id": target["image_id"],
                "caption": expression["text"],
                "tokens_negative": [],
            },
            "annotations": [
                {**annotation, "tokens_positive": [[0, len(expression["text"])]]}
                for annotation in _meant(expression, boxes)
            ],
        }
        for expression in expressions_of(target)
    ]


class MdetrWriter:
    """Writes such a file expression by expression, in constant memory, and numbers images and annotations.

    Args:
        file: text file to write to; complete only after :meth:`close`.
        category_names: name of category id ``i + 1`` at position ``i``.
        dataset_name: what evaluations call the set: ``refcoco`` (one object each), ``grefcoco`` (any number).
    """

    def __init__(self, file: TextIO, category_names: Sequence[str], dataset_name: str) -> None:
        categories = [{"id": position + 1, "name": name} for position, name in enumerate(category_names)]
        self._lists = TwoLists(file, {"info": {}, "licenses": [], "categories": categories})
        self._dataset_name = dataset_name
        self._next_image = self._next_annotation = 1

    def add_entries(self, *expressions: Mapping[str, Any]) -> None:
        """Add expressions as :func:`mdetr_expressions` has made them."""
        for expression in expressions:
            image_id = self._next_image
            numbered = [
                {**annotation, "id": self._next_annotation + at, "image_id": image_id}
                for at, annotation in enumerate(expression["annotations"])
            ]
            self._lists.add({**expression["image"], "id": image_id, "dataset_name": self._dataset_name}, numbered)
            self._next_image += 1
            self._next_annotation += len(numbered)

    def close(self) -> None:
        """Write the images and end the document; the file itself stays open."""
        self._lists.close()


def means_one_object(expression: Mapping[str, Any]) -> bool:
    """Whether an expression as :func:`mdetr_expressions` makes it means one object, as all of RefCOCO's do."""
    annotations = expression["annotations"]
    return len(annotations) == 1 and not annotations[0]["empty"]


def _meant(expression: Expression, annotations: Sequence[Entry]) -> list[Entry]:
    if expression["rows"]:
        return [{**annotations[row], "empty": False} for row in expression["rows"]]
    nothing = {"category_id": NO_TARGET, "bbox": [0, 0, 0, 0], "area": NO_TARGET, "iscrowd": NO_TARGET}
    return [{**nothing, "empty": True}]
