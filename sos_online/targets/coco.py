"""COCO instance annotations, written as they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np
from pycocotools import mask as coco_mask
from torch import Tensor

from sos_online.types import Target


def coco_annotations(target: Target, first_id: int) -> list[dict[str, Any]]:
    """One COCO annotation a row: ``bbox`` as XYWH, ``segmentation`` as compressed RLE, ids from ``first_id`` on."""
    instance_map = target["instance_map"].numpy()
    annotations = []
    for row, (x1, y1, x2, y2) in enumerate(target["boxes"].tolist()):
        annotations.append(
            {
                "id": first_id + row,
                "image_id": target["image_id"],
                "category_id": int(target["labels"][row]),
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": int(target["area"][row]),
                "iscrowd": int(target["iscrowd"][row]),
                "segmentation": encode_mask(instance_map == row + 1),
            }
        )
    return annotations


def encode_mask(mask: Any) -> dict[str, Any]:
    """A boolean ``[H, W]`` mask as compressed RLE that JSON can hold."""
    encoded = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": list(encoded["size"]), "counts": encoded["counts"].decode("ascii")}


class CocoWriter:
    """Writes a COCO instances JSON sample by sample; annotations are never held in memory.

    Images are held as one short line each: COCO wants them in a list of their own.

    Args:
        file: text file to write to; complete only after :meth:`close`.
        category_names: name of category id ``i + 1`` at position ``i``.
    """

    def __init__(self, file: TextIO, category_names: Sequence[str]) -> None:
        self._file = file
        self._images: list[str] = []
        self._next_id = 1
        categories = [{"id": position + 1, "name": name} for position, name in enumerate(category_names)]
        file.write('{"categories": ' + json.dumps(categories) + ', "annotations": [')

    def add(self, image: Tensor, target: Target, file_name: str) -> None:
        """Add a sample: image ``[3, H, W]``, its target, and the name under which the image is stored."""
        height, width = image.shape[-2:]
        entry = {"id": target["image_id"], "file_name": file_name, "height": height, "width": width}
        self._images.append(json.dumps(entry))
        for annotation in coco_annotations(target, self._next_id):
            self._file.write(("\n" if self._next_id == 1 else ",\n") + json.dumps(annotation))
            self._next_id += 1

    def close(self) -> None:
        """Write the images and end the document; the file itself stays open."""
        self._file.write('\n], "images": [\n' + ",\n".join(self._images) + "\n]}\n")
