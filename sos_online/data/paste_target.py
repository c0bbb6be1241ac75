"""The target of a photo into which objects were pasted: their rows, and what they leave of the photo's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask

from sos_online.compose import VisibilityRule
from sos_online.data.mixing.relabel import NEGATIVE, NOT_EXHAUSTIVE, as_given
from sos_online.errors import StreamError
from sos_online.ops.boxes import boxes_and_areas
from sos_online.targets import expand_masks, flatten_masks, keep_rows
from sos_online.targets.rows import OF_THE_IMAGE
from sos_online.types import Target

_NEEDED = ("boxes", "labels", "area", "iscrowd")


def paste_target(photo: Target, pasted: Target, rule: VisibilityRule) -> Target:
    """Both targets as one: the rows of ``pasted`` lie on top and come first.

    Of the photo's rows, those that nothing covers stay as they are annotated. Of the others ``masks``, ``boxes`` and
    ``area`` are what is left, and one of which less is left than ``rule`` wants goes. A crowd region stays as long as
    a pixel of it is left: it says where not to look.

    Returns:
        The keys of ``photo`` but for ``expressions``, and ``visibility`` (of a photo's row: what is left, over what was
        annotated), ``amodal_boxes`` (as annotated), ``segment_ids`` (-1 for a photo's rows), and ``amodal_masks`` if
        ``pasted`` has them. ``instance_map`` holds all rows; where masks of the photo overlap, the smaller is in front.
        Row-wise values that only ``photo`` has are -1 for pasted rows (0 where no sign fits). LVIS' lists stay true: a
        pasted category is not absent any more, and one that nobody looked for, or of which a row went though it can be
        seen, is not annotated exhaustively.

    Raises:
        StreamError: ``photo`` has no ``boxes``, ``labels``, ``area`` or ``iscrowd``, or neither ``masks`` nor an
            ``instance_map``.
    """
    _check(photo)
    on_top = pasted["instance_map"].as_subclass(Tensor) > 0
    whole = _masks_of(photo)
    left_masks = whole & ~on_top
    before, left = _pixels(whole), _pixels(left_masks)
    touched = left < before
    enough = (left >= rule.min_pixels) & (left >= rule.min_share * before)
    kept = ~touched | enough | ((photo["iscrowd"] == 1) & (left > 0))

    # what was proven of the photo alone need not be true with more objects on it
    rest = {key: value for key, value in photo.items() if key not in ("instance_map", "expressions")}
    rest["amodal_boxes"] = rest["boxes"]
    rest["visibility"] = (left / before.clamp(min=1)).to(torch.float32).where(touched, torch.tensor(1.0))
    rest["boxes"], rest["area"] = _shrunk(photo, left_masks, touched)
    if "amodal_masks" in pasted:
        rest["amodal_masks"] = Mask(whole.to(torch.uint8))
    rest["masks"] = Mask(left_masks.to(torch.uint8))
    rest = keep_rows(rest, kept.nonzero().flatten().tolist())
    joined = _joined(pasted, rest, with_masks="masks" in photo)
    of_photo = torch.from_numpy(flatten_masks(rest["masks"].numpy()))
    joined["instance_map"] = Mask(
        torch.where(of_photo > 0, of_photo + len(pasted["labels"]), pasted["instance_map"].as_subclass(Tensor))
    )
    gone = photo["labels"][~kept & (left > 0)].tolist()
    joined.update(_lists(photo, {int(label) for label in pasted["labels"]}, {int(label) for label in gone}))
    return joined


def _check(photo: Target) -> None:
    missing = [key for key in _NEEDED if key not in photo]
    if missing or ("masks" not in photo and "instance_map" not in photo):
        raise StreamError(
            f"photo's target: expected {', '.join(_NEEDED)}, and masks or instance_map, found {sorted(photo)}"
        )


def _masks_of(photo: Target) -> Tensor:
    """Mask of each row, bool ``[N, H, W]``."""
    masks = photo.get("masks")
    if masks is None:
        masks = expand_masks(photo["instance_map"].as_subclass(Tensor), len(photo["labels"]))
    dense: Tensor = masks.as_subclass(Tensor).to(torch.bool)
    return dense


def _pixels(masks: Tensor) -> Tensor:
    """Pixels of each mask, int64 ``[N]``."""
    # twenty times as fast as a tensor's sum of booleans
    return torch.tensor([np.count_nonzero(mask) for mask in masks.numpy()], dtype=torch.int64)


def _shrunk(photo: Target, left_masks: Tensor, touched: Tensor) -> tuple[BoundingBoxes, Tensor]:
    """Boxes and areas: of what is left where something is covered, else as they are annotated."""
    boxes, area = photo["boxes"].as_subclass(Tensor).clone(), photo["area"].as_subclass(Tensor).clone()
    height, width = left_masks.shape[1:]
    for row in touched.nonzero().flatten().tolist():
        of_row = left_masks[row].numpy().astype(np.int16)
        box, pixels = boxes_and_areas(of_row, [(0, 0, width, height)])
        boxes[row], area[row] = torch.from_numpy(box[0]), int(pixels[0])
    return BoundingBoxes(boxes, format=BoundingBoxFormat.XYXY, canvas_size=(height, width)), area


def _joined(pasted: Target, rest: Target, *, with_masks: bool) -> Target:
    """Row-wise values of both, the pasted ones first; the others are the photo's."""
    ahead, behind = len(pasted["labels"]), len(rest["labels"])
    filled = {**rest, "segment_ids": torch.full((behind,), -1)}
    if with_masks:
        pasted = {**pasted, "masks": Mask(expand_masks(pasted["instance_map"], ahead))}
    else:
        del filled["masks"]
    joined: Target = {}
    for key, value in filled.items():
        of_rows = key not in OF_THE_IMAGE and isinstance(value, Tensor) and value.ndim and len(value) == behind
        if not of_rows:
            joined[key] = value
            continue
        plain = value.as_subclass(Tensor)
        first = pasted[key].as_subclass(Tensor).to(plain.dtype) if key in pasted else _unknown(plain, ahead)
        both = torch.cat([first, plain])
        joined[key] = _like(both, value)
    return joined


def _unknown(values: Tensor, rows: int) -> Tensor:
    signed = values.dtype.is_signed
    return torch.full((rows, *values.shape[1:]), -1 if signed else 0, dtype=values.dtype)


def _like(rows: Tensor, value: Tensor) -> Any:
    if isinstance(value, BoundingBoxes):
        return BoundingBoxes(rows, format=value.format, canvas_size=value.canvas_size)
    return Mask(rows) if isinstance(value, Mask) else rows


def _lists(photo: Target, pasted: set[int], gone: set[int]) -> Target:
    """LVIS' lists, if the photo has them."""
    if NEGATIVE not in photo and NOT_EXHAUSTIVE not in photo:
        return {}
    absent = {int(label) for label in photo.get(NEGATIVE, ())}
    present = {int(label) for label in photo["labels"]}
    partly = {int(label) for label in photo.get(NOT_EXHAUSTIVE, ())} | gone | (pasted - absent - present)
    lists = {NEGATIVE: sorted(absent - pasted), NOT_EXHAUSTIVE: sorted(partly)}
    return {key: as_given(labels, photo[key]) for key, labels in lists.items() if key in photo}
