"""The passes over every pixel: seams are softened, gains applied."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.relight.photometric.planes import SCALE, blur_within, enlarge

_SEAM = 0.85  # most of the blurred picture that a seam takes
_STRIP = 6400  # quarter-size samples


def expose(images: Tensor, instance_maps: Tensor, planes: Tensor, tint: Tensor, seams: Tensor, *, out: Tensor) -> None:
    """Fill ``out`` with relit images, ``[B, 3, H, W]``, 0 … 1.

    On a CPU in strips: their memory is used again, and much of what is computed on the way stays in the cache.

    Args:
        images: sRGB, ``[B, 3, H, W]``, 0 … 1.
        instance_maps: integer ``[B, H, W]``.
        planes: ``[B, 6, h + 1, w + 1]``: what the gains of red, green and blue in objects are over that in the
            background, what is then added, and the share of the blurred picture; the gain in the background.
        tint: more gains of red, green and blue, everywhere, ``[B, 3, 1, 1]``.
        seams: how far seams are softened, 0 … 1, ``[B, 1, 1, 1]``.
        out: not the images themselves.
    """
    height, width = images.shape[-2:]
    # no blur reaches the border, which is the first and the last of the rows and columns
    down, across = max(height - 1, 1), max(width - 1, 1)
    out[..., ::down, :] = images[..., ::down, :]
    out[..., ::across] = images[..., ::across]
    rows = planes.shape[-2] - 1
    strip = max(1, _STRIP * SCALE // (len(images) * width)) if images.device.type == "cpu" else rows
    for start in range(0, rows, strip):
        first, last = start * SCALE, min((start + strip) * SCALE, height)
        _expose_rows(out, images, instance_maps, planes[..., start : start + strip + 1, :], tint, seams, first, last)


def _expose_rows(
    out: Tensor, images: Tensor, maps: Tensor, planes: Tensor, tint: Tensor, seams: Tensor, first: int, last: int
) -> None:
    """Fill rows ``first`` to ``last``; ``planes`` begin at the first, and go one beyond the last."""
    height, width = images.shape[-2:]
    above, below = max(first - 1, 0), min(last + 1, height)  # blurring looks at the neighbours
    inside = maps[:, None, above:below].clamp(max=1).to(images.dtype)
    covered = blur_within(inside)
    blurred = blur_within(images[..., above:below, :])
    inside = inside[..., first - above : last - above, :]
    enlarged = enlarge(planes)[..., : last - first, :width]
    gain, (lift, soften, outer_gain) = enlarged[:, :3], enlarged[:, 3:, None].unbind(1)

    # the blurred mask is 1/4 or 3/4 where the background and an object touch, and 0 or 1 two pixels further
    band = torch.addcmul(covered, covered, covered, value=-1).mul_(seams * (_SEAM * 4))
    start, stop = above + 1, below - 1
    within = slice(start - first, stop - first)
    band.addcmul_(soften[..., within, 1:-1], inside[..., within, 1:-1]).clamp_(max=1)
    torch.lerp(images[..., start:stop, 1:-1], blurred, band, out=out[..., start:stop, 1:-1])

    lit = out[..., first:last, :]
    torch.addcmul(outer_gain, inside, gain, out=gain).mul_(tint)
    lift = inside.mul_(lift)
    # what would exceed white is rolled off: white stays white, and the order of tones is kept
    excess = gain.amax(1, keepdim=True).add_(lift).sub_(1).clamp_(min=0)
    gain.addcmul_(excess, lit, value=-1)
    torch.addcmul(lift, lit, gain, out=lit)
    lit.clamp_(0, 1)
