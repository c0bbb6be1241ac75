"""The ``segmentation`` of a COCO annotation as a mask, with everything refused that pycocotools would believe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

MAX_COORDINATE = 2**16  # pycocotools walks along every edge: one that leads to the moon fills the memory


def decode_segmentation(segmentation: Any, size_hw: tuple[int, int]) -> npt.NDArray[np.uint8] | None:
    """Polygons, RLE or compressed RLE as a 0/1 mask ``[H, W]``; None if it is none of them, or of another size."""
    rle = segmentation_rle(segmentation, size_hw)
    return None if rle is None else np.ascontiguousarray(coco_mask.decode(rle))


def segmentation_rle(segmentation: Any, size_hw: tuple[int, int]) -> Any:
    """As :func:`decode_segmentation`, as a compressed RLE of pycocotools that is safe to decode."""
    height, width = size_hw
    try:
        if isinstance(segmentation, list):
            polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
            if not polygons or not all(map(_is_near, polygons)):
                return None
            return polygons_rle(polygons, size_hw)
        if isinstance(segmentation, dict) and tuple(segmentation["size"]) == (height, width):
            counts = segmentation["counts"]
            listed = counts if isinstance(counts, list) else _uncompressed(counts)
            # pycocotools fills what the counts leave over with whatever lies in memory
            if not all(type(count) is int and count >= 0 for count in listed) or sum(listed) != height * width:
                return None
            return coco_mask.frPyObjects({"size": [height, width], "counts": listed}, height, width)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return None


def polygons_rle(polygons: Sequence[Any], size_hw: tuple[int, int]) -> Any:
    """The union of polygons of six finite coordinates or more, none of them beyond ``MAX_COORDINATE``, as an RLE."""
    drawn = coco_mask.frPyObjects(list(polygons), *size_hw)
    return drawn[0] if len(drawn) == 1 else coco_mask.merge(drawn)


def _is_near(polygon: Any) -> bool:
    coordinates = np.asarray(polygon, np.float64)
    return coordinates.ndim == 1 and bool((np.abs(coordinates) <= MAX_COORDINATE).all())  # NaN is not


def _uncompressed(text: str | bytes) -> list[int]:
    """The counts of a compressed RLE: five bits a character, the sixth says that more follow; from the fourth count on
    the difference to the last but one. Raises ``ValueError``."""
    codes = [code - 48 for code in (text.encode("ascii") if isinstance(text, str) else bytes(text))]
    counts: list[int] = []
    value = shift = 0
    for code in codes:
        if not 0 <= code < 64:
            raise ValueError("not a character of a compressed RLE")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("ends within a count")
    return counts
