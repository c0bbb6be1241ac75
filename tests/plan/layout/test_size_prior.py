"""The size-prior layout against its published rule, computed by brute force over all cells between box edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_online.ops.boxes import Rect
from sos_online.plan.layout.size_prior import SizePrior, size_prior_boxes

CANVAS = (480, 640)
Limits = tuple[float, float]


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def slow_visible_shares(boxes: list[Rect]) -> list[float]:
    """Visible share of each box under the later ones: cell by cell of the grid that all edges span."""
    xs = sorted({edge for box in boxes for edge in (box[0], box[2])})
    ys = sorted({edge for box in boxes for edge in (box[1], box[3])})
    hidden = [0.0] * len(boxes)
    for (left, right), (top, bottom) in itertools.product(itertools.pairwise(xs), itertools.pairwise(ys)):
        covers = [x1 <= left and right <= x2 and y1 <= top and bottom <= y2 for x1, y1, x2, y2 in boxes]
        for position in range(len(boxes)):
            if covers[position] and any(covers[position + 1 :]):
                hidden[position] += (right - left) * (bottom - top)
    return [max(0.0, 1 - part / ((x2 - x1) * (y2 - y1))) for part, (x1, y1, x2, y2) in zip(hidden, boxes, strict=True)]


def slow_sizes(prior: SizePrior, count: int) -> list[Limits]:
    large = min(count, round(prior.large * count))
    medium = min(count - large, round(prior.medium * count))
    return [prior.large_area] * large + [prior.medium_area] * medium + [prior.small_area] * (count - large - medium)


def slow_layout(prior: SizePrior, size_hw: tuple[int, int], count: int, rng: np.random.Generator) -> list[Rect]:
    """The same draws (area, aspect, x, y for each proposal), the rule applied to the whole list every time."""
    height, width = size_hw
    layouts: list[list[Rect]] = []
    while len(layouts) < 1 + prior.restarts:
        boxes: list[Rect] = []
        for low, high in slow_sizes(prior, count):
            for _ in range(prior.tries):
                u_area, u_aspect, u_x, u_y = rng.random(4).tolist()
                pixels = (low + u_area * (high - low)) * height * width
                aspect = prior.aspect[0] + u_aspect * (prior.aspect[1] - prior.aspect[0])
                box_w = min(math.sqrt(pixels * aspect), width)
                box_h = min(pixels / box_w, height)
                box_w = min(pixels / box_h, width)
                x, y = u_x * (width - box_w), u_y * (height - box_h)
                proposal = (x, y, x + box_w, y + box_h)
                shares = slow_visible_shares([*boxes, proposal])
                if min(shares) >= prior.each_visible and sum(shares) / len(shares) >= prior.mean_visible:
                    boxes.append(proposal)
                    break
            else:
                break
        layouts.append(boxes)
        if len(boxes) == count:
            return boxes
    return max(layouts, key=len)  # the first of the fullest


def share_and_aspect(box: Rect, size_hw: tuple[int, int]) -> tuple[float, float]:
    width, height = box[2] - box[0], box[3] - box[1]
    return width * height / (size_hw[0] * size_hw[1]), width / height


# counts and sizes


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, (0, 0, 0)),  # empty
        (1, (0, 0, 1)),  # 0.24 and 0.34 round to none
        (2, (0, 1, 1)),
        (3, (1, 1, 1)),
        (5, (1, 2, 2)),  # the fewest by default
        (7, (2, 2, 3)),  # 1.68 and 2.38
        (12, (3, 4, 5)),
        (19, (5, 6, 8)),  # the most by default: 4.56 and 6.46
    ],
)
def test_cardinality_of_each_size(count: int, sizes: tuple[int, int, int]) -> None:
    """24 % large and 34 % medium, each rounded, the rest small; told apart by area alone, painted large to small."""
    prior = SizePrior()
    boxes = size_prior_boxes(prior, CANVAS, count, generator(count))
    shares = [share_and_aspect(box, CANVAS)[0] for box in boxes]
    limits = [prior.large_area] * sizes[0] + [prior.medium_area] * sizes[1] + [prior.small_area] * sizes[2]
    assert len(boxes) == count
    assert all(
        low * (1 - 1e-9) <= share <= high * (1 + 1e-9) for share, (low, high) in zip(shares, limits, strict=True)
    )


@pytest.mark.parametrize(
    ("large", "medium", "sizes"),
    [
        (1.0, 0.0, (4, 0, 0)),  # large only
        (0.0, 1.0, (0, 4, 0)),  # medium only
        (0.0, 0.0, (0, 0, 4)),  # small only
        (0.6, 0.6, (2, 2, 0)),  # more than all: 2 and 2 of 4
        (1.0, 1.0, (4, 0, 0)),  # far more than all: large first
    ],
)
def test_cardinality_of_odd_shares(large: float, medium: float, sizes: tuple[int, int, int]) -> None:
    limits = {"large": (0.04, 0.05), "medium": (0.02, 0.03), "small": (0.005, 0.01)}
    prior = SizePrior(large=large, medium=medium, **{f"{size}_area": limit for size, limit in limits.items()})
    shares = [share_and_aspect(box, CANVAS)[0] for box in size_prior_boxes(prior, CANVAS, 4, generator(0))]
    found = [
        next(size for size, (low, high) in limits.items() if low - 1e-9 <= share <= high + 1e-9) for share in shares
    ]
    assert found == ["large"] * sizes[0] + ["medium"] * sizes[1] + ["small"] * sizes[2]


# everywhere inside, within the limits


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    size_hw=st.tuples(st.integers(1, 2000), st.integers(1, 2000))
    | st.tuples(st.integers(1, 4), st.integers(1000, 4000)),
    count=st.integers(0, 25),
)
def test_boxes_lie_inside_and_within_their_limits(seed: int, size_hw: tuple[int, int], count: int) -> None:
    prior = SizePrior(tries=10, restarts=1)
    height, width = size_hw
    boxes = size_prior_boxes(prior, size_hw, count, generator(seed))
    assert len(boxes) <= count
    for box, (low, high) in zip(boxes, slow_sizes(prior, count), strict=False):
        share, aspect = share_and_aspect(box, size_hw)
        assert 0 <= box[0] < box[2] <= width
        assert 0 <= box[1] < box[3] <= height
        assert low * (1 - 1e-9) <= share <= high * (1 + 1e-9)
        if aspect < prior.aspect[0] * (1 - 1e-9):  # only where a wider box would not fit
            assert box[2] - box[0] == pytest.approx(width)
        if aspect > prior.aspect[1] * (1 + 1e-9):
            assert box[3] - box[1] == pytest.approx(height)


@pytest.mark.parametrize("size_hw", [(10, 1000), (1000, 10)], ids=["flat", "tall"])
def test_on_an_extreme_canvas_the_aspect_gives_way_and_the_area_stays(size_hw: tuple[int, int]) -> None:
    prior = SizePrior(large=1, large_area=(0.4, 0.4))
    (box,) = size_prior_boxes(prior, size_hw, 1, generator(0))
    share, aspect = share_and_aspect(box, size_hw)
    assert share == pytest.approx(0.4)
    assert aspect == pytest.approx(40 if size_hw[1] > size_hw[0] else 1 / 40)


def test_area_aspect_and_position_are_uniform() -> None:
    """Kolmogorov-Smirnov distance of 2000 lone boxes; 1.95 / sqrt(n) is passed once in a thousand."""
    prior, rng = SizePrior(large=1), generator(5)
    boxes = [size_prior_boxes(prior, (1024, 1024), 1, rng)[0] for _ in range(2000)]
    measured = [share_and_aspect(box, (1024, 1024)) for box in boxes]
    free = [(box, 1024 - (box[2] - box[0]), 1024 - (box[3] - box[1])) for box in boxes]
    uniform = {
        "area": [(share - prior.large_area[0]) / (prior.large_area[1] - prior.large_area[0]) for share, _ in measured],
        "aspect": [(aspect - 0.5) / 1.5 for _, aspect in measured],
        "x": [box[0] / room for box, room, _ in free if room > 1],
        "y": [box[1] / room for box, _, room in free if room > 1],
    }
    for name, values in uniform.items():
        distance = np.abs(np.sort(values) - (np.arange(len(values)) + 0.5) / len(values)).max()
        assert distance < 1.95 / math.sqrt(len(values)), name


# the rule of visibility


@pytest.mark.parametrize("seed", range(12))
def test_every_prefix_keeps_the_rule(seed: int) -> None:
    """Checked after each box, not only at the end: over the boxes so far, mean ≥ 0.8 and each ≥ 0.5."""
    prior = SizePrior(large_area=(0.1, 0.5), large=0.5)
    boxes = size_prior_boxes(prior, CANVAS, 12, generator(seed))
    for end in range(1, len(boxes) + 1):
        shares = slow_visible_shares(boxes[:end])
        assert min(shares) >= 0.5 - 1e-9
        assert sum(shares) / end >= 0.8 - 1e-9


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "prior",
    [
        SizePrior(),  # the default
        SizePrior(large=1, large_area=(0.2, 0.5), tries=8, restarts=3),  # crowded: layouts are begun anew
        SizePrior(large=1, each_visible=1, mean_visible=1, tries=20, restarts=2),  # nothing may be hidden
        SizePrior(large=1, each_visible=0, mean_visible=0.9, tries=5, restarts=5),  # the mean alone
        SizePrior(large=1, each_visible=0.9, mean_visible=0, tries=5, restarts=5),  # each alone
        SizePrior(large=1, each_visible=0, mean_visible=0),  # anything goes
        SizePrior(large=1, each_visible=1, mean_visible=1, tries=1, restarts=0),  # one chance
        SizePrior(aspect=(6.0, 9.0), large=0.5, tries=5, restarts=1),  # wider than the canvas lets them be
    ],
)
def test_against_the_slow_layout(prior: SizePrior, seed: int) -> None:
    """The same boxes from the same draws, and as many draws."""
    rng, slow_rng = generator(seed), generator(seed)
    boxes = size_prior_boxes(prior, CANVAS, 9, rng)
    expected = slow_layout(prior, CANVAS, 9, slow_rng)
    assert len(boxes) == len(expected)
    np.testing.assert_allclose(boxes, expected, rtol=1e-9)
    assert rng.random() == slow_rng.random()


def test_an_impossible_layout_ends_with_fewer_objects() -> None:
    """Two boxes of half the canvas that may not touch: there is room for one, in every one of the layouts."""
    prior = SizePrior(large=1, large_area=(0.5, 0.5), each_visible=1, mean_visible=1, aspect=(1, 1), tries=50)
    first = size_prior_boxes(prior, CANVAS, 19, generator(3))
    assert len(first) == 1
    assert first == size_prior_boxes(prior, CANVAS, 19, generator(3))


def test_the_whole_canvas_fits_into_the_canvas() -> None:
    prior = SizePrior(large=1, large_area=(1.0, 1.0), aspect=(0.2, 5.0))
    assert size_prior_boxes(prior, CANVAS, 1, generator(0)) == [pytest.approx((0, 0, 640, 480))]


def test_zero_objects_draw_nothing() -> None:
    rng = generator(0)
    assert size_prior_boxes(SizePrior(), CANVAS, 0, rng) == []
    assert rng.random() == generator(0).random()


@pytest.mark.parametrize(
    "wrong",
    [
        {"large": -0.1},
        {"medium": 1.1},
        {"large_area": (0.0, 0.5)},  # no area at all
        {"small_area": (0.2, 0.1)},  # the wrong way round
        {"medium_area": (0.5, 1.5)},  # more than the canvas
        {"aspect": (-1.0, 2.0)},
        {"aspect": (math.nan, 2.0)},
        {"mean_visible": 2},
        {"tries": 0},
        {"restarts": -1},
        {"tires": 5},  # unknown
    ],
)
def test_exception_for_a_prior_that_makes_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        SizePrior.model_validate(wrong)
