"""What a segment is worth, measured when a library is built: see ``types.quality``."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sos_online.ops.alpha import resize_rgba
from sos_online.types import Pixels

_SIDE = 256  # longer side at most at which detail and pieces are looked at: a measure must not depend on the size
_HASH_SIDE = 64
_GREY = 127.0
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one segment; ``at_border`` and the flags come from elsewhere."""

    component_share: float
    edge_sharpness: float
    laplacian_variance: float
    perceptual_hash: int


def border_contact(rgba: Pixels) -> int:
    """Whether an object reaches the border of its picture, where it may have been cut off: ``at_border`` of
    ``types.quality``.

    Args:
        rgba: uint8 ``[h, w, 4]``, the picture; opaque is alpha >= 128.

    Returns:
        1 if an opaque pixel lies at the border, 0 if none does; 2, not known, if alpha above 0 lies at all four sides:
        the picture was cropped to the object, wherever that ended in the one before.
    """
    sides = [int(side.max()) for side in (rgba[0, :, 3], rgba[-1, :, 3], rgba[:, 0, 3], rgba[:, -1, 3])]
    if min(sides) > 0:
        return 2
    return int(max(sides) >= 128)


def measure(crop: Pixels) -> Measures:
    """Measure a crop, uint8 ``[h, w, 4]`` RGBA, that has an opaque pixel."""
    colour, alpha = np.ascontiguousarray(crop[..., :3]), np.ascontiguousarray(crop[..., 3])
    sharpness = _edge_sharpness(alpha)
    colour, alpha = _at_most(colour, alpha, _SIDE)
    grey = np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), np.uint8)
    return Measures(
        component_share=_component_share(alpha),
        edge_sharpness=sharpness,
        laplacian_variance=_laplacian_variance(grey, alpha),
        perceptual_hash=_perceptual_hash(grey, alpha),
    )


def _at_most(colour: Pixels, alpha: Pixels, side: int) -> tuple[Pixels, Pixels]:
    height, width = alpha.shape
    longest = max(height, width)
    if longest <= side:
        return colour, alpha
    size_wh = max(1, round(width * side / longest)), max(1, round(height * side / longest))
    return resize_rgba(colour, alpha, size_wh)


def _edge_sharpness(alpha: Pixels) -> float:
    """Mean over the outline's pixels of the largest step of alpha among their neighbours, 0 … 1."""
    opaque = (alpha >= 128).astype(np.uint8)
    # outside of the crop there is nothing: an object that fills it has its outline there
    outline = opaque - cv2.erode(opaque, _SQUARE, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    around = cv2.copyMakeBorder(alpha, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    step = (cv2.dilate(around, _SQUARE) - cv2.erode(around, _SQUARE))[1:-1, 1:-1]
    return float(cv2.mean(step, outline)[0] / 255)


def _component_share(alpha: Pixels) -> float:
    opaque = (alpha >= 128).astype(np.uint8)
    total = int(np.count_nonzero(opaque))
    if total == 0:  # too thin to be seen at this size
        return 1.0
    statistics = cv2.connectedComponentsWithStats(opaque, connectivity=8)[2]
    return float(statistics[1:, cv2.CC_STAT_AREA].max() / total)


def _laplacian_variance(grey: Pixels, alpha: Pixels) -> float:
    """Of the pixels whose neighbours are all opaque: the outline itself is no detail. 0 if there is none."""
    opaque = (alpha >= 128).astype(np.uint8)
    inside = cv2.erode(opaque, _SQUARE, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    if not inside.any():
        return 0.0
    deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F), mask=inside)[1]
    return float(deviation[0, 0] ** 2)


def _perceptual_hash(grey: Pixels, alpha: Pixels) -> int:
    """64-bit pHash (ImageHash's) of the crop over mid-grey."""
    import imagehash
    from PIL import Image

    opacity = alpha.astype(np.float32) / 255
    over_grey = np.rint(grey * opacity + _GREY * (1 - opacity)).astype(np.uint8)
    if max(over_grey.shape) > _HASH_SIDE:
        over_grey = np.asarray(cv2.resize(over_grey, (_HASH_SIDE, _HASH_SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    bits = imagehash.phash(Image.fromarray(over_grey)).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
