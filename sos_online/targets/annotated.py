"""Targets of annotated images: objects may overlap, and what is known of them are boxes and perhaps masks."""

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
from sos_online.targets.masks import flatten_masks
from sos_online.targets.rows import OF_THE_IMAGE, keep_rows
from sos_online.types import Target

# made anew from boxes and masks, or no row-wise value
_MADE = {"boxes", "labels", "masks", "area", "instance_map"} | OF_THE_IMAGE


def annotated_target(
    target: Target, boxes: npt.NDArray[np.float32], masks: npt.NDArray[np.uint8] | None, size_hw: tuple[int, int]
) -> Target:
    """``target`` with ``boxes`` XYXY ``[N, 4]``, cut at the canvas, and, if there are masks (0/1 ``[N, H, W]``),
    ``masks`` and ``instance_map``, in which the smaller object is in front."""
    limits = np.array([size_hw[1], size_hw[0]] * 2, np.float32)
    whole: Target = {**target, "boxes": as_boxes(np.clip(boxes, 0, limits), size_hw)}
    if masks is not None:
        whole["masks"] = Mask(torch.from_numpy(masks))
        whole["instance_map"] = Mask(torch.from_numpy(flatten_masks(masks)))
    return whole


def refit_annotated(image: Any, target: Any, before: Target) -> tuple[Image, Target]:
    """The counterpart of :func:`refit_target` for annotated images: what transforms gave, exact again.

    With masks, these are the truth: rows without pixels go, ``boxes`` are tight around the pixels that are left,
    ``area`` counts them. Without masks, boxes are cut at the canvas, empty ones go with their rows, and ``area`` is
    that of the box.

    Args:
        image, target: what the transform gave.
        before: the target that it was given; without ``instance_map``, which is made anew from the masks.

    Raises:
        StreamError: the transform dropped boxes, labels or masks, gave masks another size than the image, or dropped
            rows from them and not from other values, so that it cannot be said which is whose.
    """
    size_hw = _size_of(image, target)
    labels = _tensor(target, "labels", 1)
    count = len(labels)
    masks = _masks(target, size_hw) if "masks" in before else None
    boxes = _tensor(target, "boxes", 2).to(torch.float32).numpy()
    for name, rows in (("boxes", boxes), ("masks", masks)):
        if rows is not None and len(rows) != count:
            raise StreamError(f"transforms: {name}: expected {count} rows, as labels have, found {len(rows)}")
    refitted = {key: value for key, value in target.items() if key not in ("instance_map", "masks", "boxes")}
    refitted.update(_kept_with(target, before, count))
    if masks is None:
        boxes = np.clip(boxes, 0, np.array([size_hw[1], size_hw[0]] * 2, np.float32))
        areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
        kept = np.flatnonzero(areas > 0)
    else:
        measured = [boxes_and_areas(mask, [(0, 0, size_hw[1], size_hw[0])]) for mask in masks.view(np.int8)]
        boxes = np.concatenate([box for box, _ in measured]) if measured else boxes
        areas = np.concatenate([area for _, area in measured]) if measured else np.zeros(0)
        kept = np.flatnonzero(areas > 0)
    area = before["area"] if "area" in before else torch.zeros(0, dtype=torch.int64)
    refitted["area"] = torch.from_numpy(areas).to(area.dtype)
    chosen = keep_rows(refitted, kept.tolist())
    return Image(image), annotated_target(chosen, boxes[kept], None if masks is None else masks[kept], size_hw)


def _kept_with(target: Target, before: Target, count: int) -> Target:
    """Row-wise values that have as many rows as labels are left; those which a transform (``SanitizeBoundingBoxes``)
    forgot when it dropped rows can be given only if all rows had the same."""
    given = len(before["labels"])
    kept: Target = {}
    for key, value in before.items():
        if key in _MADE or not (isinstance(value, Tensor) and value.ndim and len(value) == given):
            continue
        after = target.get(key)
        if isinstance(after, Tensor) and after.ndim and len(after) == count:
            continue
        if count and not bool((value == value[:1]).all()):
            raise StreamError(
                f"transforms: {key}: expected {count} rows, as labels have, found {given}; leave SanitizeBoundingBoxes "
                "out, what it is for is done after the transforms"
            )
        kept[key] = value[:1].expand(count, *value.shape[1:]).clone() if given else value
    return kept


def _size_of(image: Any, target: Any) -> tuple[int, int]:
    if not isinstance(target, dict):
        raise StreamError(f"transforms: expected (image, target) with a dict, found {type(target).__name__}")
    if not isinstance(image, Tensor) or image.ndim != 3:
        found = list(image.shape) if isinstance(image, Tensor) else type(image).__name__
        raise StreamError(f"transforms: image: expected a tensor [C, H, W], found {found}")
    return image.shape[1], image.shape[2]


def _tensor(target: Target, key: str, ndim: int) -> Tensor:
    value = target.get(key)
    if not isinstance(value, Tensor) or value.ndim != ndim:
        found = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise StreamError(f"transforms: {key}: expected a tensor of {ndim} dimensions, found {found}")
    return value.as_subclass(Tensor)


def _masks(target: Target, size_hw: tuple[int, int]) -> npt.NDArray[np.uint8]:
    masks = _tensor(target, "masks", 3)
    if tuple(masks.shape[1:]) != size_hw:
        raise StreamError(
            f"transforms: masks: expected the image's size {list(size_hw)}, found {list(masks.shape[1:])}"
        )
    return np.ascontiguousarray((masks != 0).to(torch.uint8).numpy())
