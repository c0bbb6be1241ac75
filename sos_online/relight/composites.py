"""A batch of composites, and how each of them is to be lit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from sos_online.types import LightSpec


@dataclass(frozen=True)
class Composites:
    """What relighters and blenders take.

    Attributes:
        images: float32 ``[B, 3, H, W]``, sRGB, 0 … 1.
        instance_maps: integer ``[B, H, W]``; 0 = background, ``i + 1`` = row ``i``.
        counts: rows of each image; known here so that nothing has to ask the device.
        specs: the light of each image.
    """

    images: Tensor
    instance_maps: Tensor
    counts: Sequence[int]
    specs: Sequence[LightSpec]

    def __len__(self) -> int:
        return len(self.specs)

    @property
    def device(self) -> torch.device:
        return self.images.device

    @property
    def ids(self) -> int:
        """Entries that a table of every image needs: the background, and the most rows that an image has."""
        return 1 + max(self.counts, default=0)

    def table_rows(self) -> Tensor:
        """For every pixel its entry in a flattened ``[B · ids, …]`` table, int64 ``[B, H, W]``."""
        first = torch.arange(len(self), device=self.device) * self.ids
        return self.instance_maps.long() + first[:, None, None]

    def take(self, samples: Sequence[int]) -> Composites:
        """Some of the images, in the order given."""
        return Composites(
            images=pick(self.images, samples),
            instance_maps=pick(self.instance_maps, samples),
            counts=[self.counts[sample] for sample in samples],
            specs=[self.specs[sample] for sample in samples],
        )

    def with_images(self, images: Tensor) -> Composites:
        return replace(self, images=images)


def on_device(array: np.ndarray, device: torch.device) -> Tensor:
    """A small table on the device, without waiting for it."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def pick(images: Tensor, samples: Sequence[int]) -> Tensor:
    """Images at ``samples``, in the order given; without a copy where that is all of them."""
    if list(samples) == list(range(len(images))):
        return images
    return images.index_select(0, on_device(np.array(samples, np.int64), images.device))


def put(images: Tensor, samples: Sequence[int], changed: Tensor) -> Tensor:
    """Images with those at ``samples`` (in ascending order) taken from ``changed``; the others as they are."""
    if len(samples) == len(images):
        return changed
    return images.index_copy(0, on_device(np.array(samples, np.int64), images.device), changed)
