"""Making a target exact again after a transform has moved its instance map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.tv_tensors import Image, Mask

from sos_online.errors import StreamError
from sos_online.ops.boxes import boxes_and_areas
from sos_online.targets.build import as_boxes
from sos_online.types import Target

# what belongs to an object and is no geometry
_OWN_ROWS = ("labels", "iscrowd", "segment_ids", "visibility")
_GEOMETRY = ("boxes", "area", "instance_map", "amodal_boxes", "amodal_masks")


def refit_target(image: Any, target: Any, before: Target) -> tuple[Image, Target]:
    """Rows without pixels go, ids close ranks, boxes and areas are read off the map again.

    ``boxes`` that the transform moved are only approximately tight (a turned box is larger than its object); the map
    is the truth. With ``amodal_masks``, ``visibility`` and ``amodal_boxes`` are measured anew as well. Without them,
    ``visibility`` stays the visible share in the picture as composed, and ``amodal_boxes`` are as the transform left
    them, cut at the canvas and widened to hold ``boxes``; where it left none (``RandomIoUCrop`` empties boxes whose
    centre it cuts away, ``SanitizeBoundingBoxes`` drops them), they are ``boxes``.

    A transform may change labels. One that drops rows (``SanitizeBoundingBoxes``) drops them from some keys and not
    from others; then the rows are those of ``before``, and those whose pixels are still there stay. Keys that are not
    the package's own pass as they are.

    Args:
        image, target: what the transform gave.
        before: the target that it was given.

    Raises:
        StreamError: the transform dropped the map, gave it another size than the image, or filled it with ids that
            were not there.
    """
    ids = _instance_ids(image, target, len(before["labels"]))
    size_hw = ids.shape[0], ids.shape[1]
    occupied = np.unique(ids)
    kept = occupied[occupied > 0] - 1
    renumber = np.zeros(len(before["labels"]) + 1, np.int16)
    renumber[kept + 1] = np.arange(1, len(kept) + 1)
    ids = renumber[ids]
    rows = torch.from_numpy(kept.astype(np.int64))
    boxes, areas = boxes_and_areas(ids, [(0, 0, size_hw[1], size_hw[0])] * len(kept))

    refitted = {key: value for key, value in target.items() if key not in _GEOMETRY}
    for key in _OWN_ROWS:
        refitted[key] = _moved(key, target, before)[rows]
    refitted.update(
        boxes=as_boxes(boxes, size_hw),
        area=torch.from_numpy(areas),
        instance_map=Mask(torch.from_numpy(ids)),
        amodal_boxes=as_boxes(_amodal_boxes(target, kept, boxes, len(before["labels"]), size_hw), size_hw),
    )
    if "amodal_masks" in before:
        masks = _amodal_masks(target, len(before["labels"]))[kept]
        measured = [boxes_and_areas(mask, [(0, 0, size_hw[1], size_hw[0])]) for mask in masks]
        if measured:
            whole_boxes, whole_areas = (np.concatenate(parts) for parts in zip(*measured, strict=True))
            refitted["amodal_boxes"] = as_boxes(whole_boxes, size_hw)
            refitted["visibility"] = torch.from_numpy((areas / whole_areas).astype(np.float32))
        refitted["amodal_masks"] = Mask(torch.from_numpy(masks.astype(np.uint8)))
    return Image(image), refitted


def _instance_ids(image: Any, target: Any, count: int) -> npt.NDArray[np.int16]:
    """The transformed map, checked."""
    instance_map = target.get("instance_map") if isinstance(target, dict) else None
    if not isinstance(instance_map, Tensor) or instance_map.ndim != 2:
        raise StreamError(
            "transforms: expected (image, target) with target['instance_map'], an integer [H, W] mask, found "
            + (f"the keys {sorted(target)}" if isinstance(target, dict) else type(target).__name__)
        )
    if not isinstance(image, Tensor) or image.shape[-2:] != instance_map.shape:
        found = list(image.shape[-2:]) if isinstance(image, Tensor) else type(image).__name__
        raise StreamError(
            f"transforms: image: expected a tensor of the instance map's size {list(instance_map.shape)}, found {found}"
        )
    ids = np.ascontiguousarray(instance_map.numpy(), dtype=np.int16)
    if ids.size and (ids.min() < 0 or ids.max() > count):
        raise StreamError(
            f"transforms: instance_map: expected ids 0 … {count}, found {ids.min()} … {ids.max()}; "
            "fill what a transform uncovers with 0"
        )
    return ids


def _moved(key: str, target: Target, before: Target) -> Tensor:
    """A row-wise value as the transform left it, if it left all its rows; else as it was."""
    value = target.get(key)
    kept_all = isinstance(value, Tensor) and len(value) == len(before[key])
    return torch.as_tensor(value if kept_all else before[key])


def _amodal_boxes(
    target: Target, kept: npt.NDArray[np.integer], boxes: npt.NDArray[np.float32], count: int, size_hw: tuple[int, int]
) -> npt.NDArray[np.float32]:
    value = target.get("amodal_boxes")
    if not isinstance(value, Tensor) or len(value) != count:
        return boxes
    amodal = value.to(torch.float32).numpy()[kept]
    corners = np.minimum(amodal[:, :2], boxes[:, :2]), np.maximum(amodal[:, 2:], boxes[:, 2:])
    limits = np.array([size_hw[1], size_hw[0]] * 2, np.float32)
    widened = np.clip(np.concatenate(corners, axis=1), 0, limits)
    empty = (amodal[:, 2:] <= amodal[:, :2]).any(1)
    return np.where(empty[:, None], boxes, widened).astype(np.float32)


def _amodal_masks(target: Target, count: int) -> npt.NDArray[np.int8]:
    value = target.get("amodal_masks")
    if not isinstance(value, Tensor) or len(value) != count:
        found = f"{len(value)} rows" if isinstance(value, Tensor) else "none"
        raise StreamError(
            f"transforms: amodal_masks: expected {count} rows, found {found}; leave SanitizeBoundingBoxes out, "
            "what it is for is done after the transforms"
        )
    return np.ascontiguousarray(value.numpy(), dtype=np.int8)
