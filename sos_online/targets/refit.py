"""Making a target exact again after a transform has moved its instance map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.tv_tensors import Mask

from sos_online.errors import StreamError
from sos_online.ops.boxes import boxes_and_areas
from sos_online.targets.build import as_boxes
from sos_online.types import Target


def refit_target(target: Target) -> Target:
    """Rows without pixels go, ids close ranks, boxes and areas are read off the map again.

    ``boxes`` that the transform moved are only approximately tight (a turned box is larger than its object); the map
    is the truth. With ``amodal_masks``, ``visibility`` and ``amodal_boxes`` are measured anew as well. Without them,
    ``visibility`` stays the visible share in the picture as composed, and ``amodal_boxes`` are as the transform left
    them, cut at the canvas and widened to hold ``boxes``.

    Raises:
        StreamError: the transform dropped the map, or left rows that do not match it.
    """
    instance_map = target.get("instance_map")
    if not isinstance(instance_map, Tensor) or instance_map.ndim != 2:
        raise StreamError("transforms: must keep target['instance_map'], an integer [H, W] mask")
    ids = np.ascontiguousarray(instance_map.numpy(), dtype=np.int16)
    count = len(target["labels"])
    size_hw = (ids.shape[0], ids.shape[1])
    if ids.size and (ids.min() < 0 or ids.max() > count):
        raise StreamError(
            f"transforms: instance_map holds ids {ids.min()} … {ids.max()}, but there are {count} rows; "
            "fill what a transform uncovers with 0"
        )
    occupied = np.unique(ids)
    kept = occupied[occupied > 0] - 1
    renumber = np.zeros(count + 1, np.int16)
    renumber[kept + 1] = np.arange(1, len(kept) + 1)
    ids = renumber[ids]

    rows = torch.from_numpy(kept.astype(np.int64))
    refitted: dict[str, Any] = {
        key: value[rows] if key != "instance_map" and _is_row_wise(value, count) else value
        for key, value in target.items()
    }
    boxes, areas = boxes_and_areas(ids, [(0, 0, size_hw[1], size_hw[0])] * len(kept))
    refitted.update(
        boxes=as_boxes(boxes, size_hw),
        area=torch.from_numpy(areas),
        instance_map=Mask(torch.from_numpy(ids)),
        amodal_boxes=as_boxes(_widen(refitted["amodal_boxes"], boxes, size_hw), size_hw),
    )
    if "amodal_masks" in refitted:
        masks = np.ascontiguousarray(refitted["amodal_masks"].numpy(), dtype=np.int8)
        measured = [boxes_and_areas(mask, [(0, 0, size_hw[1], size_hw[0])]) for mask in masks]
        if measured:
            whole_boxes, whole_areas = (np.concatenate(parts) for parts in zip(*measured, strict=True))
            refitted["amodal_boxes"] = as_boxes(whole_boxes, size_hw)
            refitted["visibility"] = torch.from_numpy((areas / whole_areas).astype(np.float32))
        refitted["amodal_masks"] = Mask(torch.from_numpy(masks.astype(np.uint8)))
    return refitted


def _widen(amodal_boxes: Tensor, boxes: npt.NDArray[np.float32], size_hw: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Amodal boxes cut at the canvas, and at least as large as what is visible."""
    height, width = size_hw
    amodal = np.asarray(amodal_boxes.numpy(), np.float32)
    corners = np.minimum(amodal[:, :2], boxes[:, :2]), np.maximum(amodal[:, 2:], boxes[:, 2:])
    limits = np.array([width, height] * 2, np.float32)
    cut: npt.NDArray[np.float32] = np.clip(np.concatenate(corners, axis=1), 0, limits)
    return cut


def _is_row_wise(value: object, count: int) -> bool:
    return isinstance(value, Tensor) and value.ndim > 0 and len(value) == count
