"""The quarter-size sample of a batch, and tables of its segments laid out over it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sos_online.relight.composites import Composites
from sos_online.relight.photometric.planes import sample_quarter


@dataclass(frozen=True)
class Quarter:
    """The quarter-size sample of a batch.

    Attributes:
        images: sRGB, ``[B, 3, h, w]``.
        ids: the instance map, int16 ``[B, 1, h, w]``.
        rows: entry of the segment tables, int64 ``[B, 1, h, w]``.
        inside: 1 in objects, 0 in the background, float32 ``[B, 1, h, w]``.
        x, y: sample coordinates, ``[1, 1, 1, w]`` and ``[1, 1, h, 1]``.
    """

    images: Tensor
    ids: Tensor
    rows: Tensor
    inside: Tensor
    x: Tensor
    y: Tensor

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.ids.shape[-2], self.ids.shape[-1]

    def spread(self, tables: Tensor) -> Tensor:
        """Entries of ``[K, B, ids]`` laid out over their pixels, ``[K, B, 1, h, w]``."""
        rows = self.rows.view(1, -1).expand(len(tables), -1)
        return tables.flatten(1).gather(1, rows).view(-1, *self.rows.shape)


def sample(composites: Composites) -> Quarter:
    """Sample a batch."""
    maps = sample_quarter(composites.instance_maps)
    ids = maps[:, None].to(torch.int16)
    h, w = ids.shape[-2:]
    x, y = (torch.arange(size, device=ids.device, dtype=torch.float32)[None, None, None] for size in (w, h))
    return Quarter(
        images=sample_quarter(composites.images),
        ids=ids,
        rows=replace(composites, instance_maps=maps).table_rows()[:, None],
        inside=ids.clamp(max=1).float(),
        x=x,
        y=y.mT,
    )
