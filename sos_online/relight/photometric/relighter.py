"""The photometric relighter."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.relight.composites import Composites
from sos_online.relight.photometric.exposure import expose
from sos_online.relight.photometric.harmony import harmonise
from sos_online.relight.photometric.light import light_of
from sos_online.relight.photometric.planes import halve_blur
from sos_online.relight.photometric.segments import measure, sample
from sos_online.relight.photometric.shading import shade_objects, shade_picture
from sos_online.relight.photometric.shadows import shade_background

_MOST = 2.0  # gain; above it the order of bright tones would be lost


class Photometric:
    """Relights by gains on sRGB values: a gain ``g`` of linear light is about ``g ** (1 / 2.2)`` there.

    Whatever varies smoothly is computed on a quarter-size sample, whatever holds for a whole segment in tables; only
    the seams and the final product touch every pixel.
    """

    def __call__(self, composites: Composites) -> Tensor:
        """Relit images, float32 ``[B, 3, H, W]``, sRGB, 0 … 1. Masks stay where they are."""
        light = light_of(composites.specs, composites.ids, composites.device)
        quarter = sample(composites)
        segments = measure(quarter, composites)
        tones = harmonise(segments, light, composites.ids)
        picture = shade_picture(quarter, light)
        objects = shade_objects(quarter, segments, light) * picture
        gains = torch.cat([quarter.spread(channel) for channel in tones.gain], 1) * objects
        gains = gains.clamp(max=_MOST)
        planes = torch.cat([gains, quarter.spread(tones.lift), quarter.spread(tones.soften)], 1)
        tint = light.tint[..., None, None]
        unseen = torch.cat([tint * picture, torch.zeros_like(planes[:, :2])], 1)
        planes = _continue_outwards(planes, quarter.inside, unseen)
        excess = (planes[:, :3].amax(1, keepdim=True) + planes[:, 3:4] - 1).clamp_(min=0)
        background = shade_background(quarter, segments, light) * picture
        return expose(
            composites.images,
            composites.instance_maps,
            torch.cat([planes, background, excess], 1),
            tint,
            (2 * light.strength).clamp(max=1),
        )


def _continue_outwards(planes: Tensor, inside: Tensor, unseen: Tensor) -> Tensor:
    """The objects' planes smoothed, and continued a sample beyond, so that full-size edges find them.

    ``unseen`` is for objects so small that the sample missed them.
    """
    summed = halve_blur(torch.cat([planes * inside, inside], 1))
    return (summed[:, :-1] + unseen * 1e-4) / (summed[:, -1:] + 1e-4)
