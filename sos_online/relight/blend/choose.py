"""Every object by the blender that its spec names; the background is the relit picture's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from sos_online.relight.blend.feather import feather
from sos_online.relight.blend.multiband import multiband
from sos_online.relight.blend.poisson import poisson
from sos_online.relight.blend.rank_sigmoid import rank_sigmoid
from sos_online.relight.blend.ratio import ratio
from sos_online.relight.composites import Composites, on_device, pick, put
from sos_online.types.light import Blender

# (composites, relit images, region) to images, of which only the pixels inside the region are taken
Blending = Callable[[Composites, Tensor, Tensor], Tensor]


def blend(composites: Composites, relit: Tensor) -> Tensor:
    """Join relit images and composites, object by object.

    A blender works on the images that need it and no others, and writes inside the objects that name it: outside of
    them a pixel of the result is the relit image's, bit for bit. What an image gets does not depend on its batch.
    Images whose relighter is ``identity`` are passed through: a blender would only round them.

    Args:
        composites: the unlit images, their instance maps and specs.
        relit: float32 ``[B, 3, H, W]``, sRGB, 0 … 1.

    Returns:
        float32 ``[B, 3, H, W]``, sRGB, 0 … 1.

    Raises:
        ValueError: the relit images are not of the composites' shape.
    """
    if relit.shape != composites.images.shape:
        expected = tuple(composites.images.shape)
        raise ValueError(f"blend: relit images of shape {tuple(relit.shape)}, expected the composites' {expected}")
    blenders: dict[Blender, Blending] = {
        "rank_sigmoid": rank_sigmoid,
        "rank_sigmoid_truncated": partial(rank_sigmoid, truncate=True),
        "ratio": ratio,
        "feather": feather,
        "multiband": multiband,
        "poisson": poisson,
    }
    result = relit
    for name, blender in blenders.items():
        samples = [sample for sample in range(len(composites)) if name in _blenders_of_rows(composites, sample)]
        if not samples:
            continue
        chosen = composites.take(samples)
        region = _region(chosen, name)
        blended = blender(chosen, pick(relit, samples), region).clamp(0, 1)
        result = put(result, samples, torch.where(region, blended, pick(result, samples)))
    return result


def _blenders_of_rows(composites: Composites, sample: int) -> list[Blender]:
    """One for each row; none if the image is not relit."""
    spec = composites.specs[sample]
    if spec.relighter == "identity":
        return []
    blenders = spec.blenders
    return [blenders[row % len(blenders)] for row in range(composites.counts[sample])]


def _region(composites: Composites, name: Blender) -> Tensor:
    """The pixels of the objects that name this blender, bool ``[B, 1, H, W]``."""
    named = np.zeros((len(composites), composites.ids), np.bool_)
    for sample, count in enumerate(composites.counts):
        named[sample, 1 : count + 1] = [other == name for other in _blenders_of_rows(composites, sample)]
    table = on_device(named, composites.device).flatten()
    rows = composites.table_rows()
    return table.index_select(0, rows.flatten()).view(rows.shape).unsqueeze(1)
