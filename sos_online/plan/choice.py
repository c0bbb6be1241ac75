"""Which segments go into an image."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from sos_online.errors import RecipeError
from sos_online.plan.even_draw import By, EvenDraw
from sos_online.plan.frequency import CategoryWeights, EvenWeights, category_weights, source_weights
from sos_online.plan.groups import Groups
from sos_online.plan.quality import QualityFilter, filtered, why_none
from sos_online.plan.selection import Bools, Rows
from sos_online.plan.weighted import Weight, in_order
from sos_online.plan.weighted_draw import WeightedDraw
from sos_online.types import Section, SegmentIndex


class SegmentChoice(Section):
    """How segments are drawn, with replacement.

    With ``u`` the weight of a segment's source and ``w`` that of its category, among the segments that pass the filter:

    ========  ================================================================
    by        probability of a segment
    ========  ================================================================
    source    a source in proportion to ``u``, then in it a segment to ``w``
    segment   a segment in proportion to ``u w``
    category  a category in proportion to ``w``, then in it a segment to ``u``
    ========  ================================================================

    Sources and categories without a segment that passes (and weighs more than 0) are left aside. So with even weights
    ``source`` is the published rule, ``segment`` draws all segments alike and ``category`` all categories alike;
    ``repeat_factor`` with ``source`` or ``segment`` is LVIS' sampling, ``inverse_frequency`` with ``segment`` is the
    same as ``category``, and with ``category`` both put the rare ones first.

    Attributes:
        by: ``source``, ``segment`` or ``category``.
        single_category: the first segment drawn fixes the category of the whole image (the SFC and SGC sets); further
            ones are drawn in it in proportion to ``u``.
        sources: a weight for each source wanted, by its name in the library; None is 1 for every one.
        weights: of the categories: ``uniform``, ``inverse_frequency``, ``repeat_factor`` or ``named``.
        quality: which segments pass.
    """

    by: By = "source"
    single_category: bool = Field(default=False)
    sources: Annotated[dict[str, Weight], Field(min_length=1)] | None = None
    weights: CategoryWeights = EvenWeights()
    quality: QualityFilter = QualityFilter()

    @field_validator("sources")
    @classmethod
    def _in_one_order(cls, sources: dict[str, float] | None) -> dict[str, float] | None:
        return None if sources is None else in_order(sources, tuple(sorted(sources)))


class Chooser:
    """Draws segments of one library by one choice; a draw costs no more on a large library.

    Even choices hold nothing of the library's size. A filter is looked up once, here: a bit for each segment.

    Raises:
        RecipeError: the choice does not fit the library; it names the key.
    """

    def __init__(self, choice: SegmentChoice, index: SegmentIndex) -> None:
        self._single_category = choice.single_category
        self._index = index
        self._draw = _draw_of(choice, index)
        self._can_draw = self._draw.can_draw()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Rows, npt.NDArray[np.int64]]:
        """Rows and category ids of ``count`` segments, int64 ``[count]`` each."""
        first = 1 if self._single_category and count else count
        rows = self._draw.rows(first, rng)
        categories = np.searchsorted(self._index.category_starts, rows, side="right")
        if first < count:
            categories = np.repeat(categories, count)
            rows = np.concatenate([rows, self._draw.rows_in(categories[1:], rng)])
        return rows, categories

    def draw_in(self, categories: npt.NDArray[np.int64], rng: np.random.Generator) -> Rows:
        """A segment of each of the given categories, int64 ``[n]``, by the weights of sources and the filter.

        Raises:
            RecipeError: :meth:`can_draw` is false for one of them.
        """
        if not self._can_draw[categories].all():
            wrong = int(categories[~self._can_draw[categories]][0])
            raise RecipeError(f"choice: no segment of category {wrong} can be drawn, and a layout asks for one")
        return self._draw.rows_in(categories, rng)

    def can_draw(self) -> Bools:
        """``[num_categories + 1]``: whether a segment of category ``c`` may come; false at 0."""
        return self._can_draw


def _draw_of(choice: SegmentChoice, index: SegmentIndex) -> EvenDraw | WeightedDraw:
    even = choice.sources is None and isinstance(choice.weights, EvenWeights)
    if even and not choice.quality.criteria():
        return EvenDraw(choice.by, index)
    groups = Groups.of(index)
    sources = source_weights(choice.sources, index)
    selection = filtered(choice.quality, index, groups, sources > 0)
    why = partial(why_none, choice.quality, index, groups, sources > 0)
    first, behind = groups.bounds(selection)
    drawn = np.where(sources[groups.sources] > 0, behind - first, 0)
    segments = groups.by_category(drawn, index.num_categories)
    categories = category_weights(choice.weights, index, segments, why)
    drawn[categories[groups.categories - 1] == 0] = 0
    if not drawn.any():
        raise RecipeError("choice.weights: no segment that passes is of a category whose weight is above 0")
    for name, segments in zip(index.source_names, groups.by_source(drawn, index.num_sources), strict=True):
        weight = (choice.sources or {}).get(name, 0)
        if weight > 0 and not segments:
            raise RecipeError(
                f"choice.sources.{name}: has the weight {weight:g}, and none of its segments can be drawn"
            )
    return WeightedDraw(choice.by, groups, selection, sources, categories)
