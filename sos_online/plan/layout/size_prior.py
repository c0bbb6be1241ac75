"""The size-prior layout of the SOS paper (arXiv 2510.09110)."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import Field

from sos_online.ops.boxes import Rect
from sos_online.plan.layout.limits import Limits, Shares
from sos_online.plan.layout.visible import VisibleShares
from sos_online.types import Section

# COCO calls an object small below 32² and medium below 96² pixels, on images of about 640 x 480
_COCO_IMAGE = 640 * 480


class SizePrior(Section):
    """Objects of three sizes at uniform places, none of them hidden too far.

    Attributes:
        large, medium: share of the objects that are large and medium (each rounded); the rest are small.
        large_area, medium_area, small_area: limits of an object's box as a share of the canvas, uniform in area.
        aspect: limits of width / height, uniform. Where a box of that aspect would not fit into the canvas, the
            nearest aspect that does is taken and the area is kept.
        mean_visible: a box is taken only if, with it on top, the mean visible share of all boxes so far is at least
            this,
        each_visible: and the visible share of every single one at least this.
        tries: proposals for one box before the layout is begun anew.
        restarts: layouts begun anew before the fullest one so far is used as it is, with fewer objects.
    """

    kind: Literal["size_prior"] = "size_prior"
    large: float = Field(default=0.24, ge=0, le=1)
    medium: float = Field(default=0.34, ge=0, le=1)
    large_area: Shares = (9216 / _COCO_IMAGE, 0.5)
    medium_area: Shares = (1024 / _COCO_IMAGE, 9216 / _COCO_IMAGE)
    small_area: Shares = (512 / _COCO_IMAGE, 1024 / _COCO_IMAGE)
    aspect: Limits = (0.5, 2.0)
    mean_visible: float = Field(default=0.8, ge=0, le=1)
    each_visible: float = Field(default=0.5, ge=0, le=1)
    tries: int = Field(default=100, ge=1, le=1000)
    restarts: int = Field(default=10, ge=0, le=100)


def size_prior_boxes(prior: SizePrior, size_hw: tuple[int, int], count: int, rng: np.random.Generator) -> list[Rect]:
    """At most ``count`` boxes inside the canvas, in the order of painting: large, then medium, then small.

    Fewer come back only if none of ``1 + prior.restarts`` layouts could be completed; then it is the one with the
    most boxes, the earliest of those.
    """
    fullest: list[Rect] = []
    limits = _area_limits(prior, count)
    for _ in range(1 + prior.restarts):
        boxes = _one_layout(prior, limits, size_hw, rng)
        if len(boxes) > len(fullest):
            fullest = boxes
        if len(fullest) == count:
            break
    return fullest


def _area_limits(prior: SizePrior, count: int) -> list[tuple[float, float]]:
    large = min(round(prior.large * count), count)
    medium = min(round(prior.medium * count), count - large)
    small = count - large - medium
    return [prior.large_area] * large + [prior.medium_area] * medium + [prior.small_area] * small


def _one_layout(
    prior: SizePrior, limits: list[tuple[float, float]], size_hw: tuple[int, int], rng: np.random.Generator
) -> list[Rect]:
    """Boxes until one finds no place."""
    laid = VisibleShares(prior.mean_visible, prior.each_visible)
    for area_limits in limits:
        for _ in range(prior.tries):
            if laid.lay(_propose(area_limits, prior.aspect, size_hw, rng)):
                break
        else:
            break
    return laid.boxes


def _propose(
    area_limits: tuple[float, float], aspects: tuple[float, float], size_hw: tuple[int, int], rng: np.random.Generator
) -> Rect:
    height, width = size_hw
    u_area, u_aspect, u_x, u_y = rng.random(4).tolist()
    share = area_limits[0] + u_area * (area_limits[1] - area_limits[0])
    pixels = share * width * height
    aspect = aspects[0] + u_aspect * (aspects[1] - aspects[0])
    # w = sqrt(pixels * aspect) <= width and h = sqrt(pixels / aspect) <= height
    aspect = min(max(aspect, pixels / height**2), width**2 / pixels)
    box_w, box_h = min(math.sqrt(pixels * aspect), width), min(math.sqrt(pixels / aspect), height)
    x, y = u_x * (width - box_w), u_y * (height - box_h)
    return x, y, x + box_w, y + box_h
