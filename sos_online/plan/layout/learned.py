"""A layout learnt from a real set: how many objects, which together, how big, where, and of which shape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sos_online.ops.boxes import Rect
from sos_online.plan.layout.cooccurrence import Cooccurrence
from sos_online.plan.layout.laid_out import LaidOut
from sos_online.plan.layout.matching import DrawableCategories
from sos_online.plan.layout.visible import VisibleShares
from sos_online.types import LearnedLayout, Section

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PLACE, SIZE, SHAPE = slice(0, 2), 2, 3
_PLACES_AT_ONCE = 8
_SMALLEST = -14.0  # log-odds of a millionth of the canvas
_SPANS = 60.0  # as a size and as a shape: more than noise and any canvas can undo


class FromLearned(Section):
    """Boxes by a layout that was learnt from a real set (``sos-online layout fit``).

    Categories are drawn first (see :class:`~sos_online.plan.layout.cooccurrence.Cooccurrence`), then a box for each: a
    smoothed bootstrap (Silverman, Density Estimation, 1986, section 6.4) over examples of its category. The largest is
    laid first; a box that hides another too far keeps its size and takes another place that its category has. Limits
    are looser than those of the size prior: 19 of 20 pictures of COCO keep to the mean.

    Attributes:
        path: a file written by ``sos-online layout fit``, or a COCO-format JSON, which is then learnt from when the
            dataset is made. ``${NAME}`` is an environment variable, and ``${NAME:-PATH}`` has what stands for it
            where it is not set; a relative path begins in the working directory.
        categories: ``layout``: segments are of the categories that are drawn; those that the library does not have are
            left out of the layout. ``choice``: segments are drawn by the recipe's choice, whatever was learnt of
            categories, and boxes are those of a real picture still.
        count: how many objects: ``recipe`` (its ``objects``), or as many as pictures of the real set have (``learnt``).
        mean_visible: a box is taken only if, with it on top, the mean visible share of all boxes so far is at least
            this,
        each_visible: and the visible share of every single one at least this.
        tries: further places for one box before it is left out.
        restarts: how often a layout that lacks a box is drawn anew, of the same categories, before the fullest so far
            is used as it is, with fewer objects.
    """

    kind: Literal["learned"] = "learned"
    path: str = Field(min_length=1)
    categories: Literal["layout", "choice"] = "layout"
    count: Literal["recipe", "learnt"] = "recipe"
    mean_visible: float = Field(default=0.75, ge=0, le=1)
    each_visible: float = Field(default=0.25, ge=0, le=1)
    tries: int = Field(default=8, ge=0, le=1000)
    restarts: int = Field(default=2, ge=0, le=100)


class LearnedSampler:
    """Draws the layouts of :class:`FromLearned`.

    Args:
        settings: of the recipe.
        learned: what was learnt.
        known: the library's categories, or None if those that are learnt do not matter.

    Raises:
        RecipeError: categories are wanted, and none of them is in the library.
    """

    def __init__(self, settings: FromLearned, learned: LearnedLayout, known: DrawableCategories | None) -> None:
        self._settings = settings
        self._ids: Ints | None = None
        kept = np.arange(len(learned.names))
        if settings.categories == "layout" and known is not None:
            ids = known.ids_of(learned.names, learned.instances, f"layout learned ({settings.path})")
            kept = np.flatnonzero(ids)
            self._ids = ids[kept]
        self._cooccurrence = Cooccurrence(learned, kept)
        self._object_counts, self._pictures = learned.object_counts, np.cumsum(learned.images_with)
        self._size_by_count = learned.size_by_count
        self._starts = learned.box_starts[kept]
        self._sizes = (learned.box_starts[kept + 1] - self._starts).astype(np.float64)
        self._examples, self._noise = _smoothed(learned)

    def draw(self, size_hw: tuple[int, int], count: int, rng: np.random.Generator) -> LaidOut:
        if self._settings.count == "learnt":
            picture = rng.random() * self._pictures[-1]
            count = int(self._object_counts[np.searchsorted(self._pictures, picture, side="right")])
        categories = self._cooccurrence.draw(count, rng)
        fullest: list[Rect] = []
        objects: list[int] = []
        for _ in range(1 + self._settings.restarts):
            boxes, positions = self._one_layout(size_hw, categories, rng)
            if len(boxes) > len(fullest):
                fullest, objects = boxes, positions
            if len(fullest) == count:
                break
        return LaidOut(fullest, None if self._ids is None else self._ids[categories[objects]])

    def _one_layout(
        self, size_hw: tuple[int, int], categories: Ints, rng: np.random.Generator
    ) -> tuple[list[Rect], list[int]]:
        """Boxes, the largest first, without those that find no place; and the position of each in ``categories``."""
        boxes, areas = self._draw_boxes(size_hw, categories, rng)
        order = (-areas).argsort(kind="stable")
        laid = VisibleShares(self._settings.mean_visible, self._settings.each_visible)
        positions = []
        for position, (x1, y1, x2, y2) in zip(order.tolist(), boxes[order].tolist(), strict=True):
            if not laid.lay((x1, y1, x2, y2)):
                moved = self._elsewhere(x2 - x1, y2 - y1, int(categories[position]), size_hw, rng)
                if not any(map(laid.lay, moved)):
                    continue
            positions.append(position)
        return laid.boxes, positions

    def _draw_boxes(
        self, size_hw: tuple[int, int], categories: Ints, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Boxes, XYXY in pixels, float64 ``[n, 4]``, and their shares of the canvas, ``[n]``."""
        count = len(categories)
        examples = self._starts[categories] + (rng.random(count) * self._sizes[categories]).astype(np.int64)
        drawn = self._examples[examples] + self._noise[examples] * rng.standard_normal((count, 4))
        places = _folded(drawn[:, PLACE])
        log_odds = drawn[:, SIZE] + self._size_by_count * math.log(max(count, 1))
        share = 1 / (1 + np.exp(-np.maximum(log_odds, _SMALLEST)))
        # in shares of the canvas' sides; where one would be longer than that, the other makes up for it
        ratio = np.exp(drawn[:, SHAPE]) * (size_hw[0] / size_hw[1])
        height = np.minimum(share / np.minimum(np.sqrt(share * ratio), 1), 1)
        width = np.minimum(share / height, 1)
        boxes = np.empty((count, 4))
        boxes[:, 0] = places[:, 0] * (1 - width)
        boxes[:, 1] = places[:, 1] * (1 - height)
        boxes[:, 2] = np.minimum(boxes[:, 0] + width, 1)
        boxes[:, 3] = np.minimum(boxes[:, 1] + height, 1)
        boxes *= (size_hw[1], size_hw[0], size_hw[1], size_hw[0])
        return boxes, width * height

    def _elsewhere(
        self, width: float, height: float, category: int, size_hw: tuple[int, int], rng: np.random.Generator
    ) -> Iterator[Rect]:
        """A box of the given sides at further places of its category; drawn a few at a time."""
        for start in range(0, self._settings.tries, _PLACES_AT_ONCE):
            number = min(_PLACES_AT_ONCE, self._settings.tries - start)
            examples = self._starts[category] + (rng.random(number) * self._sizes[category]).astype(np.int64)
            noise = self._noise[examples, PLACE] * rng.standard_normal((number, 2))
            for x, y in _folded(self._examples[examples, PLACE] + noise).tolist():
                left, top = x * (size_hw[1] - width), y * (size_hw[0] - height)
                yield left, top, min(left + width, size_hw[1]), min(top + height, size_hw[0])


