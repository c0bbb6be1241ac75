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
        gain: sRGB gain, ``[3, B · ids]``, about 0.4 … 2.
        lift: added after the gain, ``[B · ids]``.
        soften: share of the blurred picture, 0 … 1, ``[B · ids]``.
    """

    gain: Tensor
    lift: Tensor
    soften: Tensor


def harmonise(segments: Segments, light: Light, ids: int) -> Tones:
    """Tones of every segment; an image's background, the first of its ``ids`` entries, takes the tint alone."""
    strength = light.strength.flatten().repeat_interleave(ids, output_size=len(segments.known))
    tint = light.tint.repeat_interleave(ids, 0, output_size=len(segments.known))
    trust = strength * segments.known * segments.is_object
    degree = trust * (1 + 0.3 * light.variation[:, 0])

    lab, ambient = rgb_to_lab(torch.stack([segments.colour, segments.ambient])[..., None, None]).unbind(0)
    steps = []
    for channel, (share, limit) in enumerate(zip(_SHARES, _LIMITS, strict=True)):
        difference = (ambient - lab)[:, channel, 0, 0] * degree
        steps.append(limit * torch.tanh(difference * (share / limit)))
    target = lab_to_rgb(lab + torch.stack(steps, 1)[..., None, None])[..., 0, 0]
    gain = ((target + _OFFSET) / (segments.colour + _OFFSET)).clamp(0.5, 1.8)
    gain = torch.where(segments.known[:, None] > 0, gain, 1.0)  # a segment without samples has no colour to move
    common = gain.mean(1, keepdim=True)
    gain = common * (gain / common).clamp(*_CAST_LIMITS)
    gain = gain * (1 + _VARIATION * strength * segments.is_object * light.variation[:, 1])[:, None]

    ratio = (_of_background(segments.contrast, ids) / segments.contrast).log()
    contrast = (ratio * trust * _CONTRAST_SHARE).exp().clamp(*_CONTRAST_LIMITS)
    blunter = 1 - _of_background(segments.sharpness, ids) / segments.sharpness
    return Tones(
        gain=(gain * contrast[:, None] * tint).t().contiguous(),
        lift=(1 - contrast) * (gain * segments.colour).mean(1),
        soften=trust * blunter.clamp(0, _SOFTEN_LIMIT),
    )


def _of_background(table: Tensor, ids: int) -> Tensor:
    """For each entry that of its image's background."""
    return table.view(-1, ids)[:, :1].expand(-1, ids).reshape(-1)
