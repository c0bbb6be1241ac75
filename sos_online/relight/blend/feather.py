"""The composite laid over the relit picture through a soft mask.

At its border an object is the relit picture's, which runs on into the background without a seam; inwards the composite
comes up, to half, so that the object keeps detail and is still lit.
"""

from __future__ import annotations

from torch import Tensor

from sos_online.ops.blur import gaussian_blur
from sos_online.relight.composites import Composites

_SIGMA = 1 / 256  # of the shorter side
_KEPT = 0.5


def feather(composites: Composites, relit: Tensor, region: Tensor) -> Tensor:
    """A mix whose share of the composite rises from 0 at the region's border to a half inside.

    The share is ``0.5 · max(0, 2 g − 1)``, with g the region's mask blurred by a Gaussian (standard deviation: 1/256 of
    the shorter side), which is a half on a straight border. What is thinner than that remains relit. Objects that touch
    each other have no border here: between them the composite's edge is a true one.
    """
    soft = gaussian_blur(region.to(relit.dtype), min(region.shape[-2:]) * _SIGMA)
    share = (2 * soft - 1).clamp_(0, 1) * _KEPT
    return relit.lerp(composites.images, share)
