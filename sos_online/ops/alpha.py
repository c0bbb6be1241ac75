"""Alpha: premultiplying, and bleeding colour under the edge of a cut-out.

Straight colour under zero alpha is meaningless, yet a JPEG smears it over the edge and a straight resize mixes it in;
both show as a halo. So colour is resized premultiplied, and bled outwards before it is compressed.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from sos_online.types import Pixels

Float = npt.NDArray[np.float32]
_NO_WEIGHT = np.float32(1e-20)


def premultiply(colour: Pixels, alpha: Pixels) -> Float:
    """``colour · alpha / 255``: uint8 ``[h, w, 3]`` and ``[h, w]`` to float32 ``[h, w, 3]`` in 0 … 255."""
    product = cv2.multiply(colour, cv2.merge((alpha, alpha, alpha)), scale=1 / 255, dtype=cv2.CV_32F)
    return product  # type: ignore[return-value]


def lay_over(behind: Pixels, premultiplied: Float, alpha: Float) -> None:
    """Blend in place: ``behind · (1 − alpha / 255) + premultiplied``, rounded once.

    Args:
        behind: uint8 ``[h, w, 3]``, a view into the canvas.
        premultiplied: float32 ``[h, w, 3]``, 0 … 255.
        alpha: float32 ``[h, w]``, 0 … 255.
    """
    assert behind.dtype == np.uint8  # else OpenCV would blend into an array of its own
    through = 1 - alpha * np.float32(1 / 255)
    blended = cv2.merge((through, through, through))
    cv2.multiply(behind, blended, dst=blended, dtype=cv2.CV_32F)
    cv2.add(blended, premultiplied, dst=behind, dtype=cv2.CV_8U)


def bleed(colour: Pixels, alpha: Pixels) -> Pixels:
    """Colour with the pixels of zero alpha filled from their neighbourhood, weighed by alpha; the others are kept.

    Push-pull (Gortler et al., The Lumigraph, 1996): average what is known at ever halved sizes, then let each size
    be filled in from the next smaller one where it knows too little: where it has less alpha than one opaque pixel.
    The fill is smooth, so it also costs a JPEG little.

    Args:
        colour: uint8 ``[h, w, 3]``.
        alpha: uint8 ``[h, w]``, at least one pixel above zero.
    """
    weight = _as_image(alpha / np.float32(255))
    levels = [(_as_image(colour * weight[..., None]), weight)]
    while min(weight.shape) > 1 and _trust(weight, alpha.size).min() < 1:
        half = ((weight.shape[1] + 1) // 2, (weight.shape[0] + 1) // 2)
        weighed, weight = (_as_image(cv2.resize(array, half, interpolation=cv2.INTER_AREA)) for array in levels[-1])
        levels.append((weighed, weight))
    filled = _as_image(levels[-1][0].mean((0, 1), keepdims=True) / weight.mean())
    for weighed, weight in reversed(levels):
        filled = _as_image(cv2.resize(filled, weight.shape[::-1], interpolation=cv2.INTER_LINEAR))
        own = weighed / np.maximum(weight, _NO_WEIGHT)[..., None]
        filled = filled + _trust(weight, alpha.size)[..., None] * (own - filled)
    bled = np.clip(np.rint(filled), 0, 255).astype(np.uint8)
    return np.where(alpha[..., None] > 0, colour, bled)


def _trust(weight: Float, pixels: int) -> Float:
    """How far averages of a picture of ``pixels`` pixels are believed: 1 from one opaque pixel's worth of alpha on."""
    return _as_image(np.minimum(weight * np.float32(pixels / weight.size), 1))


def resize_rgba(colour: Pixels, alpha: Pixels, size_wh: tuple[int, int]) -> tuple[Pixels, Pixels]:
    """Shrink straight colour and alpha by area averaging, premultiplied in between; uint8 in and out."""
    premultiplied = _as_image(cv2.resize(premultiply(colour, alpha), size_wh, interpolation=cv2.INTER_AREA))
    coverage = np.asarray(
        cv2.resize(alpha.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA), np.float32
    ).reshape(size_wh[1], size_wh[0])
    straight = premultiplied * (255 / np.maximum(coverage, 1e-3))[..., None]
    return np.clip(np.rint(straight), 0, 255).astype(np.uint8), np.rint(coverage).astype(np.uint8)


def _as_image(array: npt.ArrayLike) -> Float:
    return np.asarray(array, np.float32)
