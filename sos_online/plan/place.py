"""From a layout's box and a segment's proportions to a placement in whole pixels."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from sos_online.ops.boxes import Rect
from sos_online.ops.resize import frame_size
from sos_online.plan.layout.limits import Limits
from sos_online.types import Placement, Section


def _at_most_four(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[1] > 4:
        raise ValueError(f"an object is enlarged 4 times at most, found {limits[1]}")
    return limits


class PlacementRules(Section):
    """How a segment takes its box.

    Attributes:
        mode: ``fit`` keeps the segment's proportions and centres it in the box; ``stretch`` fills the box.
        scale: limits of a uniform factor on the box's sides, about its centre (published option: 0.5 … 1.5).
        flip_x: probability of mirroring left to right.
        flip_y: probability of mirroring top to bottom.
        rotation: largest turn to either side, degrees, uniform (published option: 180); the frame grows with it.
        assign: ``drawn``: segments take the boxes in the order in which both are drawn; ``area`` (published option):
            the segment with the most opaque pixels takes the largest box, and so on; where the layout says what is in
            its boxes, among those of one category.
    """

    mode: Literal["fit", "stretch"] = "fit"
    scale: Annotated[Limits, AfterValidator(_at_most_four)] = (1.0, 1.0)
    flip_x: float = Field(default=0.0, ge=0, le=1)
    flip_y: float = Field(default=0.0, ge=0, le=1)
    rotation: float = Field(default=0.0, ge=0, le=180)
    assign: Literal["drawn", "area"] = "drawn"


def place_segment(
    rules: PlacementRules, segment: int, category: int, size_wh: tuple[int, int], box: Rect, rng: np.random.Generator
) -> Placement:
    """Placement of a segment whose crop is ``size_wh``; at least one pixel wide and high. Always draws four numbers."""
    u_scale, u_flip_x, u_flip_y, u_angle = rng.random(4).tolist()
    scale = rules.scale[0] + u_scale * (rules.scale[1] - rules.scale[0])
    angle = (2 * u_angle - 1) * rules.rotation + 0.0  # not -0.0
    box_w, box_h = (box[2] - box[0]) * scale, (box[3] - box[1]) * scale
    width, height = box_w, box_h
    if rules.mode == "fit":
        frame_w, frame_h = frame_size(size_wh, angle)
        factor = min(box_w / frame_w, box_h / frame_h)
        width, height = frame_w * factor, frame_h * factor
    w, h = max(1, round(width)), max(1, round(height))
    x, y = round((box[0] + box[2] - w) / 2), round((box[1] + box[3] - h) / 2)
    return Placement(
        segment=segment,
        category=category,
        box=(x, y, x + w, y + h),
        flip_x=u_flip_x < rules.flip_x,
        flip_y=u_flip_y < rules.flip_y,
        angle=angle,
    )
