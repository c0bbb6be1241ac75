"""Pixels the model is shown: objects on grey, the background without them, gradients of light.

Pictures are float32 ``[B, 3, H, W]``, 0 … 1; ``objects``, bool ``[B, 1, H, W]``, says where objects are. The model's
pixels are ``x / 127 − 1`` for ``x`` in 0 … 255, so that the grey of 127 is exactly zero.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from sos_online.types import Direction

GREY = 127 / 255


def to_model_pixels(pictures: Tensor) -> Tensor:
    return pictures * (255 / 127) - 1


def from_model_pixels(pixels: Tensor) -> Tensor:
    return (pixels.float() * 0.5 + 0.5).clamp(0, 1)


def resize(pictures: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """Bilinear, averaging where it shrinks."""
    if pictures.shape[-2:] == size_hw:
        return pictures
    return interpolate(pictures, size_hw, mode="bilinear", antialias=True, align_corners=False)


def objects_on_grey(images: Tensor, objects: Tensor) -> Tensor:
    """The objects, and grey for all the rest."""
    return torch.where(objects, images, GREY)


def without_objects(images: Tensor, objects: Tensor) -> Tensor:
    """The background, with the places of the objects filled from around them.

    Push-pull (Gortler et al., The Lumigraph, 1996): averages of what is known at ever halved sizes; each size's holes
    are filled from the next smaller one. A picture without background becomes grey.
    """
    known = (~objects).float()
    levels = [(images * known, known)]
    while max(known.shape[-2:]) > 1:
        colour, known = (avg_pool2d(part, 2, ceil_mode=True) for part in levels[-1])
        levels.append((colour, known))
    colour, known = levels[-1]
    filled = (colour + 1e-6 * GREY) / (known + 1e-6)
    for colour, known in reversed(levels[:-1]):
        coarse = interpolate(filled, known.shape[-2:], mode="bilinear", align_corners=False)
        trust = (4 * known).clamp(max=1)  # a quarter known, such as one of four pixels, is enough
        filled = colour / known.clamp(min=1e-6) * trust + coarse * (1 - trust)
    return filled


def light_gradient(direction: Direction, size_hw: tuple[int, int], device: torch.device) -> Tensor:
    """Grey from white, where the light comes from (not ``none``), to black: ``[1, 3, H, W]``."""
    height, width = size_hw
    across = direction in ("left", "right")
    ramp = torch.linspace(1, 0, width if across else height, device=device)
    if direction in ("right", "bottom"):
        ramp = ramp.flip(0)
    return (ramp[None, :] if across else ramp[:, None]).expand(1, 3, height, width)
