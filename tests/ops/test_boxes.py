"""Rectangles that hide one another against a raster; tight boxes against ``np.nonzero``."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.ops.boxes import Rect, area, boxes_and_areas, clip_box, subtract

SIDE = 14
Ints = tuple[int, int, int, int]
Raster = npt.NDArray[np.int64]


def count_cover(rects: list[Rect]) -> Raster:
    """How many of the rectangles, whole numbers, cover each unit square."""
    cover = np.zeros((SIDE, SIDE), np.int64)
    for x1, y1, x2, y2 in rects:
        for row in range(int(y1), int(y2)):
            for column in range(int(x1), int(x2)):
                cover[row, column] += 1
    return cover


@st.composite
def int_rects(draw: st.DrawFn, smallest: int = 1) -> Ints:
    x1, y1 = draw(st.integers(0, SIDE - smallest)), draw(st.integers(0, SIDE - smallest))
    return x1, y1, draw(st.integers(x1 + smallest, SIDE)), draw(st.integers(y1 + smallest, SIDE))


# area


@pytest.mark.parametrize(
    ("rect", "expected"),
    [
        ((0, 0, 0, 0), 0.0),  # empty
        ((3, 3, 3, 9), 0.0),  # no width
        ((3, 3, 9, 3), 0.0),  # no height
        ((5, 0, 2, 4), 0.0),  # turned round in x
        ((5, 4, 2, 0), 0.0),  # turned round in both: not the product of two negatives
        ((0, 0, 1, 1), 1.0),  # one pixel
        ((-2, -1, 2, 3), 16.0),  # over the origin
        ((0.25, 0.5, 1.0, 2.5), 1.5),  # fractions
    ],
)
def test_area_table(rect: Rect, expected: float) -> None:
    assert area(rect) == expected


# subtract


@pytest.mark.parametrize(
    ("hole", "pieces"),
    [
        ((0, 0, 1, 1), 1),  # elsewhere
        ((0, 0, 2, 10), 1),  # touches the left side
        ((2, 8, 8, 9), 1),  # touches the bottom
        ((8, 8, 9, 9), 1),  # touches a corner
        ((0, 0, 10, 10), 0),  # swallows it
        ((2, 2, 8, 8), 0),  # the same rectangle
        ((4, 4, 6, 6), 4),  # in the middle
        ((0, 0, 5, 5), 2),  # a corner
        ((4, 0, 6, 10), 2),  # a band from top to bottom
        ((0, 4, 10, 6), 2),  # a band from left to right
        ((0, 0, 10, 4), 1),  # the upper part
        ((4, 4, 6, 10), 3),  # a bite out of the lower side
    ],
)
def test_subtract_cardinality(hole: Ints, pieces: int) -> None:
    left = subtract([(2, 2, 8, 8)], hole)
    assert len(left) == pieces
    assert (count_cover(left) == count_cover([(2, 2, 8, 8)]) * (count_cover([hole]) == 0)).all()


def test_subtract_smoke_nothing_to_cut() -> None:
    assert subtract([], (0, 0, 5, 5)) == []


def test_subtract_leaves_an_untouched_piece_as_it_is() -> None:
    """Visible shares must be exactly 1 where nothing hides a box: no piece may be split in vain."""
    piece = (0.1, 0.2, 0.7, 0.9)
    assert subtract([piece], (0.7, 0.0, 1.0, 1.0)) == [piece]


@given(start=int_rects(), holes=st.lists(int_rects(smallest=0), max_size=6))
def test_subtract_against_a_raster(start: Ints, holes: list[Ints]) -> None:
    pieces: list[Rect] = [start]
    expected = count_cover([start])
    for hole in holes:
        before = len(pieces)
        pieces = subtract(pieces, hole)
        expected = expected * (count_cover([hole]) == 0)
        assert len(pieces) <= 4 * before
    assert (count_cover(pieces) == expected).all()  # equal counts, so disjoint too
    assert sum(map(area, pieces)) == expected.sum()


@given(start=int_rects(), holes=st.lists(int_rects(), min_size=2, max_size=4))
def test_subtract_in_any_order_leaves_the_same_area(start: Ints, holes: list[Ints]) -> None:
    areas = set()
    for order in itertools.permutations(holes):
        pieces: list[Rect] = [start]
        for hole in order:
            pieces = subtract(pieces, hole)
        areas.add(sum(map(area, pieces)))
    assert len(areas) == 1


@given(
    cuts=st.lists(st.floats(0, 1, width=32), min_size=8, max_size=8),
)
def test_subtract_of_fractions_keeps_the_area(cuts: list[float]) -> None:
    """Area left + area of the overlap = area before, for any floats."""
    (x1, x2), (y1, y2) = sorted(cuts[0:2]), sorted(cuts[2:4])
    (hx1, hx2), (hy1, hy2) = sorted(cuts[4:6]), sorted(cuts[6:8])
    overlap = area((max(x1, hx1), max(y1, hy1), min(x2, hx2), min(y2, hy2)))
    left = sum(map(area, subtract([(x1, y1, x2, y2)], (hx1, hy1, hx2, hy2))))
    assert left + overlap == pytest.approx(area((x1, y1, x2, y2)), abs=1e-12)


# clip_box


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        ((0, 0, 6, 4), (0, 0, 6, 4)),  # the whole canvas
        ((-3, -2, 9, 8), (0, 0, 6, 4)),  # larger than the canvas
        ((2, 1, 3, 2), (2, 1, 3, 2)),  # one pixel inside
        ((5, 3, 9, 9), (5, 3, 6, 4)),  # over the lower right corner
    ],
)
def test_clip_box_table(box: Ints, clipped: Ints) -> None:
    assert clip_box(box, (4, 6)) == clipped


@given(
    box=st.tuples(*[st.integers(-9, 15)] * 4),
    size_hw=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_clip_box_against_a_raster(box: Ints, size_hw: tuple[int, int]) -> None:
    """The pixels of the clipped box are those of the box that are on the canvas; none where it says so."""
    x1, y1, x2, y2 = clip_box(box, size_hw)
    on_canvas = {
        (x, y)
        for x in range(box[0], box[2])
        for y in range(box[1], box[3])
        if 0 <= x < size_hw[1] and 0 <= y < size_hw[0]
    }
    assert {(x, y) for x in range(x1, x2) for y in range(y1, y2)} == on_canvas
    assert (x2 <= x1 or y2 <= y1) == (not on_canvas)


# boxes_and_areas


def slow_boxes_and_areas(instance_map: npt.NDArray[np.signedinteger], count: int) -> tuple[list[list[int]], list[int]]:
    boxes, areas = [], []
    for identity in range(1, count + 1):
        rows, columns = np.nonzero(instance_map == identity)
        areas.append(len(rows))
        boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if len(rows) else [0, 0, 0, 0])
    return boxes, areas


def test_boxes_smoke_no_ids() -> None:
    boxes, areas = boxes_and_areas(np.zeros((4, 5), np.int16), [])
    assert (boxes.shape, boxes.dtype, areas.shape, areas.dtype) == ((0, 4), np.float32, (0,), np.int64)


@pytest.mark.parametrize(("x", "y"), list(itertools.product((0, 3, 6), (0, 2, 4))))
def test_one_pixel_is_one_wide_and_one_high(x: int, y: int) -> None:
    """Half-open: mistake 5 of REFERENCE.md, boxes one pixel short and thin objects lost. Corners, sides, inside."""
    instance_map = np.zeros((5, 7), np.int16)
    instance_map[y, x] = 1
    boxes, areas = boxes_and_areas(instance_map, [(0, 0, 7, 5)])
    assert boxes.tolist() == [[x, y, x + 1, y + 1]]
    assert areas.tolist() == [1]


def test_absent_ids_are_zeros_wherever_their_window_lies() -> None:
    instance_map = np.zeros((6, 6), np.int16)
    instance_map[2:4, 1:5] = 2
    boxes, areas = boxes_and_areas(instance_map, [(3, 3, 6, 6), (0, 0, 6, 6), (5, 5, 6, 6)])
    assert boxes.tolist() == [[0, 0, 0, 0], [1, 2, 5, 4], [0, 0, 0, 0]]
    assert areas.tolist() == [0, 8, 0]


@pytest.mark.parametrize("count", [255, 256, 257, 600])  # mistake 2: the 256th object becomes background
def test_ids_never_wrap(count: int) -> None:
    instance_map = np.arange(1, count + 1, dtype=np.int16).reshape(1, count)
    boxes, areas = boxes_and_areas(instance_map, [(0, 0, count, 1)] * count)
    assert (boxes == [[column, 0, column + 1, 1] for column in range(count)]).all()
    assert (areas == 1).all()


@given(
    seed=st.integers(0, 2**32 - 1),
    size_hw=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    count=st.integers(0, 300),
    dtype=st.sampled_from([np.int16, np.int32, np.int64]),
    tight=st.booleans(),
)
def test_boxes_against_nonzero(
    seed: int, size_hw: tuple[int, int], count: int, dtype: type[np.signedinteger], tight: bool
) -> None:
    """Scattered ids, many absent or of one pixel; windows as loose and as tight as the contract lets them be."""
    rng = np.random.default_rng(seed)
    instance_map = rng.integers(0, count + 1, size_hw).astype(dtype)
    instance_map[rng.random(size_hw) < 0.5] = 0
    expected_boxes, expected_areas = slow_boxes_and_areas(instance_map, count)
    whole = (0, 0, size_hw[1], size_hw[0])
    windows = [(*box,) if tight and n else whole for box, n in zip(expected_boxes, expected_areas, strict=True)]
    boxes, areas = boxes_and_areas(instance_map, windows)
    assert boxes.tolist() == [list(map(float, box)) for box in expected_boxes]
    assert areas.tolist() == expected_areas


def test_boxes_of_a_map_that_is_a_view() -> None:
    """Neither C-contiguous nor starting at the first byte."""
    instance_map = np.random.default_rng(0).integers(0, 9, (30, 40)).astype(np.int16)[3:-2, ::2].T
    expected_boxes, expected_areas = slow_boxes_and_areas(instance_map, 8)
    boxes, areas = boxes_and_areas(instance_map, [(0, 0, instance_map.shape[1], instance_map.shape[0])] * 8)
    assert boxes.tolist() == expected_boxes
    assert areas.tolist() == expected_areas
