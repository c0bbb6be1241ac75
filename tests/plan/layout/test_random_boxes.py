"""Random boxes: their limits, and the rule of overlap against all pairs."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_online.ops.boxes import Rect
from sos_online.plan.layout.random_boxes import RandomBoxes, random_boxes
from tests.plan.layout.drawing import CANVASES, SEEDS, assert_inside, assert_uniform, generator

CANVAS = (480, 640)


def slow_iou(one: Rect, other: Rect) -> float:
    """By counting cells of the grid that all edges span."""
    xs, ys = (sorted({box[axis + end] for box in (one, other) for end in (0, 2)}) for axis in (0, 1))
    shared = either = 0.0
    for (left, right), (top, bottom) in itertools.product(itertools.pairwise(xs), itertools.pairwise(ys)):
        inside = [box[0] <= left and right <= box[2] and box[1] <= top and bottom <= box[3] for box in (one, other)]
        shared += all(inside) * (right - left) * (bottom - top)
        either += any(inside) * (right - left) * (bottom - top)
    return shared / either


@given(seed=SEEDS, size_hw=CANVASES, count=st.integers(0, 25), max_iou=st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_boxes_keep_their_limits(seed: int, size_hw: tuple[int, int], count: int, max_iou: float) -> None:
    settings = RandomBoxes(max_iou=max_iou, tries=5)
    boxes = random_boxes(settings, size_hw, count, generator(seed))
    assert len(boxes) <= count
    assert_inside(boxes, size_hw)
    for x1, y1, x2, y2 in boxes:
        assert 0.05 - 1e-9 <= (x2 - x1) / size_hw[1] <= 0.6 + 1e-9
        assert 0.05 - 1e-9 <= (y2 - y1) / size_hw[0] <= 0.6 + 1e-9
    assert all(slow_iou(*pair) <= max_iou + 1e-9 for pair in itertools.combinations(boxes, 2))
    assert boxes == random_boxes(settings, size_hw, count, generator(seed))


def test_sides_and_places_are_uniform() -> None:
    rng = generator(1)
    boxes = [random_boxes(RandomBoxes(), CANVAS, 1, rng)[0] for _ in range(2000)]
    assert_uniform([(box[2] - box[0]) / 640 for box in boxes], 0.05, 0.6)
    assert_uniform([(box[3] - box[1]) / 480 for box in boxes], 0.05, 0.6)
    assert_uniform([box[0] / (640 - (box[2] - box[0])) for box in boxes], 0, 1)
    assert_uniform([box[1] / (480 - (box[3] - box[1])) for box in boxes], 0, 1)


def test_a_box_without_a_place_is_left_out_and_the_next_still_tried() -> None:
    """Boxes of 0.6 x 0.6 that may not touch: only one has room, whatever comes after. Smaller ones would fit again."""
    alone = RandomBoxes(sides=(0.6, 0.6), max_iou=0, tries=7)
    rng = generator(2)
    assert len(random_boxes(alone, CANVAS, 9, rng)) == 1
    draws = generator(2)
    draws.random(4 * (1 + 8 * 7))
    assert rng.random() == draws.random()
    counts = [len(random_boxes(RandomBoxes(max_iou=0, tries=2), CANVAS, 30, generator(seed))) for seed in range(20)]
    assert min(counts) > 1 and max(counts) < 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"sides": (0.0, 0.5)},  # nothing
        {"sides": (0.5, 1.1)},  # more than the canvas
        {"sides": (0.6, 0.05)},  # the wrong way round
        {"sides": (float("nan"), 0.5)},
        {"max_iou": 1.5},
        {"tries": 0},
        {"size": 3},  # unknown
    ],
)
def test_exception_for_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        RandomBoxes.model_validate(wrong)
