"""Positions, against the page's definitions written as plain loops; and right at the margins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sos_online.refer.extent import bits_of, rows_of
from sos_online.refer.geometry import AXIS_OF, DIRECTIONS, PLACES, SIDES, Geometry
from tests.refer import geometry_reference as reference
from tests.refer.made_up import Box, answers, boxes

# sizes at which the margins fall on whole pixels
sizes = st.sampled_from([(100, 100), (100, 200), (480, 640), (1, 20)])


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Box], list[Box], tuple[int, int]]:
    """Seen and whole boxes; in half of the scenes nothing is hidden."""
    height, width = size_hw = draw(sizes)
    seen = draw(st.lists(boxes(width, height), max_size=6))
    if draw(st.booleans()):
        return seen, seen, size_hw
    whole = []
    for x1, y1, x2, y2 in seen:
        more = draw(st.tuples(*[st.integers(0, 30)] * 4))
        whole.append((max(x1 - more[0], 0), max(y1 - more[1], 0), min(x2 + more[2], width), min(y2 + more[3], height)))
    return seen, whole, size_hw


def check(seen: list[Box], whole: list[Box], size_hw: tuple[int, int]) -> None:
    """Every statement about every object."""
    geometry, rows = Geometry(seen, whole, size_hw), range(len(seen))
    for name in PLACES:
        expected = [reference.place(name, box, size_hw) for box in seen]
        assert answers(geometry.places[name], len(seen)) == expected, name
    for side in SIDES:
        axis = "xy".index(AXIS_OF[side])
        for row in rows:
            pairs = [(other, row) if side in ("left", "top") else (row, other) for other in rows]
            before = [reference.is_before(seen, whole, o, p, axis, size_hw[1 - axis]) for o, p in pairs]
            assert geometry.before[side][row] == bits_of(other for other in rows if before[other]), side
    for name in DIRECTIONS:
        for p in rows:
            expected = [reference.direction(name, seen, whole, o, p, size_hw) for o in rows]
            assert answers(geometry.around[p][name], len(seen)) == expected, name
    for p in rows:
        for o in rows:
            for q in rows:
                assert geometry.is_nearer(o, q, p) == reference.is_nearer(seen[o], seen[q], seen[p], size_hw)
        for q in set(rows) - {p}:
            expected = [reference.between(seen, o, p, q, size_hw) for o in rows]
            assert answers(geometry.between(p, q), len(seen)) == expected


TWO_IN_ONE_PLACE = [(0, 0, 609, 196), (0, 0, 609, 196), (0, 235, 68, 480)]


@settings(max_examples=150)
@given(scenes())
@example((TWO_IN_ONE_PLACE, TWO_IN_ONE_PLACE, (480, 640)))
def test_every_statement_is_what_the_page_says(scene):
    check(*scene)


@given(scenes(), st.data())
def test_the_nearest_of_a_set(scene, data: Any):
    seen, whole, size_hw = scene
    if not seen:
        return
    geometry = Geometry(seen, whole, size_hw)
    rows = data.draw(st.sets(st.integers(0, len(seen) - 1)))
    anchor = data.draw(st.integers(0, len(seen) - 1))
    found = geometry.nearest(bits_of(rows), anchor)
    expected = reference.nearest(seen, sorted(rows), anchor, size_hw)
    if expected is not None:
        assert found.means(1 << expected)
    else:
        assert not found.true
        assert set(rows_of(found.doubt)) <= rows - {anchor}


def test_no_object_at_all():
    geometry = Geometry(np.zeros((0, 4)), np.zeros((0, 4)), (10, 10))
    assert [geometry.places[name] for name in PLACES] == [(0, 0)] * len(PLACES)
    assert geometry.before == {side: [] for side in SIDES}


@pytest.mark.parametrize("count", [1, 2])
def test_few_objects(count: int):
    seen = [(10.0, 20.0, 30.0, 40.0), (60.0, 20.0, 90.0, 60.0)][:count]
    check(seen, seen, (100, 100))


def test_three_hundred_objects():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 90, (300, 2))
    seen = np.concatenate([corners, corners + rng.integers(1, 11, (300, 2))], axis=1).astype(float)
    geometry, listed = Geometry(seen, seen, (100, 100)), [tuple(box) for box in seen.tolist()]
    for name in DIRECTIONS:
        expected = [reference.direction(name, listed, listed, o, 257, (100, 100)) for o in range(300)]
        assert answers(geometry.around[257][name], 300) == expected
    for name in PLACES:
        assert answers(geometry.places[name], 300) == [reference.place(name, box, (100, 100)) for box in listed]
    assert answers(geometry.between(299, 0), 300) == [
        reference.between(listed, o, 299, 0, (100, 100)) for o in range(300)
    ]


@pytest.mark.parametrize(
    ("name", "box", "answer"),
    [
        ("left", (0, 0, 70, 10), None),  # the centre at 0.35, but it ends too far to the right
        ("left", (15, 0, 55, 10), True),  # both at the margin
        ("left", (15, 0, 56, 10), None),
        ("left", (40, 0, 60, 10), False),  # the centre at 0.5
        ("left", (40, 0, 59, 10), None),
        ("right", (45, 0, 85, 10), True),
        ("right", (44, 0, 85, 10), None),
        ("right", (40, 0, 60, 10), False),
        ("top", (0, 15, 10, 55), True),
        ("bottom", (0, 45, 10, 85), True),
        ("bottom", (0, 40, 10, 60), False),
        ("left", (20, 0, 50, 10), True),  # begins at 0.2
        ("left", (21, 0, 49, 10), None),
        ("top left", (10, 10, 40, 40), True),  # the centre at 0.25 from both sides
        ("top left", (10, 10, 41, 40), None),
        ("top left", (15, 15, 35, 35), True),  # begins at 0.15
        ("top left", (16, 15, 34, 35), None),
        ("top left", (50, 15, 60, 55), False),
        ("bottom right", (60, 60, 90, 90), True),
        ("bottom right", (60, 45, 90, 85), None),
        ("middle", (52, 40, 72, 60), True),  # 0.12 off
        ("middle", (53, 40, 73, 60), None),
        ("middle", (10, 10, 70, 70), True),  # 0.6 wide
        ("middle", (9, 10, 70, 70), None),
        ("middle", (65, 40, 85, 60), False),  # 0.25 off
        ("middle", (64, 40, 84, 60), None),
    ],
)
def test_places_at_the_margin(name, box, answer):
    assert answers(Geometry([box], [box], (100, 100)).places[name], 1) == [answer]


@pytest.mark.parametrize(
    ("o", "answer"),
    [
        ((10, 40, 40, 60), True),
        ((33, 40, 53, 60), True),  # reaches in by 0.15 of the narrower
        ((34, 40, 54, 60), None),
        ((30, 20, 40, 30), True),  # 25 up, 25 to the left
        ((30, 19, 40, 29), None),
        ((48, 40, 68, 60), None),  # neither before the other
        ((54, 40, 74, 60), None),
        ((55, 40, 75, 60), False),  # 0.05 behind
        ((70, 40, 90, 60), False),
    ],
)
def test_left_of_at_the_margin(o, answer):
    p = (50, 40, 70, 60)
    assert answers(Geometry([o, p], [o, p], (100, 100)).around[1]["left of"], 2) == [answer, False]


def test_what_is_hidden_may_undo_an_order():
    seen, whole = [(10, 0, 20, 10), (30, 0, 40, 10)], [(10, 0, 56, 10), (30, 0, 40, 10)]
    assert answers(Geometry(seen, seen, (100, 100)).around[1]["left of"], 2) == [True, False]
    assert answers(Geometry(seen, whole, (100, 100)).around[1]["left of"], 2) == [None, False]
