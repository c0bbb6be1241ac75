"""Objects' outlines on the quarter-size sample: which samples lie at an edge, and which way the edge turns."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_REACHES = (1, 5)  # samples: how far from its edge an object is taken to be round


@dataclass(frozen=True)
class Outline:
    """Planes ``[B, 1, h, w]``.

    Attributes:
        edge: 1 where one of the four neighbours belongs to another segment, else 0.
        across, down: −1 … 1, the outward normal of the edge nearby: to the right, downwards; 0 away from edges.
    """

    edge: Tensor
    across: Tensor
    down: Tensor


def trace(ids: Tensor) -> Outline:
    """Outline of a sampled instance map, float32 ``[B, 1, h, w]``.

    Normals are guessed: where an object ends within a reach to the right but goes on to the left, its surface turns to
    the right. Nothing ends at the picture's border.
    """
    margin, (height, width) = max(_REACHES), ids.shape[-2:]
    wide = functional.pad(ids, (margin, margin, margin, margin), mode="replicate")

    def goes_on(dx: int, dy: int) -> Tensor:
        shifted = wide[..., margin + dy : margin + dy + height, margin + dx : margin + dx + width]
        return (shifted == ids).float()

    across, down = torch.zeros_like(ids), torch.zeros_like(ids)
    edge = torch.zeros_like(ids)
    for reach in _REACHES:
        left, right, above, below = goes_on(-reach, 0), goes_on(reach, 0), goes_on(0, -reach), goes_on(0, reach)
        if reach == 1:
            edge = 1 - left * right * above * below
        across += (left - right) / len(_REACHES)
        down += (above - below) / len(_REACHES)
    return Outline(edge, across, down)
