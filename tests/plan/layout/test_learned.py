"""Layouts by what was learnt: sound on any canvas, and with the marginals of the set that they were learnt from."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_online.data.coco_boxes import CocoBoxes, read_coco_boxes
from sos_online.errors import RecipeError
from sos_online.ops.boxes import Rect, area
from sos_online.plan.layout.fit import fit_layout
from sos_online.plan.layout.learned import FromLearned, LearnedSampler
from sos_online.plan.layout.matching import DrawableCategories
from sos_online.types import LearnedLayout
from tests.plan.fake_index import FakeIndex, assert_distribution
from tests.plan.layout.drawing import CANVASES, SEEDS, assert_inside, generator, table_of
from tests.plan.layout.test_size_prior import slow_visible_shares

ANYTHING_GOES = FromLearned(path="x", mean_visible=0, each_visible=0)
CANVAS = (480, 640)


@pytest.fixture(scope="module")
def coco(real_data: Path) -> CocoBoxes:
    return read_coco_boxes(real_data / "coco/instances_train.json")


@pytest.fixture(scope="module")
def learned(coco: CocoBoxes) -> LearnedLayout:
    return fit_layout(coco.table, coco.aspects)


def library(names: list[str]) -> DrawableCategories:
    class Named(FakeIndex):
        @property
        def category_names(self) -> list[str]:
            return names

    return DrawableCategories(Named([(1,)] * len(names)), np.ones(len(names) + 1, bool))


def boxes_of(learned: LearnedLayout, choice: FromLearned, count: int, pictures: int) -> list[list[Rect]]:
    sampler, rng = LearnedSampler(choice, learned, None), generator(7)
    return [sampler.draw(CANVAS, count, rng).boxes for _ in range(pictures)]


# soundness


@settings(max_examples=80)
@given(size_hw=CANVASES, count=st.integers(0, 25), seed=SEEDS)
def test_boxes_lie_inside_the_largest_first(
    learned: LearnedLayout, size_hw: tuple[int, int], count: int, seed: int
) -> None:
    sampler = LearnedSampler(FromLearned(path="x"), learned, None)
    boxes = sampler.draw(size_hw, count, generator(seed)).boxes
    assert len(boxes) <= count
    assert_inside(boxes, size_hw)
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in boxes]
    assert all(one >= other * (1 - 1e-6) for one, other in itertools.pairwise(areas))
    assert sampler.draw(size_hw, count, generator(seed)).boxes == boxes


@settings(max_examples=40)
@given(
    numbers=st.lists(st.tuples(*[st.floats(0, 0.9)] * 2, *[st.floats(0.001, 1)] * 2), min_size=1, max_size=9),
    size_hw=CANVASES,
    seed=SEEDS,
)
def test_any_boxes_can_be_learnt_from(
    numbers: list[tuple[float, float, float, float]], size_hw: tuple[int, int], seed: int
) -> None:
    """Of one picture, of equal boxes, of lines, of the whole picture."""
    rows = [(x, y, min(x + width, 1.0), min(y + height, 1.0), "ab"[x > 0.5]) for x, y, width, height in numbers]
    learned = fit_layout(table_of([rows]), np.array([1.3]))
    assert_inside(LearnedSampler(ANYTHING_GOES, learned, None).draw(size_hw, 12, generator(seed)).boxes, size_hw)


@pytest.mark.parametrize("seed", range(10))
def test_every_prefix_keeps_the_rule(learned: LearnedLayout, seed: int) -> None:
    choice = FromLearned(path="x", mean_visible=0.8, each_visible=0.5)
    boxes = LearnedSampler(choice, learned, None).draw(CANVAS, 12, generator(seed)).boxes
    for end in range(1, len(boxes) + 1):
        shares = slow_visible_shares(boxes[:end])
        assert min(shares) >= 0.5 - 1e-9
        assert sum(shares) / end >= 0.8 - 1e-9


def test_hardly_a_box_is_left_out(learned: LearnedLayout) -> None:
    counts = [len(boxes) for boxes in boxes_of(learned, FromLearned(path="x"), 12, 500)]
    assert np.mean(counts) > 11.9 and min(counts) > 8


def test_a_box_without_a_place_is_left_out_and_the_others_come() -> None:
    """Two objects that span the picture, of which one must give way, and a small one."""
    learned = fit_layout(table_of([[(0, 0, 1, 1, "a")], [(0.4, 0.4, 0.41, 0.41, "b")]]), np.ones(2))
    sampler = LearnedSampler(FromLearned(path="x"), learned, library(["a", "b"]))
    for seed in range(60):
        laid_out = sampler.draw(CANVAS, 3, generator(seed))
        assert laid_out.categories is not None and len(laid_out.categories) == len(laid_out.boxes)
        assert Counter(laid_out.categories.tolist())[1] <= 1


# marginals


def real_numbers(coco: CocoBoxes) -> dict[str, np.ndarray]:
    """Box by box."""
    found: dict[str, list[float]] = {"size": [], "shape": [], "x": [], "y": []}
    for picture, aspect in enumerate(coco.aspects):
        for x1, y1, x2, y2 in coco.table.boxes(picture).tolist():
            found["size"].append(np.log((x2 - x1) * (y2 - y1)))
            found["shape"].append(np.log((x2 - x1) / (y2 - y1) * aspect))
            found["x"].append((x1 + x2) / 2)
            found["y"].append((y1 + y2) / 2)
    return {key: np.array(values) for key, values in found.items()}


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Kolmogorov-Smirnov."""
    at = np.sort(np.concatenate([one, other]))
    shares = [np.searchsorted(np.sort(each), at, side="right") / len(each) for each in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def test_sizes_shapes_and_places_are_those_of_the_set(coco: CocoBoxes, learned: LearnedLayout) -> None:
    """As many objects in each picture as there; the distance of a learnt sample is near that of two real ones."""
    sampler, rng = LearnedSampler(ANYTHING_GOES, learned, None), generator(1)
    counts = np.diff(coco.table.starts).tolist()
    drawn = np.array([box for count in counts * 4 for box in sampler.draw(CANVAS, count, rng).boxes]) / (2 * [640, 480])
    real = real_numbers(coco)
    sides = drawn[:, 2:] - drawn[:, :2]
    numbers = {
        "size": np.log(sides.prod(1)),
        "shape": np.log(sides[:, 0] / sides[:, 1] * 640 / 480),
        "x": (drawn[:, 0] + drawn[:, 2]) / 2,
        "y": (drawn[:, 1] + drawn[:, 3]) / 2,
    }
    for key, values in numbers.items():
        assert distance(values, real[key]) < 0.07, key
    assert numbers["size"].std() == pytest.approx(real["size"].std(), rel=0.1)
    assert numbers["shape"].std() == pytest.approx(real["shape"].std(), rel=0.1)


def test_as_many_touch_each_border_as_in_the_set(coco: CocoBoxes, learned: LearnedLayout) -> None:
    """Neither pushed inwards nor heaped up. Some more are as tall as the canvas: what was learnt of upright pictures is
    cut to a canvas that is wider."""
    sampler, rng = LearnedSampler(ANYTHING_GOES, learned, None), generator(2)
    drawn = np.array([box for _ in range(600) for box in sampler.draw(CANVAS, 10, rng).boxes]) / (2 * [640, 480])
    real = np.concatenate([coco.table.boxes(picture) for picture in range(len(coco.table))])
    for edge, border in enumerate((0, 0, 1, 1)):
        found = np.mean(np.abs(drawn[:, edge] - border) < 1e-9)
        expected = np.mean(np.abs(real[:, edge] - border) <= 0.004)
        assert expected - 0.012 < found < expected + 0.02, edge
        near = np.mean((np.abs(drawn[:, edge] - border) < 0.02) & (np.abs(drawn[:, edge] - border) >= 1e-9))
        truly_near = np.mean((np.abs(real[:, edge] - border) < 0.02) & (np.abs(real[:, edge] - border) > 0.004))
        assert near < truly_near + 0.02, edge


def test_objects_are_larger_where_they_are_few(learned: LearnedLayout) -> None:
    few, many = (
        np.mean([area(box) for boxes in boxes_of(learned, ANYTHING_GOES, count, 300) for box in boxes])
        for count in (3, 20)
    )
    assert few > 2.5 * many


def test_learnt_numbers_of_objects(coco: CocoBoxes, learned: LearnedLayout) -> None:
    choice = ANYTHING_GOES.model_copy(update={"count": "learnt"})
    sampler, rng = LearnedSampler(choice, learned, None), generator(3)
    drawn = Counter(min(len(sampler.draw(CANVAS, 5, rng).boxes), 12) for _ in range(2500))
    counts = Counter(min(count, 12) for count in np.diff(coco.table.starts).tolist())
    assert_distribution(drawn, {count: number / counts.total() for count, number in counts.items()})


# categories


@pytest.mark.filterwarnings("ignore:layout learned:RuntimeWarning")
def test_boxes_belong_to_their_categories(learned: LearnedLayout) -> None:
    """Buses are larger than sports balls, and each box says what is in it."""
    sampler = LearnedSampler(ANYTHING_GOES, learned, library(["Bus", "sports ball", "unicorn"]))
    areas: dict[int, list[float]] = {1: [], 2: []}
    for seed in range(150):
        laid_out = sampler.draw(CANVAS, 6, generator(seed))
        assert laid_out.categories is not None
        for (x1, y1, x2, y2), category in zip(laid_out.boxes, laid_out.categories.tolist(), strict=True):
            areas[category].append((x2 - x1) * (y2 - y1))
    assert np.median(areas[1]) > 8 * np.median(areas[2])


def test_a_few_categories_warn_and_none_is_an_error(learned: LearnedLayout) -> None:
    choice = FromLearned(path="coco.json")
    with pytest.warns(RuntimeWarning, match=r"layout learned \(coco.json\): 2 of its 80 categories"):
        LearnedSampler(choice, learned, library(["apple", "vase", "cactus"]))
    with pytest.raises(RecipeError, match=r"layout learned \(coco.json\): 0 of its 80 categories.*categories: choice"):
        LearnedSampler(choice, learned, library(["cactus"]))
    boxes_alone = choice.model_copy(update={"categories": "choice"})
    assert LearnedSampler(boxes_alone, learned, library(["cactus"])).draw(CANVAS, 5, generator()).categories is None


@pytest.mark.filterwarnings("ignore:layout learned:RuntimeWarning")
def test_an_example_that_spans_the_picture_goes_on_doing_so() -> None:
    learned = fit_layout(table_of([[(0, 0.2, 1, 0.5, "a")], [(0, 0, 1, 1, "b")], [(0.3, 0, 0.4, 1, "c")]]), np.ones(3))
    for name, sides in (("a", [True, False]), ("b", [True, True]), ("c", [False, True])):
        sampler = LearnedSampler(ANYTHING_GOES, learned, library([name]))
        for size_hw in (CANVAS, (30, 900)):
            ((x1, y1, x2, y2),) = sampler.draw(size_hw, 1, generator()).boxes
            spans = [x2 - x1 > 0.999 * size_hw[1], y2 - y1 > 0.999 * size_hw[0]]
            assert spans == sides or (spans == [True, True] and name != "b" and size_hw != CANVAS), name


@pytest.mark.parametrize(
    "wrong",
    [{"path": ""}, {"count": "some"}, {"categories": "match"}, {"mean_visible": 1.1}, {"tries": -1}, {"boxes": 3}],
)
def test_exception_for_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        FromLearned.model_validate({"path": "x", **wrong})
