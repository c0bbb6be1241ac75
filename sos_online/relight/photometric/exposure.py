"""The passes over every pixel: seams are softened, gains applied."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.relight.photometric.planes import SCALE, enlarge, halve_blur

_SEAM = 0.85  # most of the blurred picture that a seam takes
_STRIP = 32  # quarter-size rows


def expose(images: Tensor, instance_maps: Tensor, planes: Tensor, tint: Tensor, seams: Tensor) -> Tensor:
    """Relit images, ``[B, 3, H, W]``, 0 … 1.

    On a CPU in strips: what is computed on the way stays in the cache, and its memory is used again.

    Args:
        images: sRGB, ``[B, 3, H, W]``, 0 … 1.
        instance_maps: integer ``[B, H, W]``.
        planes: ``[B, 7, h, w]``: in objects the gains of red, green and blue (at most 2), what is then added, and the
            share of the blurred picture; in the background the gain of all three; in objects what white exceeds 1 by.
        tint: gains of red, green and blue in the background, ``[B, 3, 1, 1]``.
        seams: how far seams are softened, 0 … 1, ``[B, 1, 1, 1]``.
    """
    height, quarter_height = images.shape[-2], planes.shape[-2]
    relit = torch.empty_like(images)
    strip = _STRIP if images.device.type == "cpu" else quarter_height
    for start in range(0, quarter_height, strip):
        first, last = start * SCALE, min((start + strip) * SCALE, height)
        _expose_rows(relit, images, instance_maps, planes[..., start : start + strip + 1, :], tint, seams, first, last)
    return relit


def _expose_rows(
    relit: Tensor, images: Tensor, maps: Tensor, planes: Tensor, tint: Tensor, seams: Tensor, first: int, last: int
) -> None:
    """Fill rows ``first`` to ``last`` of ``relit``; ``planes`` begin at the first, and go one beyond the last."""
    # blurring looks at the neighbours
    above, below = max(first - 1, 0), last + 1
    rows = slice(first - above, last - above)
    inside = maps[:, None, above:below].to(images.dtype).clamp_(max=1)
    covered = halve_blur(inside)[..., rows, :]
    blurred = halve_blur(images[..., above:below, :])[..., rows, :]
    inside, images = inside[..., rows, :], images[..., first:last, :]
    enlarged = enlarge(planes)[..., : last - first, : images.shape[-1]]
    gain, (lift, soften, outer_gain, excess) = enlarged[:, :3], enlarged[:, 3:, None].unbind(1)

    # the blurred mask is 1/4 or 3/4 where the background and an object touch, and 0 or 1 two pixels further
    band = torch.addcmul(covered, covered, covered, value=-1).mul_(seams * (_SEAM * 4)).addcmul_(soften, inside)
    softened = torch.lerp(images, blurred, band.clamp_(max=1))
    gain = torch.lerp(outer_gain * tint, gain, inside)
    # what would exceed white is rolled off: white stays white, and the order of tones is kept. The background has its
    # own excess: that of a dark object would draw a dark rim on a bright wall
    outer_excess = (outer_gain * tint.amax(1, keepdim=True)).sub_(1).clamp_(min=0)
    gain.addcmul_(torch.lerp(outer_excess, excess, inside), softened, value=-1)
    lit = relit[..., first:last, :]
    torch.addcmul(lift * inside, softened, gain, out=lit)
    lit.clamp_(0, 1)
