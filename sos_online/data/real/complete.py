"""What a map-style dataset gives, completed to the target convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch
from torch import Tensor
from torchvision.transforms.v2.functional import convert_bounding_box_format, pil_to_tensor, to_dtype
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Image

from sos_online.data.sample_iterator import Sample
from sos_online.errors import StreamError
from sos_online.ops.boxes import boxes_and_areas
from sos_online.targets import annotated_target, keep_rows
from sos_online.types import Target


def complete_sample(place: str, given: Any, item: int, categories: int | None) -> Sample:
    """A sample as :class:`MapStream` says, of what a dataset gave.

    Boxes are the dataset's own, cut at the image. An empty one is read off the mask, if that has pixels (``x2`` may
    have been the last column itself); rows that have neither go.

    Args:
        place: what to call it in messages.
        given: of the dataset.
        item: its number, the ``image_id`` where the target has none.
        categories: how many there are, if that is known.

    Raises:
        StreamError: it is no sample, and why.
    """
    if not (isinstance(given, tuple | list) and len(given) == 2):
        raise StreamError(f"{place}: expected (image, target), found {_shown(given)}")
    picture, target = given
    if not isinstance(target, Mapping):
        raise StreamError(
            f"{place}: target: expected a dict with 'boxes' and 'labels', found {_shown(target)}; a dataset of "
            "torchvision's gives one in wrap_dataset_for_transforms_v2(dataset)"
        )
    image = _image(f"{place}: image", picture)
    size_hw = image.shape[1], image.shape[2]
    empty = "boxes" not in target and "labels" not in target  # torchvision's wrapper on an image without objects
    labels = torch.zeros(0, dtype=torch.int64) if empty else _labels(place, target, categories)
    boxes = np.zeros((0, 4), np.float32) if empty else _boxes(place, target, len(labels), size_hw)
    masks = _masks(place, target, len(labels), size_hw)
    boxes, pixels = _mended(boxes, masks, size_hw)
    completed: Target = {
        **{key: value for key, value in target.items() if key not in ("boxes", "masks", "instance_map")},
        "labels": labels,
        "area": _rows(place, target, "area", pixels),
        "iscrowd": _rows(place, target, "iscrowd", torch.zeros(len(labels), dtype=torch.int64)),
        "image_id": _image_id(target.get("image_id", item)),
    }
    kept = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(1))
    completed = keep_rows(completed, kept.tolist())
    return image, annotated_target(completed, boxes[kept], None if masks is None else masks[kept], size_hw)


def _image(place: str, picture: Any) -> Image:
    """uint8 ``[3, H, W]``."""
    if isinstance(picture, PIL.Image.Image):
        return Image(pil_to_tensor(picture.convert("RGB")))
    found = f"{list(picture.shape)} {picture.dtype}" if isinstance(picture, Tensor) else _shown(picture)
    pixels = picture.as_subclass(Tensor) if isinstance(picture, Tensor) and picture.ndim == 3 else None
    if pixels is not None and pixels.is_floating_point() and pixels.numel():
        low, high = float(pixels.amin()), float(pixels.amax())
        found += f", {low:.3g} … {high:.3g}"
        pixels = to_dtype(pixels, torch.uint8, scale=True) if low >= 0 and high <= 1 else None
    if pixels is None or pixels.dtype is not torch.uint8 or len(pixels) not in (1, 3) or not pixels.numel():
        raise StreamError(
            f"{place}: expected a PIL image or a tensor [3, H, W], uint8 or float in 0 … 1, found {found}; what a "
            "model normalises with belongs behind the loader"
        )
    return Image(pixels if len(pixels) == 3 else pixels.expand(3, -1, -1).contiguous())


def _labels(place: str, target: Mapping[str, Any], categories: int | None) -> Tensor:
    labels = _as_tensor(place, target, "labels")
    whole = not labels.is_floating_point() or not labels.numel()
    if labels.ndim != 1 or not whole:
        raise StreamError(f"{place}: labels: expected integers [N], found {list(labels.shape)} {labels.dtype}")
    labels = labels.to(torch.int64)
    last = categories or 2**62
    if len(labels) and not 1 <= int(labels.min()) <= int(labels.max()) <= last:
        found = f"{int(labels.min())} … {int(labels.max())}"
        raise StreamError(f"{place}: labels: expected 1 … {categories or 'C'} (0 is the background), found {found}")
    return labels


def _boxes(place: str, target: Mapping[str, Any], count: int, size_hw: tuple[int, int]) -> npt.NDArray[np.float32]:
    boxes = _as_tensor(place, target, "boxes").to(torch.float32)
    given = target["boxes"]
    if not boxes.numel():
        boxes = boxes.reshape(0, 4)
    elif isinstance(given, BoundingBoxes) and given.format is not BoundingBoxFormat.XYXY and boxes.shape[-1] == 4:
        boxes = convert_bounding_box_format(boxes, given.format, BoundingBoxFormat.XYXY)
    if tuple(boxes.shape) != (count, 4) or not bool(boxes.isfinite().all()):
        raise StreamError(
            f"{place}: boxes: expected [{count}, 4], as there are labels, all finite, found {list(boxes.shape)}"
        )
    limits = np.array([size_hw[1], size_hw[0]] * 2, np.float32)
    cut: npt.NDArray[np.float32] = np.clip(boxes.numpy(), 0, limits)
    return cut


def _masks(place: str, target: Mapping[str, Any], count: int, size_hw: tuple[int, int]) -> npt.NDArray[np.uint8] | None:
    if not count:
        return np.zeros((0, *size_hw), np.uint8)
    if "masks" not in target:
        return None
    masks = _as_tensor(place, target, "masks")
    if tuple(masks.shape) != (count, *size_hw):
        raise StreamError(f"{place}: masks: expected {[count, *size_hw]}, found {list(masks.shape)}")
    return np.ascontiguousarray((masks != 0).to(torch.uint8).numpy())


def _mended(
    boxes: npt.NDArray[np.float32], masks: npt.NDArray[np.uint8] | None, size_hw: tuple[int, int]
) -> tuple[npt.NDArray[np.float32], Tensor]:
    """Boxes, and int64 areas of masks or else of boxes. An empty box whose mask has pixels is that of the mask."""
    if masks is None:
        return boxes, torch.from_numpy(np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), 1)).round().to(torch.int64)
    boxes = boxes.copy()
    areas = np.zeros(len(masks), np.int64)
    for row, mask in enumerate(masks.view(np.int8)):
        tight, pixels = boxes_and_areas(mask, [(0, 0, size_hw[1], size_hw[0])])
        areas[row] = pixels[0]
        if not (boxes[row, 2:] > boxes[row, :2]).all():
            boxes[row] = tight[0]
    return boxes, torch.from_numpy(areas)


def _rows(place: str, target: Mapping[str, Any], key: str, default: Tensor) -> Tensor:
    """``target[key]`` as int64, one a row; ``default`` if it is not there."""
    if key not in target:
        return default
    values = _as_tensor(place, target, key)
    if len(values) != len(default) or values.ndim != 1:
        raise StreamError(f"{place}: {key}: expected [{len(default)}], as there are labels, found {list(values.shape)}")
    return values.round().to(torch.int64) if values.is_floating_point() else values.to(torch.int64)


def _as_tensor(place: str, target: Mapping[str, Any], key: str) -> Tensor:
    if key not in target:
        raise StreamError(f"{place}: target: {key!r} is missing, found the keys {sorted(map(str, target))}")
    try:
        value = torch.as_tensor(target[key])
    except (TypeError, ValueError, RuntimeError):
        raise StreamError(f"{place}: {key}: expected a tensor, found {_shown(target[key])}") from None
    return value.as_subclass(Tensor).detach().cpu()


def _image_id(value: Any) -> Any:
    """A number where it is one in a tensor or a list, as torchvision's tutorials have it."""
    if isinstance(value, Tensor) and value.numel() == 1:
        return value.item()
    return value[0] if isinstance(value, list | tuple) and len(value) == 1 else value


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.80}"
