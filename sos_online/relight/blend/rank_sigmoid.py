"""The blending of the SOS paper (arXiv 2510.09110): lightness from both pictures, colour from the composite.

In CIELAB, inside every object, ``L = α L_relit + (1 − α) L_composite``; a and b are the composite's. Small objects take
most of the relit lightness (α = 0.896 for the smallest of several), large ones keep most of their own (0.304).
"""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.ops.colour import (
    compress,
    expand,
    linear_to_srgb,
    linear_to_xyz,
    luminance,
    srgb_to_linear,
    xyz_to_linear,
)
from sos_online.relight.composites import Composites

_LEAST, _SPAN, _STEEPNESS = 0.3, 0.6, 10.0


def rank_sigmoid(composites: Composites, relit: Tensor, _region: Tensor, *, truncate: bool = False) -> Tensor:
    """The paper's blending.

    The arithmetic is exact CIELAB, but Lab itself is never formed: L is linear in f(Y), and a and b are differences of
    f(X), f(Y), f(Z). So keeping a and b and moving L means adding one number to the composite's three f, and of the
    relit picture only the luminance is needed.

    Args:
        composites: float32 images; the areas of *all* their objects are ranked, whichever blender they take.
        relit: float32 ``[B, 3, H, W]``, sRGB.
        truncate: round the result down to whole grey levels of 255. The published scripts read 8-bit pictures, compute
            in floating point and end with ``uint8(255 · rgb)``, which is half a grey level darker on average. They do
            so to the whole picture; here to objects alone, as the background is the relit picture's bit for bit.
    """
    own = compress(linear_to_xyz(srgb_to_linear(composites.images)))
    lit = compress(luminance(srgb_to_linear(relit)))
    shift = (lit - own[:, 1:2]) * _share_of_pixels(composites)
    # a colour outside the gamut may have f below 0; skimage, which the published scripts use, clips there too
    xyz = expand((own + shift).clamp_(min=0))
    blended = linear_to_srgb(xyz_to_linear(xyz).clamp_(0, 1))
    return (blended * 255).floor_() / 255 if truncate else blended


def relit_shares(composites: Composites) -> Tensor:
    """α of every object by the rank of its visible area, float32 ``[B, ids]``; 0 for the background.

    ``α = 0.3 + 0.6 / (1 + exp(10 (r − 0.5)))`` with ``r = rank / (n − 1)``, smallest first, ``r = 0`` for a single
    object. Of objects of equal area the earlier row has the lower rank. Rows without a pixel are not counted.
    """
    areas = _visible_areas(composites)[:, 1:]
    visible = areas > 0
    order = torch.where(visible, areas, torch.iinfo(areas.dtype).max).sort(dim=1, stable=True).indices
    ranks = order.argsort(dim=1)  # of a permutation: its inverse
    others = (visible.sum(1, keepdim=True) - 1).clamp(min=1)
    shares = _LEAST + _SPAN * torch.sigmoid(_STEEPNESS * (0.5 - ranks / others))
    return torch.nn.functional.pad(torch.where(visible, shares, 0), (1, 0))


def _visible_areas(composites: Composites) -> Tensor:
    """Pixels of every id, int64 ``[B, ids]``."""
    rows = composites.table_rows().flatten()
    areas = torch.zeros(len(composites) * composites.ids, dtype=torch.int64, device=composites.device)
    return areas.scatter_add_(0, rows, torch.ones_like(rows)).view(len(composites), composites.ids)


def _share_of_pixels(composites: Composites) -> Tensor:
    rows = composites.table_rows()
    return relit_shares(composites).flatten().index_select(0, rows.flatten()).view(rows.shape).unsqueeze(1)
