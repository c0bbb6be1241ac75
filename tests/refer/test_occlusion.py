"""What hides what: counted against brute force, and judged at the margins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.refer.extent import Extent
from sos_online.refer.occlusion import Occlusion, covering_relations, hidden_pixels, surrounded_rows
from sos_online.types import RegionMask
from tests.refer.made_up import answers


def stack(seed: int, count: int, side: int = 40) -> tuple[np.ndarray, list[RegionMask]]:
    """Random blobs on top of each other, the first in front, some of which leave no pixel: their map and the whole."""
    rng = np.random.default_rng(seed)
    ids, whole = np.zeros((side, side), np.int16), []
    for row in reversed(range(count)):
        height, width = rng.integers(1, side // 2, 2).tolist()
        y, x = int(rng.integers(0, side - height + 1)), int(rng.integers(0, side - width + 1))
        mask = rng.random((height, width)) < 0.7
        ids[y : y + height, x : x + width][mask] = row + 1
        whole.append(RegionMask(x, y, mask))
    return ids, whole[::-1]


def brute_force(ids: np.ndarray, whole: list[RegionMask]) -> np.ndarray:
    counted = np.zeros((len(whole), len(whole)), np.int64)
    for p, part in enumerate(whole):
        for y, x in zip(*np.nonzero(part.mask), strict=True):
            owner = ids[part.y + y, part.x + x]
            if owner and owner != p + 1:
                counted[p, owner - 1] += 1
    return counted


@given(st.integers(0, 2**32), st.integers(0, 12))
def test_pixels_are_counted_as_by_brute_force(seed, count):
    ids, whole = stack(seed, count)
    found = hidden_pixels(ids, whole)
    assert found.dtype == np.int64
    assert (found == brute_force(ids, whole)).all()


@pytest.mark.parametrize("count", [253, 254, 255, 256, 300])
def test_ids_beyond_a_byte(count):
    ids, whole = stack(count, count)
    assert (hidden_pixels(ids, whole) == brute_force(ids, whole)).all()


def occlusion_of(hidden: list[list[int]], area: list[float], whole_area: list[float]) -> list[dict[str, Extent]]:
    counts = np.array(hidden, np.int64).reshape(len(area), -1)
    return covering_relations(counts, np.array(area, float), np.array(whole_area, float))


@pytest.mark.parametrize(
    ("covered", "area", "whole", "answer"),
    [
        (0, 1000, 1000, False),
        (1, 1000, 1000, None),
        (99, 1000, 1000, None),
        (100, 1000, 1000, True),  # a tenth of the smaller of the two
        (63, 300, 300, None),
        (64, 300, 300, True),  # so many pixels at least
    ],
)
def test_in_front_and_behind_at_the_margin(covered, area, whole, answer):
    # row 0 covers so many pixels of row 1
    found = occlusion_of([[area, 0], [covered, 5000]], [area, 5000], [whole, 6000])
    assert answers(found[1]["in front of"], 2) == [answer, False]
    assert answers(found[0]["behind"], 2) == [False, answer]
    assert answers(found[0]["in front of"], 2) == [False, False]
    assert answers(found[1]["behind"], 2) == [False, False]


@pytest.mark.parametrize(
    ("inside", "area", "whole", "of", "answer"),
    [
        (980, 1000, 1000, 2000, True),  # 98 % on it, and half as large
        (979, 1000, 1000, 2000, None),
        (980, 1000, 1000, 1999, None),
        (980, 1000, 1112, 4000, None),  # less than 0.9 of it is seen
        (980, 1000, 1111, 4000, True),
        (500, 1000, 1000, 2000, None),
        (499, 1000, 1000, 2000, False),
        (0, 1000, 1000, 2000, False),
    ],
)
def test_on_at_the_margin(inside, area, whole, of, answer):
    found = occlusion_of([[area, 0], [inside, of - inside]], [area, of - inside], [whole, of])
    assert answers(found[1]["on"], 2)[0] is answer
    assert answers(found[0]["on"], 2)[0] is False  # nothing is on itself


def test_no_object():
    ids = np.zeros((4, 4), np.int16)
    assert hidden_pixels(ids, []).shape == (0, 0)
    nothing = Occlusion(np.zeros((0, 0), np.int64), lambda: np.zeros((0, 0)))
    assert covering_relations(nothing.hidden, np.zeros(0), np.zeros(0)) == []
    assert surrounded_rows(nothing, np.zeros(0), np.zeros(0), np.zeros((0, 4))) == []


@given(st.integers(0, 2**32), st.integers(2, 9))
def test_relations_are_what_the_page_says(seed, count):
    ids, whole = stack(seed, count)
    hidden = hidden_pixels(ids, whole)
    area = np.array([np.count_nonzero(ids == row + 1) for row in range(count)], float)
    whole_area = np.array([np.count_nonzero(part.mask) for part in whole], float)
    found = covering_relations(hidden, area, whole_area)
    for p in range(count):
        front, on, back = (answers(found[p][name], count) for name in ("in front of", "on", "behind"))
        for o in range(count):
            least = max(0.1 * min(whole_area[o], whole_area[p]), 64)
            covers, covered = hidden[p, o], hidden[o, p]
            share = covers / max(area[o], 1)
            is_on = share >= 0.98 and area[o] >= 0.9 * whole_area[o] and area[o] <= whole_area[p] / 2
            if o == p:
                assert front[o] is on[o] is back[o] is False
                continue
            assert front[o] is (True if covers >= least else None if covers else False)
            assert back[o] is (True if covered >= least else None if covered else False)
            assert on[o] is (True if is_on else False if share < 0.5 else None)


@given(st.integers(0, 10_000), st.integers(0, 12))
def test_looking_at_what_is_partly_hidden_is_enough(seed, count):
    ids, whole = stack(seed, count)
    every = hidden_pixels(ids, whole)
    partly = every.any(axis=1).nonzero()[0].tolist()
    assert (hidden_pixels(ids, whole, partly) == every).all()
