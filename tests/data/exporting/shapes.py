"""A stream of made-up targets, as any stream may give them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torchvision.tv_tensors import Image

from sos_online.data.sample_iterator import Sample
from sos_online.data.stream import SampleStream
from tests.targets.made_up import KINDS, size_of, with_expressions

NAMES = ["cat", "Käse 🧀", "a: b"]


class Shapes(SampleStream):
    """Sample ``index`` is of kind ``index % 6``, whose images have other sizes each; all call themselves image 0.
    All have expressions."""

    def __init__(self, length: int) -> None:
        super().__init__(length)

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        self.check_index(index)
        target = with_expressions(KINDS[index % len(KINDS)]())
        height, width = size_of(target)
        image = (torch.arange(3 * height * width) * (index + 7) // 5 % 256).to(torch.uint8).reshape(3, height, width)
        return Image(image), target

    def identity(self) -> dict[str, Any]:
        return {"kind": "shapes", "length": self.length}

    @property
    def category_names(self) -> list[str]:
        return NAMES


def tree(folder: Path) -> dict[str, str]:
    """A hash of each file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
