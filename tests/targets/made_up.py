"""Targets made up for the formats: one of each kind that a writer can stumble over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask

from sos_online.types import Target

MaskArray = npt.NDArray[np.bool_]


def target_of(
    masks: Sequence[MaskArray],
    size_hw: tuple[int, int],
    *,
    labels: Sequence[int] | None = None,
    crowds: Sequence[int] | None = None,
    keep_masks: bool = False,
    image_id: int = 0,
) -> Target:
    """A target of masks, front to back: earlier rows own the pixels that several cover; without ``visibility``."""
    count = len(masks)
    ids = np.zeros(size_hw, np.int16)
    for row in reversed(range(count)):
        ids[masks[row]] = row + 1
    seen = masks if keep_masks else [ids == row + 1 for row in range(count)]
    corners = [[c.min(), r.min(), c.max() + 1, r.max() + 1] for r, c in map(np.nonzero, seen)]
    boxes = torch.tensor(np.array(corners, np.float32).reshape(-1, 4))
    target: Target = {
        "boxes": BoundingBoxes(boxes, format=BoundingBoxFormat.XYXY, canvas_size=size_hw),
        "labels": torch.tensor(labels or [row % 3 + 1 for row in range(count)], dtype=torch.int64),
        "instance_map": Mask(torch.from_numpy(ids)),
        "area": torch.tensor([int(mask.sum()) for mask in seen], dtype=torch.int64),
        "iscrowd": torch.tensor(crowds or [0] * count, dtype=torch.int64),
        "image_id": image_id,
    }
    if keep_masks:
        dense = np.stack(masks).astype(np.uint8) if count else np.zeros((0, *size_hw), np.uint8)
        target["masks"] = Mask(torch.from_numpy(dense))
    return target


def rectangle(size_hw: tuple[int, int], x1: int, y1: int, x2: int, y2: int) -> MaskArray:
    mask = np.zeros(size_hw, bool)
    mask[y1:y2, x1:x2] = True
    return mask


def disc(size_hw: tuple[int, int], x: float, y: float, radius: float) -> MaskArray:
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    return np.asarray(np.hypot(columns - x, rows - y) <= radius)


def nothing() -> Target:
    return target_of([], (40, 50))


def single_pixels() -> Target:
    """In the corners, where rounding would leave the picture."""
    size_hw = 40, 50
    return target_of([rectangle(size_hw, x, y, x + 1, y + 1) for x, y in [(0, 0), (49, 0), (0, 39), (49, 39), (7, 5)]],
                     size_hw)  # fmt: skip


def pieces_and_holes() -> Target:
    size_hw = 60, 64
    ring = disc(size_hw, 30, 30, 25) & ~disc(size_hw, 30, 30, 12)
    dots = rectangle(size_hw, 0, 0, 3, 3) | rectangle(size_hw, 60, 50, 64, 60) | rectangle(size_hw, 3, 3, 5, 4)
    return target_of([ring, dots, disc(size_hw, 30, 30, 5)], size_hw)


def many() -> Target:
    """300 objects of 2 x 1 pixels."""
    size_hw = 60, 64
    return target_of([rectangle(size_hw, 3 * (i % 20), 3 * (i // 20), 3 * (i % 20) + 2, 3 * (i // 20) + 1)
                      for i in range(300)], size_hw)  # fmt: skip


def overlapping() -> Target:
    """As real sets have them: masks overlap; the last is hidden in the map altogether."""
    size_hw = 48, 32
    masks = [disc(size_hw, 12, 20, 10), disc(size_hw, 20, 24, 10), disc(size_hw, 12, 20, 4)]
    return target_of(masks, size_hw, keep_masks=True)


def with_crowd() -> Target:
    size_hw = 48, 32
    masks = [rectangle(size_hw, 2, 2, 10, 30), rectangle(size_hw, 0, 30, 32, 48)]
    return target_of(masks, size_hw, labels=[2, 3], crowds=[0, 1], keep_masks=True)


KINDS: tuple[Callable[[], Target], ...] = (
    nothing,
    single_pixels,
    pieces_and_holes,
    many,
    overlapping,
    with_crowd,
)


def with_expressions(target: Target) -> Target:
    """A target with expressions that mean one object, several and none, in words that a format can stumble over."""
    rows = range(min(len(target["labels"]), 4))
    texts = [f"the Käse 🧀 no. {row}, e\u0301tage" for row in rows]
    expressions = [{"text": text, "rows": [row], "kind": "attribute"} for row, text in enumerate(texts)]
    expressions += [{"text": f"İt's “thing” {row}", "rows": [row], "kind": "position"} for row in rows]
    if len(rows) > 1:
        expressions.append({"text": "all of the things on the left", "rows": list(rows), "kind": "position"})
        expressions.append({"text": "The first two", "rows": [0, 1], "kind": "mixed"})
    expressions.append({"text": "a purple elephant", "rows": [], "kind": "attribute"})
    expressions.append({"text": "the tram. on the roof", "rows": [], "kind": "position"})
    return {**target, "expressions": expressions}


def size_of(target: Target) -> tuple[int, int]:
    height, width = target["instance_map"].shape
    return height, width


def visible_masks(target: Target) -> list[MaskArray]:
    """The rows' masks, plainly."""
    if "masks" in target:
        return [mask.numpy().astype(bool) for mask in target["masks"]]
    return [target["instance_map"].numpy() == row + 1 for row in range(len(target["labels"]))]
