"""What goes all round what: hand-made maps, the margins, and random ones against the slow reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.refer import Occlusion, find_occlusion
from sos_online.refer.occlusion import SURROUNDED, covering_relations, surrounded_rows
from sos_online.refer.rings import share_of_ring
from sos_online.types import RegionMask
from tests.refer import geometry_reference as reference
from tests.refer.made_up import Box, answers, boxes

SIDE = 120


def block(box: Sequence[int]) -> np.ndarray:
    x1, y1, x2, y2 = box
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[max(y1, 0) : y2, max(x1, 0) : x2] = True
    return mask


def disc(x: int, y: int, radius: int) -> np.ndarray:
    ys, xs = np.ogrid[:SIDE, :SIDE]
    return (xs - x) ** 2 + (ys - y) ** 2 <= radius**2


def map_of(masks: Sequence[np.ndarray]) -> np.ndarray:
    ids = np.zeros(masks[0].shape, np.int16)
    for row, mask in reversed([*enumerate(masks)]):
        ids[mask] = row + 1
    return ids


def box_of(mask: np.ndarray) -> Box:
    ys, xs = mask.nonzero()
    return (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) if len(xs) else (0, 0, 0, 0)


def windows(masks: Sequence[np.ndarray]) -> list[RegionMask]:
    found = []
    for mask in masks:
        x1, y1, x2, y2 = map(int, box_of(mask))
        found.append(RegionMask(x1, y1, mask[y1:y2, x1:x2]))
    return found


def inside(*masks: np.ndarray) -> list[list[bool | None]]:
    """Of whole objects from the front to the back: for each as the anchor, which are inside it."""
    ids = map_of(masks)
    area = np.array([np.count_nonzero(ids == row + 1) for row in range(len(masks))])
    whole_area = np.array([mask.sum() for mask in masks], float)
    seen = np.array([box_of(ids == row + 1) for row in range(len(masks))], float)
    occlusion = find_occlusion(ids, windows(masks), area)
    found = surrounded_rows(occlusion, area.astype(float), whole_area, seen)
    covering = covering_relations(occlusion.hidden, area.astype(float), whole_area)
    for p, (relation, relations) in enumerate(zip(found, covering, strict=True)):
        assert not relation[SURROUNDED].true & ~relations["on"].true, p  # what is inside is on it as well
    return [answers(relation[SURROUNDED], len(masks)) for relation in found]


SQUARE = block((20, 20, 100, 100))


@pytest.mark.parametrize(
    ("masks", "answer"),
    [
        ([disc(60, 60, 20), SQUARE], True),
        ([disc(60, 40, 19), SQUARE], True),  # one row of the square is above it, where the ring has two
        ([disc(60, 39, 19), SQUARE], None),  # it touches the border
        ([disc(60, 25, 19), SQUARE], False),  # it reaches out
        ([disc(60, 8, 5), SQUARE], False),  # beside it
        ([disc(60, 60, 20), block((0, 0, SIDE, SIDE))], True),
        ([block((0, 40, 40, 80)), block((0, 0, SIDE, SIDE))], None),  # at the border of the image
        ([block((58, 0, 62, SIDE)), block((0, 0, SIDE, SIDE))], None),  # from one border to the other
        ([disc(60, 60, 20), disc(60, 60, 24), SQUARE], False),  # what goes round it is another
        ([disc(60, 60, 20), block((0, 58, SIDE, 62)), SQUARE], None),  # a stripe cuts through the ring
        ([disc(60, 60, 20), block((0, 0, SIDE, 60)), SQUARE], False),  # half of the ring
        ([disc(60, 60, 20), SQUARE & ~disc(60, 60, 10)], None),  # over a hole
        ([disc(60, 60, 30) & ~disc(60, 60, 10), SQUARE], True),  # with a hole in it
        ([disc(60, 60, 38), SQUARE], None),  # too large to be on it
    ],
)
def test_shapes(masks, answer):
    found = inside(*masks)
    assert found[-1][0] is answer
    assert True not in found[0]  # nor is the larger one ever inside the smaller one


# of a block of 40 x 40 pixels the ring has 2 * 2 * 40 + 2 * 2 * 44 = 336
@pytest.mark.parametrize(
    ("foreign", "answer"),
    [(0, True), (6, True), (7, None), (134, None), (135, False)],  # 98 % are 329.28, 60 % are 201.6
)
def test_shares_at_the_margin(foreign, answer):
    one = block((40, 40, 80, 80))
    ring = np.argwhere(block((38, 38, 82, 82)) & ~one)
    assert len(ring) == 336
    other = np.zeros_like(one)
    other[tuple(ring[::2][:foreign].T)] = True
    assert inside(one, other, SQUARE)[2][0] is answer


@pytest.mark.parametrize(
    ("box", "answer"),
    [
        ((22, 40, 42, 60), True),  # two columns of the square are left of it
        ((21, 40, 41, 60), None),
        ((19, 40, 39, 60), None),  # a twentieth of it reaches out
        ((18, 40, 38, 60), False),  # a tenth
        ((40, 82, 60, 102), False),
        ((81, 40, 101, 60), None),
    ],
)
def test_reaching_out_at_the_margin(box, answer):
    assert inside(block(box), SQUARE)[1][0] is answer


@pytest.mark.parametrize(("top", "answer"), [(21, True), (20, None), (19, None)])
def test_a_tip_that_reaches_the_border(top, answer):
    comb = block((25, 40, 95, 95))
    comb[:, 27:95:5] = False  # so much of the ring lies between the teeth that the tip takes less than 2 % of it
    assert inside(comb | block((60, top, 61, 40)), SQUARE)[1][0] is answer


@pytest.mark.parametrize(("side", "width"), [(1, 2), (59, 2), (60, 3), (79, 3), (80, 4)])
def test_the_width_of_the_ring(side, width):
    ids = np.zeros((300, 300), np.int16)
    ids[100 : 100 + side, 100 : 100 + side] = 1
    ids[:, : 100 - width] = 2  # just beyond the ring
    window = RegionMask(100, 100, np.ones((side, side), np.bool_))
    assert share_of_ring(ids, 0, 1, window, side**2) == 0
    ids[:, 100 - width] = 2  # its outermost column
    expected = (side + 2 * width) / ((side + 2 * width) ** 2 - side**2)
    assert share_of_ring(ids, 0, 1, window, side**2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("x", "y", "theirs"),
    [(3, 4, 40), (1, 4, 33), (0, 4, 26), (7, 4, 26), (3, 0, 26), (3, 9, 26), (0, 0, 16), (7, 9, 16), (6, 0, 21)],
)
def test_the_ring_goes_on_beyond_the_border(x, y, theirs):
    ids = np.full((12, 10), 2, np.int16)
    ids[y : y + 3, x : x + 3] = 1
    assert share_of_ring(ids, 0, 1, RegionMask(x, y, np.ones((3, 3), np.bool_)), 9) == theirs / 40


def test_rings_are_looked_at_where_one_lies_on_another():
    masks = [disc(60, 60, 20), disc(110, 110, 4), SQUARE]
    ids = map_of(masks)
    found = find_occlusion(ids, windows(masks), np.array([np.count_nonzero(ids == row) for row in (1, 2, 3)]))
    assert isinstance(found, Occlusion)
    assert np.argwhere(~np.isnan(found.around())).tolist() == [[2, 0]]


@st.composite
def scenes(draw: st.DrawFn) -> list[np.ndarray]:
    """Blocks and round things, many of which lie inside others; of some no pixel is seen."""
    masks = []
    for _ in range(draw(st.integers(2, 5))):
        x1, y1, x2, y2 = draw(boxes(44, 40))
        ys, xs = np.ogrid[:40, :44]
        round_one = ((xs + 0.5 - (x1 + x2) / 2) / (x2 - x1)) ** 2 + (
            (ys + 0.5 - (y1 + y2) / 2) / (y2 - y1)
        ) ** 2 <= 0.25
        mask = np.zeros((40, 44), np.bool_)
        mask[y1:y2, x1:x2] = True
        masks.append(mask & round_one if draw(st.booleans()) and round_one.any() else mask)
    return sorted(masks, key=np.count_nonzero) if draw(st.booleans()) else masks


@given(scenes())
def test_against_the_reference(masks):
    ids = map_of(masks)
    seen_rows = [row for row in range(len(masks)) if (ids == row + 1).any()]
    masks = [masks[row] for row in seen_rows]
    ids = map_of(masks)
    seen = [box_of(ids == row + 1) for row in range(len(masks))]
    found = inside(*masks)
    for p in range(len(masks)):
        expected = [reference.inside(ids, masks, seen, o, p) for o in range(len(masks))]
        assert found[p] == expected, p
