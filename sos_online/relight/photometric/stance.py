"""How high each pixel lies above the foot of its object."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sos_online.relight.photometric.quarter import Quarter
from sos_online.relight.photometric.segments import Segments

_LOW = 5  # the lowest parts of an object are a fifth of it


@dataclass(frozen=True)
class Stance:
    """Planes ``[B, 1, h, w]``.

    Attributes:
        foot: lowest row of the pixel's object, in samples.
        height: above it, in samples.
        upright: 1 at the foot, falling to 1 / e at the object's top.
        low: the same, five times as fast.
    """

    foot: Tensor
    height: Tensor
    upright: Tensor
    low: Tensor


def stand(quarter: Quarter, segments: Segments) -> Stance:
    """Where each pixel stands."""
    # powers of two are several times as fast as those of e
    decay = -1 / math.log(2) / (segments.foot - segments.top + 1)
    foot, decays = quarter.spread(torch.stack([segments.foot, decay]))
    height = foot - quarter.y
    exponent = height * decays
    return Stance(foot, height, exponent.exp2(), exponent.mul_(_LOW).exp2_())
