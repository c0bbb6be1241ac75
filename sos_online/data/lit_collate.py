"""Collating with the light made at once: what a CPU does in its workers, and CUDA behind them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torchvision.tv_tensors import Image

from sos_online.data.batch import Batch, collate
from sos_online.data.lit_map import SEGMENTS_ONLY, lit_map
from sos_online.relight import Lighting
from sos_online.types import Target


class LitCollate:
    """As :func:`collate`; samples are lit one by one, so that a sample has the same bytes in any batch."""

    def __init__(self) -> None:
        self._lighting = Lighting()

    def __call__(self, samples: Sequence[tuple[Tensor, Target]]) -> Batch:
        return collate([self.lit(image, target) for image, target in samples])

    def lit(self, image: Tensor, target: Target) -> tuple[Tensor, Target]:
        """A sample with its light made; as it is if it has none, or if objects are still to be painted."""
        if "light" not in target or "patches" in target:  # painted behind the workers, and lit after that
            return image, target
        rest = {key: value for key, value in target.items() if key not in ("light", SEGMENTS_ONLY)}
        lit = self._lighting.light_one(image, lit_map(target), len(target["labels"]), target["light"])
        return Image(lit), rest
