"""A target's values as JSON that people and other programs read, and back as the same tensors to the bit.

Tensors are lists of numbers (a float has digits enough to be the same again), masks are COCO's compressed RLE. What
JSON does not say stands beside them: ``types`` holds each tensor's kind, dtype and shape.
"""

from __future__ import annotations

import json
import math
import reprlib
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask, TVTensor

from sos_online.data.cache.pictures import MAX_ID
from sos_online.errors import BrokenSampleError, CacheError
from sos_online.library.sources.reading.segmentation import decode_segmentation
from sos_online.targets.coco import encode_mask
from sos_online.types import Target

MAX_NUMBERS = 1 << 20  # in one tensor: what is larger does not belong into text
_MAX_MASK_PIXELS = 1 << 32
_MAX_DIMENSIONS = 8
_TENSOR, _BOXES, _MASKS = "tensor", "boxes", "masks"
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
_DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in (*_FLOATS, *_INTEGERS, torch.bool)}
_MASK_DTYPES = ("uint8", "bool")
# what JSON's numbers may be for a tensor, and as what they are all exact
_KINDS: dict[str, tuple[frozenset[type], type]] = {
    "bool": (frozenset({bool}), np.bool_),
    "int": (frozenset({int}), np.int64),
    "float": (frozenset({float, int}), np.float64),
}
_WIDE = (torch.bool, torch.int64, torch.float64)
# of the package's own keys, which have a row for each object
_ROWS = ("boxes", "amodal_boxes", "labels", "area", "iscrowd", "visibility", "segment_ids", "masks", "amodal_masks")


