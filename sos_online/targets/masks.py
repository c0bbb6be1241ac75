"""Dense masks from an instance map, and an instance map from dense masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def expand_masks(instance_map: Tensor, count: int) -> Tensor:
    """Masks of the ids 1 … ``count``.

    Args:
        instance_map: integer ``[H, W]``, 0 = background.
        count: number of rows N.

    Returns:
        uint8 ``[N, H, W]``, 0 or 1, on the map's device.
    """
    ids = torch.arange(1, count + 1, dtype=instance_map.dtype, device=instance_map.device)
    return (instance_map[None] == ids[:, None, None]).view(torch.uint8)


def flatten_masks(masks: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
    """An instance map of masks that may overlap: there, the smaller object is in front; of equal ones, the first.

    An object that smaller ones cover has no pixel in the map.

    Args:
        masks: ``[N, H, W]``, 0 or 1, N at most 32,767.

    Returns:
        ``[H, W]``, 0 = background, ``i + 1`` = row ``i``.
    """
    instance_map = np.zeros(masks.shape[1:], np.int16)
    pixels = np.array([cv2.countNonZero(mask) for mask in masks], np.int64)
    for row in np.lexsort((-np.arange(len(masks)), -pixels)):
        x, y, width, height = cv2.boundingRect(masks[row])
        window = (slice(y, y + height), slice(x, x + width))
        np.copyto(instance_map[window], np.int16(row + 1), where=masks[row][window].view(bool))
    return instance_map


def show_beneath(
    instance_map: npt.NDArray[np.int16], masks: npt.NDArray[np.uint8], gone: Sequence[npt.NDArray[np.uint8]]
) -> None:
    """Give pixels that ``gone`` objects left as background to what lay beneath, in place.

    A map that was ``flatten_masks`` of all objects, without the ids of those that are gone, becomes
    ``flatten_masks(masks)``; only where the boxes of both meet is it looked at.

    Args:
        instance_map: ``[H, W]``, 0 = background, ``i + 1`` = row ``i`` of ``masks``.
        masks: ``[N, H, W]``, 0 or 1, of objects that stay.
        gone: ``[H, W]`` each, 0 or 1, of those that do not.
    """
    holes = _corners(gone)
    holes = holes[holes[:, 0] < holes[:, 2]]
    if not len(holes):
        return
    left, top = holes[:, :2].min(0).tolist()
    end, bottom = holes[:, 2:].max(0).tolist()
    # reading masks is what takes the time: only where all holes are
    corners = _corners([mask[top:bottom, left:end] for mask in masks]) + np.array([left, top, left, top])
    # [N, M, 2]: where the box of a row and the box of a hole meet
    low = np.maximum(corners[:, None, :2], holes[None, :, :2])
    high = np.minimum(corners[:, None, 2:], holes[None, :, 2:])
    meet: npt.NDArray[np.bool_] = np.all(low < high, axis=-1)
    beneath = np.flatnonzero(np.any(meet, axis=1)).tolist()
    pixels = {row: cv2.countNonZero(masks[row]) for row in beneath}
    for row in sorted(beneath, key=lambda row: (pixels[row], row)):  # what is in front takes its pixels first
        x, y = low[row, meet[row]].min(0).tolist()
        x_end, y_end = high[row, meet[row]].max(0).tolist()
        window = instance_map[y:y_end, x:x_end]
        np.copyto(window, np.int16(row + 1), where=masks[row, y:y_end, x:x_end].view(bool) & (window == 0))


def _corners(masks: Iterable[npt.NDArray[np.uint8]]) -> npt.NDArray[np.int64]:
    """Tight boxes ``[N, 4]`` XYXY, half-open; all 0 for an empty mask."""
    boxes = np.array([cv2.boundingRect(mask) for mask in masks], np.int64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes
