"""Boxes of real pictures: which picture, which boxes, in which order; and their categories."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_online.errors import RecipeError
from sos_online.plan.layout.box_table import FromTable, TableSampler
from sos_online.plan.layout.matching import DrawableCategories
from sos_online.types import BoxTable
from tests.plan.fake_index import FakeIndex, assert_distribution
from tests.plan.layout.drawing import CANVASES, SEEDS, Row, assert_inside, generator, table_of

SMALL: Row = (0.0, 0.0, 0.1, 0.1, "category 1")
MIDDLE: Row = (0.2, 0.2, 0.5, 0.4, "category 2")
LARGE: Row = (0.25, 0.5, 1.0, 1.0, "category 1")
FLAT: Row = (0.0, 0.9, 1.0, 1.0, "category 9")
TABLE = table_of([[SMALL], [MIDDLE, LARGE], [SMALL, LARGE, FLAT], [MIDDLE, SMALL, FLAT], [FLAT, LARGE]])
CHOICE = FromTable(path="boxes.csv")
WITH_CATEGORIES = FromTable(path="boxes.csv", categories="layout")


def known(*counts: int) -> DrawableCategories:
    """A library of categories "category 1" and so on, with so many segments."""
    index = FakeIndex([(count,) for count in counts])
    return DrawableCategories(index, np.concatenate([[False], np.array(counts) > 0]))


def scaled(rows: list[Row], size_hw: tuple[int, int]) -> list[tuple[float, ...]]:
    return [(x1 * size_hw[1], y1 * size_hw[0], x2 * size_hw[1], y2 * size_hw[0]) for x1, y1, x2, y2, _ in rows]


@pytest.mark.parametrize(
    ("count", "layouts"),
    [
        (0, {0: [], 1: [], 2: [], 3: [], 4: []}),  # any picture, no box
        (1, {0: [SMALL], 1: [LARGE], 2: [LARGE], 3: [FLAT], 4: [LARGE]}),  # the largest of any picture
        (2, {1: [LARGE, MIDDLE], 2: [LARGE, FLAT], 3: [FLAT, MIDDLE], 4: [LARGE, FLAT]}),
        (3, {2: [LARGE, FLAT, SMALL], 3: [FLAT, MIDDLE, SMALL]}),  # only those of three
        (7, {2: [LARGE, FLAT, SMALL], 3: [FLAT, MIDDLE, SMALL]}),  # none has seven: those that have the most
    ],
)
def test_a_picture_of_enough_boxes_is_drawn_uniformly(count: int, layouts: dict[int, list[Row]]) -> None:
    sampler, rng = TableSampler(CHOICE, TABLE, None), generator(count)
    found: Counter[tuple[tuple[float, ...], ...]] = Counter()
    for _ in range(1500):
        laid_out = sampler.draw((100, 200), count, rng)
        assert laid_out.categories is None
        found[tuple(tuple(np.round(box, 3)) for box in laid_out.boxes)] += 1
    expected: Counter[tuple[tuple[float, ...], ...]] = Counter()
    for rows in layouts.values():
        expected[tuple(tuple(np.round(box, 3)) for box in scaled(rows, (100, 200)))] += 1 / len(layouts)
    if len(expected) == 1:
        assert set(found) == set(expected)
    else:
        assert_distribution(found, expected)  # type: ignore[arg-type]


@st.composite
def tables(draw: st.DrawFn) -> BoxTable:
    edge = st.tuples(st.integers(0, 99), st.integers(1, 100)).map(lambda pair: (pair[0] / 100, pair[1] / 100))
    edges = edge.filter(lambda pair: pair[0] < pair[1])
    row = st.builds(
        lambda x, y, name: (x[0], y[0], x[1], y[1], name), edges, edges, st.sampled_from(["category 1", "category 2"])
    )
    return table_of(draw(st.lists(st.lists(row, min_size=1, max_size=6), min_size=1, max_size=6)))


@given(table=tables(), size_hw=CANVASES, count=st.integers(0, 8), seed=SEEDS, flip_x=st.sampled_from([0.0, 0.5, 1.0]))
def test_boxes_are_those_of_one_picture(
    table: BoxTable, size_hw: tuple[int, int], count: int, seed: int, flip_x: float
) -> None:
    settings = FromTable(path="x", flip_x=flip_x)
    boxes = TableSampler(settings, table, None).draw(size_hw, count, generator(seed)).boxes
    assert_inside(boxes, size_hw)
    assert len(boxes) == min(count, int(np.diff(table.starts).max()))
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in boxes]
    assert all(one >= other * (1 - 1e-9) for one, other in itertools.pairwise(areas))
    shares = {tuple(np.round(np.array(box) / [*size_hw[::-1], *size_hw[::-1]], 4)) for box in boxes}
    pictures = [table.boxes(picture) for picture in range(len(table))]
    mirrored = [np.stack([1 - one[:, 2], one[:, 1], 1 - one[:, 0], one[:, 3]], 1) for one in pictures]
    able = (pictures if flip_x < 1 else []) + (mirrored if flip_x > 0 else [])
    assert any(shares <= {tuple(np.round(row, 4)) for row in picture} for picture in able)
    again = TableSampler(settings, table, None).draw(size_hw, count, generator(seed)).boxes
    assert again == boxes


def test_flips_are_as_frequent_as_they_should_be() -> None:
    sampler, rng = TableSampler(FromTable(path="x", flip_x=0.3), table_of([[SMALL]]), None), generator(3)
    flipped = sum(sampler.draw((10, 10), 1, rng).boxes[0][0] > 5 for _ in range(2000))
    assert abs(flipped - 600) < 5 * np.sqrt(2000 * 0.3 * 0.7)


# categories


def test_boxes_bring_their_categories_and_those_of_others_are_left_out() -> None:
    """ "category 9" is not in the library: its boxes are left out, and pictures count what is left."""
    sampler, rng = TableSampler(WITH_CATEGORIES, TABLE, known(4, 4)), generator(4)
    seen = set()
    for _ in range(200):
        laid_out = sampler.draw((100, 100), 2, rng)
        assert laid_out.categories is not None
        seen.add(tuple(laid_out.categories.tolist()))
        for box, category in zip(laid_out.boxes, laid_out.categories, strict=True):
            owners = {row[4] for row in (SMALL, MIDDLE, LARGE) if np.allclose(box, scaled([row], (100, 100))[0])}
            assert owners == {f"category {category}"}
    assert seen == {(1, 2), (1, 1), (2, 1)}  # pictures 1, 2 and 3; 0 and 4 have one box left


def test_a_category_whose_segments_cannot_be_drawn_is_left_out() -> None:
    with pytest.warns(RuntimeWarning, match=r"1 of its 3 categories.*18% of its objects"):
        sampler = TableSampler(WITH_CATEGORIES, TABLE, known(0, 4))
    laid_out = sampler.draw((100, 100), 5, generator(5))
    assert laid_out.categories is not None and laid_out.categories.tolist() == [2]


def test_exception_if_no_category_is_in_the_library() -> None:
    with pytest.raises(RecipeError, match=r"layout box_table \(boxes.csv\).*0 of its 3 categories.*categories: choice"):
        TableSampler(WITH_CATEGORIES, TABLE, DrawableCategories(FakeIndex([(1,)]), np.array([False, False])))


def test_exception_if_the_table_says_nothing_of_categories() -> None:
    plain = BoxTable(TABLE.edges, TABLE.starts, None, np.empty(0, np.int32))
    with pytest.raises(RecipeError, match="column category"):
        TableSampler(WITH_CATEGORIES, plain, known(1))


def test_categories_do_not_matter_where_the_choice_fixes_them() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert TableSampler(WITH_CATEGORIES, TABLE, None).draw((9, 9), 2, generator()).categories is None


@pytest.mark.parametrize("wrong", [{"path": ""}, {"flip_x": 2}, {"categories": "any"}, {"flip": 0.5}])
def test_exception_for_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        FromTable.model_validate({"path": "x", **wrong})
