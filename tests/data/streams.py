"""Streams made up for tests: small samples whose every value says which sample it is."""

from __future__ import annotations

from typing import Any

import torch
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Image, Mask

from sos_online.data.sample_iterator import Sample
from sos_online.data.stream import SampleStream
from sos_online.types import Target


class NumberedStream(SampleStream):
    """Sample ``index`` of epoch ``epoch`` shows ``index`` in red and ``epoch`` in green, and has ``index % 3`` rows."""

    def __init__(self, length: int, *, side: int = 8, **options: Any) -> None:
        super().__init__(length, **options)
        self._side = side

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        self.check_index(index)
        epoch = self.epoch if epoch is None else epoch
        side = self._side
        image = torch.zeros(3, side, side, dtype=torch.uint8)
        image[0], image[1] = index % 256, epoch % 256
        image[2] = torch.arange(side)
        return Image(image), numbered_target(index, index % 3, side)

    def identity(self) -> dict[str, Any]:
        return {"kind": "numbered", "length": self.length, "side": self._side}

    @property
    def category_names(self) -> list[str]:
        return ["a", "b", "c"]


def numbered_target(index: int, rows: int, side: int) -> Target:
    """Row ``i`` is row ``i`` of the picture."""
    ids = torch.zeros(side, side, dtype=torch.int16)
    ids[:rows] = torch.arange(1, rows + 1, dtype=torch.int16)[:, None]
    corners = torch.tensor([[0, row, side, row + 1] for row in range(rows)], dtype=torch.float32).reshape(-1, 4)
    return {
        "boxes": BoundingBoxes(corners, format=BoundingBoxFormat.XYXY, canvas_size=(side, side)),
        "labels": torch.arange(rows) % 3 + 1,
        "instance_map": Mask(ids),
        "area": torch.full((rows,), side, dtype=torch.int64),
        "iscrowd": torch.zeros(rows, dtype=torch.int64),
        "image_id": index,
    }


def streams(*lengths: int) -> list[NumberedStream]:
    return [NumberedStream(length) for length in lengths]
