"""The plan of one image, from the parts of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sos_online.plan.assign import assign_by_area
from sos_online.plan.background import BackgroundChoice, Kind, background_weights, choose_background
from sos_online.plan.choice import Chooser, SegmentChoice
from sos_online.plan.layout import AnyLayout, DrawableCategories, FileKey, LaidOut, Layout, make_layout
from sos_online.plan.light import LightChoice, choose_light
from sos_online.plan.place import PlacementRules, place_segment
from sos_online.types import LayoutData, Scene, SegmentIndex

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Planner:
    """Draws scenes over one library.

    Attributes:
        index: the library, as far as planning sees it.
        num_photos: how many background photos there are.
        count: fewest and most objects planned for an image, uniform, both included.
        choice, layout, rules, background, light: the recipe's sections.
        layout_files: what the files that ``layout`` names hold, see ``plan.layout.layouts_of_files``.
    """

    index: SegmentIndex
    num_photos: int
    count: tuple[int, int]
    choice: SegmentChoice
    layout: AnyLayout
    rules: PlacementRules
    background: BackgroundChoice
    light: LightChoice | None = None
    layout_files: Mapping[FileKey, LayoutData] = field(default_factory=dict)

    @cached_property
    def _weights(self) -> dict[Kind, float]:
        return background_weights(self.background, self.num_photos)

    @cached_property
    def _chooser(self) -> Chooser:
        return Chooser(self.choice, self.index)

    @cached_property
    def _layout(self) -> Layout:
        if self.choice.single_category:  # what a layout says of categories does not matter
            return make_layout(self.layout, self.layout_files)
        return make_layout(self.layout, self.layout_files, DrawableCategories(self.index, self._chooser.can_draw()))

    def check(self) -> None:
        """Raise ``RecipeError`` now for what would fail at the first scene."""
        _ = self._weights, self._chooser, self._layout

    def plan(self, size_hw: tuple[int, int], rng: np.random.Generator) -> Scene:
        """Draw a scene. ``rng`` is the sample's own generator; the order of the draws is part of the format."""
        background = choose_background(self.background, self._weights, self.num_photos, rng)
        count = int(rng.integers(self.count[0], self.count[1] + 1))
        laid_out = self._layout.draw(size_hw, count, rng)
        rows, categories = self._segments(laid_out, rng)
        placements = tuple(
            place_segment(self.rules, row, category, self.index.size_wh(row), box, rng)
            for row, category, box in zip(rows.tolist(), categories.tolist(), laid_out.boxes, strict=True)
        )
        # last, so that the same seed gives the same scene under any light
        light = None if self.light is None else choose_light(self.light, len(placements), rng)
        return Scene(size_hw=size_hw, background=background, placements=placements, light=light)

    def _segments(self, laid_out: LaidOut, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Row and category of the segment of each box, int64 ``[len(boxes)]`` each."""
        if laid_out.categories is None:
            rows, categories = self._chooser.draw(len(laid_out.boxes), rng)
        else:
            rows, categories = self._chooser.draw_in(laid_out.categories, rng), laid_out.categories
        if self.rules.assign == "area":
            opaque = [self.index.opaque(row) for row in rows.tolist()]
            order = assign_by_area(laid_out.boxes, opaque, laid_out.categories)
            rows, categories = rows[order], categories[order]
        return rows, categories
