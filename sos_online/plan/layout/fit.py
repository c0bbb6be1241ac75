"""Learning a layout from the boxes of a real set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_online.plan.layout.learned import PLACE, SIZE
from sos_online.types import BoxTable, LearnedLayout

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_AT_BORDER = 0.004  # of a side: two pixels of 500; annotated boxes stop that short of a border they are cut by
_PRIOR_BOXES = 4.0  # with which the spread of all categories counts towards that of one
_SIZE_LIMITS = (1e-6, 0.999)


def fit_layout(table: BoxTable, aspects: Floats, boxes_per_category: int = 64) -> LearnedLayout:
    """Learn how many objects pictures have, which categories come together, and where and how big they are.

    Numbers are rounded to what a file keeps of them.

    Args:
        table: boxes with categories, one at least.
        aspects: ``[len(table)]``, width / height of each picture in pixels.
        boxes_per_category: examples that are kept, on average; shared out by the square root of a category's objects,
            so that frequent ones are known well and rare ones are kept whole.
    """
    assert table.names is not None, "a layout is learnt from boxes with categories"
    counts = np.diff(table.starts)
    picture = np.repeat(np.arange(len(table)), counts)
    used, category = np.unique(table.categories, return_inverse=True)  # some are only named
    instances = np.bincount(category)
    together = _together(picture, category, len(used))
    pair_of, pair_with, pair_weight = _pairs(together, counts)
    boxes = _measured(table, aspects[picture])
    by_count = _size_by_count(boxes[:, SIZE], np.log(counts[picture]), category)
    boxes[:, SIZE] -= by_count * np.log(counts[picture])
    chosen, starts = _examples(boxes[:, SIZE], category, instances, boxes_per_category)
    object_counts, images_with = np.unique(counts, return_counts=True)
    return LearnedLayout(
        names=tuple(table.names[position] for position in used),
        images=np.bincount(together[1]),
        instances=instances,
        object_counts=object_counts.astype(np.int64),
        images_with=images_with.astype(np.int64),
        pair_of=pair_of.astype(np.int32),
        pair_with=pair_with.astype(np.int32),
        pair_weight=pair_weight,
        repeat=_repeat(together, counts, instances, pair_of, pair_with, pair_weight),
        size_by_count=by_count,
        boxes=boxes[chosen].round(3).astype(np.float32),
        box_starts=starts,
        spread=_spread(boxes, category, len(instances)).round(4),
    )


def _together(picture: Ints, category: Ints, num_categories: int) -> tuple[Ints, Ints, Ints]:
    """(picture, category, objects) of every category in every picture, ordered."""
    keys, objects = np.unique(picture * num_categories + category, return_counts=True)
    return keys // num_categories, keys % num_categories, objects.astype(np.int64)


def _pairs(together: tuple[Ints, Ints, Ints], counts: Ints) -> tuple[Ints, Ints, Floats]:
    """Each object of a picture of n shares out a weight of 1 over the n - 1 others; the upper half of the table."""
    picture, category, objects = together
    rows = np.arange(len(picture))
    behind = np.searchsorted(picture, picture, side="right")
    # every category with itself and each later one of its picture
    one = np.repeat(rows, behind - rows)
    other = np.arange(len(one)) - np.repeat(np.cumsum(behind - rows) - (behind - rows), behind - rows) + one
    partners = np.where(one == other, objects[other] - 1, objects[other])
    weight = objects[one] * partners / np.maximum(counts[picture[one]] - 1, 1)
    size = int(category.max()) + 1
    keys, where = np.unique(category[one] * size + category[other], return_inverse=True)
    total = np.bincount(where, weight)
    # six digits, as a file keeps
    rounded = np.array([float(f"{weight:.6g}") for weight in total[total > 0].tolist()], np.float64)
    keys = keys[total > 0].astype(np.int64)
    return keys // size, keys % size, rounded


def _repeat(
    together: tuple[Ints, Ints, Ints], counts: Ints, instances: Ints, one: Ints, other: Ints, weight: Floats
) -> float:
    """How often two further objects are alike beyond what their pairs with the first one tell.

    With S the share of alike ones among all triples of a picture (each object as the first, any two others), and S0
    what independent draws given the first one would give, an urn that repeats with probability r gives
    S = r + (1 - r) S0.
    """
    picture, _, objects = together
    n = counts[picture]
    alike = np.bincount(picture, objects * (objects - 1.0), minlength=len(counts))
    # the first is of this category: one fewer of it is left
    left = alike[picture] - 2 * (objects - 1.0)
    triples = n >= 3
    if not triples.any():
        return 0.0
    share = left[triples] / ((n[triples] - 1.0) * (n[triples] - 2.0))
    found = float((objects[triples] * share).sum() / objects[triples].sum())
    # sum over b of P(b | a)²: of pairs, of objects without a partner, and what of both falls on the same b
    mirrored = one != other
    one, other = np.concatenate([one, other[mirrored]]), np.concatenate([other, one[mirrored]])
    weight = np.concatenate([weight, weight[mirrored]])
    alone = np.maximum(instances - np.bincount(one, weight, minlength=len(instances)), 0)
    shares = alone / max(alone.sum(), 1e-12)
    safe = np.maximum(instances, 1)
    apart = alone / safe
    squares = np.bincount(one, (weight / safe[one]) ** 2, minlength=len(instances))
    squares += 2 * apart * np.bincount(one, weight / safe[one] * shares[other], minlength=len(instances))
    squares += apart**2 * (shares**2).sum()
    expected = float((instances * squares).sum() / instances.sum())
    return round(float(np.clip((found - expected) / max(1 - expected, 1e-12), 0.0, 0.95)), 4)


def _measured(table: BoxTable, aspects: Floats) -> Floats:
    """Boxes in the numbers of :class:`LearnedLayout`, sizes not yet freed of the number of objects."""
    low, high = (np.stack(edges, 1).astype(np.float64) for edges in (table.edges[:2], table.edges[2:]))
    sides = high - low
    at_low, at_high = low <= _AT_BORDER, high >= 1 - _AT_BORDER
    place = np.clip(low / np.maximum(1 - sides, 1e-6), 0.001, 0.999)
    place[at_low], place[at_high], place[at_low & at_high] = 0, 1, np.nan
    share = np.clip(np.prod(sides, 1), *_SIZE_LIMITS)
    shape = np.log(sides[:, 0] / sides[:, 1] * aspects)
    return np.column_stack([place, np.log(share / (1 - share)), shape])


def _size_by_count(size: Floats, log_count: Floats, category: Ints) -> float:
    """Slope of size over the logarithm of the number of objects, by least squares within categories; -2 … 0."""
    centred = log_count - (np.bincount(category, log_count) / np.maximum(np.bincount(category), 1))[category]
    spread = float((centred**2).sum())
    return round(float(np.clip((centred * size).sum() / spread, -2.0, 0.0)), 4) if spread > 1e-9 else 0.0


def _examples(size: Floats, category: Ints, instances: Ints, per_category: int) -> tuple[Ints, Ints]:
    """Rows that are kept, and where each category's begin: at even steps in the order of size."""
    order = np.lexsort((size, category))
    first = np.concatenate([[0], np.cumsum(instances)])
    root = np.sqrt(instances)
    wanted = np.ceil(per_category * root / root[instances > 0].mean()).astype(np.int64)
    kept = np.minimum(instances, wanted)
    starts = np.concatenate([[0], np.cumsum(kept)])
    nth = np.arange(starts[-1]) - np.repeat(starts[:-1], kept)
    step = np.repeat(instances / np.maximum(kept, 1), kept)
    return order[np.repeat(first[:-1], kept) + ((nth + 0.5) * step).astype(np.int64)], starts


def _spread(boxes: Floats, category: Ints, num_categories: int) -> Floats:
    """Standard deviations within categories; that of one with few objects is drawn towards that of all."""
    free = np.isfinite(boxes)
    free[:, PLACE] &= (boxes[:, PLACE] > 0) & (boxes[:, PLACE] < 1)
    result = np.empty((num_categories, boxes.shape[1]))
    for column in range(boxes.shape[1]):
        own, values = category[free[:, column]], boxes[free[:, column], column]
        number = np.bincount(own, minlength=num_categories)
        mean = np.bincount(own, values, minlength=num_categories) / np.maximum(number, 1)
        squares = np.bincount(own, (values - mean[own]) ** 2, minlength=num_categories)
        pooled = squares.sum() / max(len(values) - np.count_nonzero(number), 1)
        variance = (squares + _PRIOR_BOXES * pooled) / (np.maximum(number - 1, 0) + _PRIOR_BOXES)
        result[:, column] = np.sqrt(variance)
    return result
