"""Objects take the exposure, colour, contrast and sharpness of what surrounds them, part of the way."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sos_online.ops.colour import lab_to_rgb, rgb_to_lab
from sos_online.relight.photometric.light import Light
from sos_online.relight.photometric.segments import Segments

_SHARES = 0.6, 0.4, 0.4  # of the way to the surroundings at full strength, in L, a and b
_LIMITS = 22.0, 9.0, 9.0  # of the move, so that an object stays recognisable
_CAST_LIMITS = 0.92, 1.09  # of one channel against the mean of the three: a dark object's whites stay nearly white
_CONTRAST_SHARE = 0.35
_CONTRAST_LIMITS = 0.75, 1.1
_SOFTEN_LIMIT = 0.8
_VARIATION = 0.05
_OFFSET = 0.05  # so that a dark channel does not change by a large factor


@dataclass(frozen=True)
class Tones:
    """Tables of what is done to a segment's pixels.

    Attributes:
        gain: sRGB gain, ``[3, B, ids]``, about 0.4 … 2.
        lift: added after the gain, ``[B, ids]``.
        soften: share of the blurred picture, 0 … 1, ``[B, ids]``.
    """

    gain: Tensor
    lift: Tensor
    soften: Tensor


def harmonise(segments: Segments, light: Light) -> Tones:
    """Tones of every segment. Those of backgrounds, the first entries of the tables, are not used."""
    strength = light.strength.flatten(1)
    trust = strength * segments.known
    degree = trust * (1 + 0.3 * light.variation[0])

    lab = rgb_to_lab(torch.stack([segments.colour, segments.ambient], 1).flatten(2))
    lab, ambient = lab.view(3, 2, *degree.shape).unbind(1)
    differences = zip(((ambient - lab) * degree).unbind(), _SHARES, _LIMITS, strict=True)
    moves = [(difference * (share / limit)).tanh_().mul_(limit) for difference, share, limit in differences]
    target = lab_to_rgb(lab + torch.stack(moves))
    gain = ((target + _OFFSET) / (segments.colour + _OFFSET)).clamp_(0.5, 1.8)
    common = gain.mean(0)
    gain = (gain / common).clamp_(*_CAST_LIMITS).mul_(common)
    gain.mul_(1 + _VARIATION * strength * light.variation[1])

    ratio = (segments.contrast[:, :1] / segments.contrast).log_()
    contrast = (ratio * trust).mul_(_CONTRAST_SHARE).exp_().clamp_(*_CONTRAST_LIMITS)
    blunter = 1 - segments.sharpness[:, :1] / segments.sharpness
    return Tones(
        gain=gain * contrast,
        lift=(1 - contrast) * (gain * segments.colour).mean(0),
        soften=trust * blunter.clamp_(0, _SOFTEN_LIMIT),
    )
