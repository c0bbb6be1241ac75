"""COCO panoptic annotations: a picture of segment ids for each image, and one JSON of what the segments are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import cv2
import numpy as np
import numpy.typing as npt

from sos_online.targets.row_masks import instance_ids
from sos_online.targets.two_lists import TwoLists
from sos_online.types import Target

MAX_SEGMENTS = 2**24 - 1
# odd, so that ids of 24 bits stay apart, and 0 stays 0 alone; large, so that neighbours differ to the eye
_SPREAD = 0x9E3779


def segment_id(row: int) -> int:
    """The segment id of a row: 1 … 2**24 - 1, of its own for each row up to ``MAX_SEGMENTS``, never 0 (black)."""
    return (row + 1) * _SPREAD % 2**24


def panoptic_colours(target: Target) -> npt.NDArray[np.uint8]:
    """The picture of segment ids, uint8 ``[H, W, 3]`` RGB: id = R + 256 G + 65536 B.

    Made of ``instance_map``, in which every pixel has one owner, so that masks that overlap are settled. What belongs
    to no row is black, COCO's "void": nothing is said of it.
    """
    instance_map = instance_ids(target)
    ids = np.array([0, *map(segment_id, range(len(target["labels"])))], "<u4")
    # the lowest byte comes first: red
    colours: npt.NDArray[np.uint8] = np.take(ids, instance_map).view(np.uint8).reshape(*instance_map.shape, 4)
    return colours[..., :3]


def panoptic_annotation(target: Target, file_name: str) -> dict[str, Any]:
    """An image's entry in ``annotations``; ``file_name`` is that of its picture of ids.

    A row that owns no pixel of ``instance_map`` is no segment. Areas and boxes (XYWH) are of the pixels owned.
    """
    instance_map = instance_ids(target)
    segments = []
    for row, (label, crowd) in enumerate(zip(target["labels"].tolist(), target["iscrowd"].tolist(), strict=True)):
        mask = (instance_map == row + 1).view(np.uint8)
        area = cv2.countNonZero(mask)
        if area:
            segments.append(
                {
                    "id": segment_id(row),
                    "category_id": label,
                    "area": area,
                    "bbox": list(cv2.boundingRect(mask)),
                    "iscrowd": crowd,
                }
            )
    return {"image_id": target["image_id"], "file_name": file_name, "segments_info": segments}


class PanopticWriter:
    """Writes a COCO panoptic JSON sample by sample, in constant memory; the pictures of ids are the caller's to write.

    All categories are things; there is no stuff. The background is void: a panoptic quality counts a prediction that
    lies on void mostly neither for nor against.

    Args:
        file: text file to write to; complete only after :meth:`close`.
        category_names: name of category id ``i + 1`` at position ``i``.
    """

    def __init__(self, file: TextIO, category_names: Sequence[str]) -> None:
        categories = [
            {"id": position + 1, "name": name, "supercategory": "thing", "isthing": 1, "color": _colour(position)}
            for position, name in enumerate(category_names)
        ]
        self._lists = TwoLists(file, {"categories": categories})

    def add_entries(self, image: Mapping[str, Any], annotation: Mapping[str, Any]) -> None:
        """Add a sample: its entries as ``coco_image`` and :func:`panoptic_annotation` make them."""
        self._lists.add(image, [annotation])

    def close(self) -> None:
        """Write the images and end the document; the file itself stays open."""
        self._lists.close()


def _colour(position: int) -> list[int]:
    """A category's colour, as viewers want one."""
    colour = segment_id(position)
    return [colour & 255, colour >> 8 & 255, colour >> 16]
