"""Map-style datasets as users write them, for tests."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torchvision.tv_tensors import Image

from sos_online.data.map_stream import MapStream
from sos_online.data.sample_iterator import Sample
from sos_online.types import Target
from tests.data.streams import NumberedStream


class Numbered:
    """Item ``i`` shows ``i`` in red; what it draws from the global generators is in ``target["drawn"]``."""

    category_names = ("a", "b", "c")

    def __init__(self, length: int, broken: tuple[int, ...] = ()) -> None:
        self._samples = NumberedStream(max(length, 1))
        self._length = length
        self._broken = broken

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, item: int) -> Sample:
        if item in self._broken:
            raise OSError(f"{item}.jpg is truncated")
        image, target = self._samples.sample(item)
        del target["instance_map"]
        drawn = torch.rand(1).item(), float(np.random.rand()), random.random()  # noqa: NPY002
        return image, {**target, "drawn": drawn}


class Given:
    """One item, whatever it is."""

    def __init__(self, *items: Any) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, item: int) -> Any:
        return self._items[item]


def plain(rows: int = 2, side: int = 16, **changes: Any) -> Sample:
    """In the style of a tutorial: plain tensors, nothing that is not needed."""
    masks = torch.zeros(rows, side, side, dtype=torch.bool)
    boxes = torch.zeros(rows, 4)
    for row in range(rows):
        masks[row, row : row + 4, 2:9] = True
        boxes[row] = torch.tensor([2, row, 9, row + 4])
    target = {"boxes": boxes, "labels": torch.ones(rows, dtype=torch.int64), "masks": masks, **changes}
    return Image(torch.full((3, side, side), 9, dtype=torch.uint8)), {
        key: value for key, value in target.items() if value is not None
    }


def completed(sample: Any, **options: Any) -> tuple[Any, Target]:
    return MapStream(Given(sample), **options).sample(0)
