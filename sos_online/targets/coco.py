"""COCO instance annotations, written as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import cv2
import numpy as np
from pycocotools import mask as coco_mask
from torch import Tensor

from sos_online.targets.row_masks import row_masks_if_known
from sos_online.targets.two_lists import TwoLists
from sos_online.types import Target

Entry = dict[str, Any]


def coco_image(target: Target, size_hw: tuple[int, int], file_name: str) -> Entry:
    """The entry of an image in COCO's ``images``."""
    return {"id": target["image_id"], "file_name": file_name, "height": size_hw[0], "width": size_hw[1]}


def coco_annotations(target: Target) -> list[Entry]:
    """One COCO annotation a row, without ids: ``bbox`` as XYWH, and compressed RLE if masks are known."""
    boxes, labels = target["boxes"].tolist(), target["labels"].tolist()
    areas, crowds = target["area"].tolist(), target["iscrowd"].tolist()
    return [
        {
            "image_id": target["image_id"],
            "category_id": label,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": area,
            "iscrowd": crowd,
            **({} if mask is None else {"segmentation": encode_mask(mask)}),
        }
        for (x1, y1, x2, y2), label, area, crowd, mask in zip(
            boxes, labels, areas, crowds, row_masks_if_known(target), strict=True
        )
    ]


def encode_mask(mask: Any) -> Entry:
    """A boolean ``[H, W]`` mask as compressed RLE that JSON can hold."""
    # OpenCV transposes ten times as fast as NumPy does on the way to Fortran's order
    columns = cv2.transpose(np.ascontiguousarray(mask, dtype=np.uint8)).T
    encoded = coco_mask.encode(columns)
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}


class CocoWriter:
    """Writes a COCO instances JSON sample by sample, in constant memory.

    Masks are those of ``masks`` where a target holds them (they may overlap), else of ``instance_map``.

    Args:
        file: text file to write to; complete only after :meth:`close`.
        category_names: name of category id ``i + 1`` at position ``i``.
    """

    def __init__(self, file: TextIO, category_names: Sequence[str]) -> None:
        categories = [{"id": position + 1, "name": name} for position, name in enumerate(category_names)]
        self._lists = TwoLists(file, {"categories": categories})
        self._next_id = 1

    def add(self, image: Tensor, target: Target, file_name: str) -> None:
        """Add a sample: image ``[3, H, W]``, its target, and the name under which the image is stored."""
        height, width = image.shape[-2:]
        self.add_entries(coco_image(target, (height, width), file_name), coco_annotations(target))

    def add_entries(self, image: Mapping[str, Any], annotations: Sequence[Mapping[str, Any]]) -> None:
        """Add a sample as :func:`coco_image` and :func:`coco_annotations` have made it, in another process perhaps."""
        numbered = [{"id": self._next_id + row, **annotation} for row, annotation in enumerate(annotations)]
        self._lists.add(image, numbered)
        self._next_id += len(numbered)

    def close(self) -> None:
        """Write the images and end the document; the file itself stays open."""
        self._lists.close()