def _smoothed(learned: LearnedLayout) -> tuple[Floats, Floats]:
    """Examples, and the standard deviation of what is added to each: float64 ``[boxes, 4]`` both.

    The bandwidth is Silverman's rule of thumb for four dimensions (section 4.3.2 there), of the number of objects that
    were learnt from. Examples of sizes and shapes are drawn towards their mean, so that with the noise they have the
    spread that was learnt and no more (Silverman and Young, The bootstrap: to smooth or not to smooth?, 1987). Of a
    rare category, whose few examples are alike and whose spread is that of all, the noise makes up for what they lack.

    What touches a border or spans the picture goes on doing so: it gets no noise there, and a shape that is as wide
    (or as tall) as any canvas.
    """
    dimensions = learned.boxes.shape[1]
    factor = (4 / ((dimensions + 2) * np.maximum(learned.instances, 1))) ** (1 / (dimensions + 4))
    number = np.diff(learned.box_starts)
    category = np.repeat(np.arange(len(number)), number)
    examples, noise = learned.boxes.astype(np.float64), (learned.spread * factor[:, None])[category]
    for column in (SIZE, SHAPE):
        values, spread = examples[:, column], learned.spread[category, column]
        mean = (np.bincount(category, values, len(number)) / np.maximum(number, 1))[category]
        variance = np.bincount(category, (values - mean) ** 2, len(number)) / np.maximum(number, 1)
        kept = spread / np.sqrt(np.maximum(variance[category] + noise[:, column] ** 2, 1e-12))
        examples[:, column] = mean + (values - mean) * kept
        noise[:, column] *= kept
    at_border = (learned.boxes[:, PLACE] == 0) | (learned.boxes[:, PLACE] == 1)
    wide, tall = np.isnan(learned.boxes[:, PLACE]).T
    noise[:, PLACE][at_border] = 0
    examples[wide | tall, SHAPE], noise[wide | tall, SHAPE] = np.where(wide, _SPANS, -_SPANS)[wide | tall], 0
    examples[wide & tall, SIZE] = _SPANS
    examples[:, PLACE][np.isnan(examples[:, PLACE])] = 0.5  # whatever: no room is left
    return examples, noise


def _folded(place: Floats) -> Floats:
    """Numbers mirrored at 0 and 1 until they lie between, so that none heap up at the border."""
    folded: Floats = 1 - np.abs(1 - np.mod(place, 2))
    return folded