def encode_values(target: Target, size_hw: tuple[int, ...], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A target's values, and their types: what JSON can hold.

    Args:
        target: without its instance map.
        size_hw: of the picture, which boxes and masks must be on.
        where: names the sample.

    Raises:
        CacheError: naming the key that cannot be stored.
    """
    values: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for key, value in target.items():
        try:
            if not isinstance(key, str):
                raise ValueError("expected a key that is text")
            if isinstance(value, Tensor):
                values[key], types[key] = _encode_tensor(value, size_hw)
            else:
                values[key] = _checked_plain(value)
        except ValueError as error:
            raise CacheError(f"{where}: target[{key!r}]: cannot be stored: {error}") from None
    return values, types


def decode_values(values: Any, types: Any, size_hw: tuple[int, int], where: str) -> Target:
    """Inverse of :func:`encode_values`; ``where`` names shard and sample.

    Raises:
        BrokenSampleError: naming the key whose value is not what its type says.
    """
    if not isinstance(values, dict) or not isinstance(types, dict) or not types.keys() <= values.keys():
        raise BrokenSampleError(f"{where}: target: expected values and their types")
    target: Target = {}
    for key, value in values.items():
        try:
            target[key] = _decode_tensor(value, types[key], size_hw) if key in types else value
        except (ValueError, OverflowError, TypeError) as error:
            raise BrokenSampleError(f"{where}: target.{key}: {error}") from None
    labels = target.get("labels")
    count = len(labels) if isinstance(labels, Tensor) and labels.ndim == 1 and labels.dtype is torch.int64 else -1
    for key in _ROWS:
        value = target.get(key, labels)
        if not isinstance(value, Tensor) or value.ndim < 1 or len(value) != count or count > MAX_ID:
            raise BrokenSampleError(f"{where}: target.{key}: expected as many rows as labels, an int64 [N]")
    return target


def _encode_tensor(value: Tensor, size_hw: tuple[int, ...]) -> tuple[Any, list[Any]]:
    # of boxes and masks every question is slow; and detached, they would be made anew
    plain = (value.as_subclass(Tensor) if isinstance(value, TVTensor) else value).detach()
    dtype = str(plain.dtype).removeprefix("torch.")
    shape = list(plain.shape)
    if dtype not in _DTYPES or plain.layout is not torch.strided or plain.ndim > _MAX_DIMENSIONS:
        raise ValueError(f"a tensor of {dtype} {shape} ({plain.layout})")
    if plain.device.type != "cpu":
        raise ValueError(f"it is on {plain.device}, expected cpu")
    if isinstance(value, Mask):
        if plain.ndim != 3 or tuple(shape[1:]) != size_hw or dtype not in _MASK_DTYPES or plain.gt(1).any():
            raise ValueError(f"expected masks [N, H, W] of 0 and 1, found {dtype} {shape}")
        return [encode_mask(mask.numpy()) for mask in plain], [_MASKS, dtype, shape]
    if isinstance(value, BoundingBoxes):
        is_xyxy = value.format is BoundingBoxFormat.XYXY and plain.ndim == 2 and plain.is_floating_point()
        if not is_xyxy or tuple(value.canvas_size) != size_hw:
            raise ValueError(
                f"expected boxes XYXY of a floating type on {size_hw}, found {value.format} of {dtype} {shape} "
                f"on {tuple(value.canvas_size)}"
            )
    elif isinstance(value, TVTensor):
        raise ValueError(f"expected a tensor, boxes or masks, found {type(value).__name__}")
    if plain.numel() > MAX_NUMBERS:
        raise ValueError(f"{plain.numel()} numbers, expected at most {MAX_NUMBERS}")
    if plain.is_floating_point() and not plain.isfinite().all():
        raise ValueError("it is not finite, which JSON has no number for")
    return plain.tolist(), [_BOXES if isinstance(value, BoundingBoxes) else _TENSOR, dtype, shape]


def _decode_tensor(value: Any, stated: Any, size_hw: tuple[int, int]) -> Tensor:
    """Raises ``ValueError`` saying what is wrong."""
    kind, dtype, shape = _checked_type(stated)
    if kind == _MASKS:
        if dtype not in _MASK_DTYPES or len(shape) != 3 or tuple(shape[1:]) != size_hw or len(value) != shape[0]:
            raise ValueError(f"expected {shape} masks of the picture's size, found {len(value)} of {dtype}")
        if math.prod(shape) > _MAX_MASK_PIXELS:
            raise ValueError(f"expected at most {_MAX_MASK_PIXELS} pixels in all masks, found {shape}")
        dense = np.zeros(shape, np.uint8)
        for row, rle in enumerate(value):
            mask = decode_segmentation(rle, size_hw) if isinstance(rle, dict) else None
            if mask is None:
                raise ValueError(f"{row}: no valid RLE")
            dense[row] = mask
        masks: Tensor = Mask(torch.from_numpy(dense).to(_DTYPES[dtype]))
        return masks
    if math.prod(shape) > MAX_NUMBERS:
        raise ValueError(f"expected at most {MAX_NUMBERS} numbers, found {shape}")
    tensor = _numbers(value, _DTYPES[dtype], shape)
    if kind == _TENSOR:
        return tensor
    if len(shape) != 2 or shape[1] != 4 or not tensor.is_floating_point():
        raise ValueError(f"expected boxes [N, 4], found {dtype} {shape}")
    boxes: Tensor = BoundingBoxes(tensor, format=BoundingBoxFormat.XYXY, canvas_size=size_hw)
    return boxes


def _numbers(value: Any, dtype: torch.dtype, shape: list[int]) -> Tensor:
    kinds, wide = _KINDS["float" if dtype.is_floating_point else "bool" if dtype is torch.bool else "int"]
    leaves = _leaves(value, shape)
    array: npt.NDArray[Any] | None = None
    try:
        if leaves is not None and kinds.issuperset(map(type, leaves)):
            array = np.array(leaves, wide).reshape(shape)
    except OverflowError:
        pass
    if array is None:
        raise ValueError(f"expected {dtype} {shape}, found {reprlib.repr(value)}")
    exact = torch.from_numpy(array).to(dtype)
    # NumPy takes a fifth of the time, and knows all types but one
    back = (exact.to(torch.float64) if dtype is torch.bfloat16 else exact).numpy()
    if not np.isfinite(array).all() or (dtype not in _WIDE and not (back == array).all()):
        raise ValueError(f"expected numbers of {dtype}, found others")
    return exact


def _leaves(value: Any, shape: list[int]) -> list[Any] | None:
    """What lists within lists of a shape hold at last; None if they are of another. No array is made of what is not
    looked at yet: it could be far larger than the text."""
    if not shape:
        return [value]
    if not isinstance(value, list) or len(value) != shape[0]:
        return None
    if len(shape) == 1:
        return value
    parts = [_leaves(part, shape[1:]) for part in value]
    return None if None in parts else [leaf for part in parts for leaf in part or ()]


def _checked_type(stated: Any) -> tuple[str, str, list[int]]:
    if isinstance(stated, list) and len(stated) == 3:
        kind, dtype, shape = stated
        sizes = shape if isinstance(shape, list) and len(shape) <= _MAX_DIMENSIONS else [-1]
        whole = all(type(size) is int and 0 <= size < 2**31 for size in sizes)
        if kind in (_TENSOR, _BOXES, _MASKS) and isinstance(dtype, str) and dtype in _DTYPES and whole:
            return kind, dtype, sizes
    raise ValueError(f"type: expected kind, dtype and shape, found {stated!r:.80}")


def _checked_plain(value: Any) -> Any:
    """The value itself, if JSON gives back an equal one. Raises ``ValueError``."""
    if type(value) not in (dict, list, str, int, float, bool, type(None)):
        raise ValueError(f"expected a tensor or what JSON can hold, found {type(value).__name__}")
    try:
        # a tuple would come back as a list, and a number that is a key as text
        if json.loads(json.dumps(value, allow_nan=False)) == value:
            return value
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    raise ValueError("it would not come back from JSON as it is (a tuple? keys that are no text?)")
