"""The photometric relighter."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.relight.composites import Composites
from sos_online.relight.photometric.exposure import expose
from sos_online.relight.photometric.fringe import match_edges
from sos_online.relight.photometric.harmony import harmonise
from sos_online.relight.photometric.light import Light, light_of
from sos_online.relight.photometric.outline import trace
from sos_online.relight.photometric.planes import blur_within, pad_border
from sos_online.relight.photometric.quarter import Quarter, sample
from sos_online.relight.photometric.segments import Segments, measure
from sos_online.relight.photometric.shading import shade_objects, shade_picture
from sos_online.relight.photometric.shadows import shade_background
from sos_online.relight.photometric.stance import stand

_MOST = 2.0  # gain; above it the order of bright tones would be lost


class Photometric:
    """Relights by gains on sRGB values: a gain ``g`` of linear light is about ``g ** (1 / 2.2)`` there.

    Whatever varies smoothly is computed on a quarter-size sample, whatever holds for a whole segment in tables; only
    the seams and the final product touch every pixel.
    """

    def __call__(self, composites: Composites) -> Tensor:
        """Relit images, float32 ``[B, 3, H, W]``, sRGB, 0 … 1. Masks stay where they are."""
        relit = torch.empty_like(composites.images)
        with torch.inference_mode():  # a tenth faster: there are many small operations
            light = light_of(composites.specs, composites.ids, composites.device)
            quarter = sample(composites)
            planes = _planes(quarter, measure(quarter, composites), light)
            tint, seams = light.tint[..., None, None], (2 * light.strength).clamp_(max=1)
            expose(composites.images, composites.instance_maps, planes, tint, seams, out=relit)
        return relit


def _planes(quarter: Quarter, segments: Segments, light: Light) -> Tensor:
    """What :func:`expose` takes."""
    outline, stance = trace(quarter.ids), stand(quarter, segments)
    picture = shade_picture(quarter, light)
    background = shade_background(quarter, segments, stance, light).mul_(picture)
    shading = shade_objects(quarter, outline, segments, stance.low, light).mul_(picture).mul_(quarter.inside)
    tones = harmonise(segments, light)
    spread = quarter.spread(torch.cat([tones.gain, tones.lift[None], tones.soften[None]])).squeeze(2).movedim(0, 1)
    gains = match_edges(quarter, outline.edge, light).mul_(shading).mul_(spread[:, :3]).clamp_(max=_MOST)
    # what holds for objects is smoothed, and continued a sample beyond, so that their full-size edges find it
    inside = [gains, spread[:, 3:] * quarter.inside, quarter.inside]
    summed = blur_within(pad_border(torch.cat(inside, 1)))
    # objects so small that the sample missed them have gains of 1, and nothing else
    summed[:, :3].add_(1e-4)
    planes = torch.cat([summed[:, :-1].div_(summed[:, -1:] + 1e-4), background], 1)
    planes[:, :3].sub_(background)
    return pad_border(planes, before=0)
