"""Objects' outlines on the quarter-size sample: which samples lie at an edge, and which way the edge turns."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_REACHES = (1, 5)  # samples: how far from its edge an object is taken to be round


@dataclass(frozen=True)
class Outline:
    """Planes ``[B, 1, h, w]``.

    Attributes:
        edge: 1 where one of the four neighbours belongs to another segment, else 0.
        across, down: −2 … 2, along the outward normal of the edge nearby: to the right, downwards; 0 away from edges.
    """

    edge: Tensor
    across: Tensor
    down: Tensor


def trace(ids: Tensor) -> Outline:
    """Outline of a sampled instance map, int16 ``[B, 1, h, w]``.

    Normals are guessed: where an object ends within a reach to the right but goes on to the left, its surface turns to
    the right. Nothing ends at the picture's border.
    """
    edge = torch.zeros_like(ids)
    normals = []
    for dim in (3, 2):
        turns, size = torch.zeros_like(ids), ids.shape[dim]
        for reach in (reach for reach in _REACHES if reach < size):
            here, there = (slice(None),) * dim + (slice(-reach),), (slice(None),) * dim + (slice(reach, None),)
            ends = (ids[here] ^ ids[there]).clamp_(max=1)  # in whole numbers: comparing is slow on a CPU
            turns[here] += ends
            turns[there] -= ends
            if reach == 1:
                edge[here] |= ends
                edge[there] |= ends
        normals.append(turns.float())
    return Outline(edge.float(), *normals)
