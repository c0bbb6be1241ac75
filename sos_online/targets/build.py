"""From a composite to a target in torchvision's detection convention."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask

from sos_online.ops.boxes import boxes_and_areas
from sos_online.types import Composite, RegionMask, Section, Target


class TargetOptions(Section):
    """What goes into a target beyond what always does.

    Attributes:
        amodal_masks: add ``amodal_masks``, uint8 ``[N, H, W]``: the whole objects, hidden parts too.
    """

    amodal_masks: bool = False


def build_target(composite: Composite, options: TargetOptions, image_id: int) -> Target:
    """A composite's target; every row has visible pixels, and every labelled pixel has a row.

    Returns:
        ``boxes``, ``amodal_boxes`` (``BoundingBoxes`` XYXY float32 ``[N, 4]``, half-open), ``labels``, ``area``,
        ``iscrowd``, ``segment_ids`` (int64 ``[N]``), ``visibility`` (float32 ``[N]``), ``instance_map`` (``Mask`` int16
        ``[H, W]``), ``image_id`` (int), and ``amodal_masks`` if asked for. Rows run from the front to the back.
    """
    size_hw = composite.instance_map.shape[0], composite.instance_map.shape[1]
    windows = [(part.x, part.y, part.x + part.mask.shape[1], part.y + part.mask.shape[0]) for part in composite.whole]
    boxes, areas = boxes_and_areas(composite.instance_map, windows)
    amodal_boxes = np.zeros_like(boxes)
    amodal_areas = np.zeros_like(areas)
    for row, part in enumerate(composite.whole):
        mask = part.mask.view(np.uint8)
        x, y, width, height = cv2.boundingRect(mask)
        amodal_boxes[row] = part.x + x, part.y + y, part.x + x + width, part.y + y + height
        amodal_areas[row] = cv2.countNonZero(mask)
    target: Target = {
        "boxes": as_boxes(boxes, size_hw),
        "labels": torch.tensor([placement.category for placement in composite.objects], dtype=torch.int64),
        "instance_map": Mask(torch.from_numpy(composite.instance_map)),
        "area": torch.from_numpy(areas),
        "iscrowd": torch.zeros(len(areas), dtype=torch.int64),
        "image_id": image_id,
        "visibility": torch.from_numpy((areas / np.maximum(amodal_areas, 1)).astype(np.float32)),
        "amodal_boxes": as_boxes(amodal_boxes, size_hw),
        "segment_ids": torch.tensor([placement.segment for placement in composite.objects], dtype=torch.int64),
    }
    if options.amodal_masks:
        target["amodal_masks"] = Mask(torch.from_numpy(_whole_masks(composite.whole, size_hw)))
    return target


def as_boxes(boxes: npt.NDArray[np.float32], size_hw: tuple[int, int]) -> BoundingBoxes:
    return BoundingBoxes(torch.from_numpy(boxes), format=BoundingBoxFormat.XYXY, canvas_size=size_hw)


def _whole_masks(whole: tuple[RegionMask, ...], size_hw: tuple[int, int]) -> npt.NDArray[np.uint8]:
    masks = np.zeros((len(whole), *size_hw), np.uint8)
    for row, part in enumerate(whole):
        height, width = part.mask.shape
        masks[row, part.y : part.y + height, part.x : part.x + width] = part.mask
    return masks
