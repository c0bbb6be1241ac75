"""The plan of one image, from the parts of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sos_online.plan.background import BackgroundChoice, Kind, background_weights, choose_background
from sos_online.plan.choice import SegmentChoice, choose_segments
from sos_online.plan.layout import SizePrior, size_prior_boxes
from sos_online.plan.light import LightChoice, choose_light
from sos_online.plan.place import PlacementRules, place_segment
from sos_online.types import Scene, SegmentIndex


@dataclass(frozen=True)
class Planner:
    """Draws scenes over one library.

    Attributes:
        index: the library, as far as planning sees it.
        num_photos: how many background photos there are.
        count: fewest and most objects planned for an image, uniform, both included.
        choice, layout, rules, background, light: the recipe's sections.
    """

    index: SegmentIndex
    num_photos: int
    count: tuple[int, int]
    choice: SegmentChoice
    layout: SizePrior
    rules: PlacementRules
    background: BackgroundChoice
    light: LightChoice | None = None

    @cached_property
    def _weights(self) -> dict[Kind, float]:
        return background_weights(self.background, self.num_photos)

    def check(self) -> None:
        """Raise ``RecipeError`` now for what would fail at the first scene."""
        _ = self._weights

    def plan(self, size_hw: tuple[int, int], rng: np.random.Generator) -> Scene:
        """Draw a scene. ``rng`` is the sample's own generator; the order of the draws is part of the format."""
        background = choose_background(self.background, self._weights, self.num_photos, rng)
        count = int(rng.integers(self.count[0], self.count[1] + 1))
        boxes = size_prior_boxes(self.layout, size_hw, count, rng)
        rows, categories = choose_segments(self.choice, self.index, len(boxes), rng)
        placements = tuple(
            place_segment(self.rules, row, category, self.index.size_wh(row), box, rng)
            for row, category, box in zip(rows.tolist(), categories.tolist(), boxes, strict=True)
        )
        # last, so that the same seed gives the same scene under any light
        light = None if self.light is None else choose_light(self.light, len(placements), rng)
        return Scene(size_hw=size_hw, background=background, placements=placements, light=light)
