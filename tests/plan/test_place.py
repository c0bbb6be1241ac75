"""From a layout's box to whole pixels: proportions, containment, flips, turns."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_online.ops.boxes import Rect
from sos_online.plan.place import PlacementRules, place_segment
from sos_online.types import Placement

CANVAS_WH = (97, 61)
EVERYTHING = PlacementRules(scale=(0.5, 1.5), flip_x=0.5, flip_y=0.5, rotation=180)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def place(rules: PlacementRules, size_wh: tuple[int, int], box: Rect, seed: int = 0) -> Placement:
    return place_segment(rules, 5, 2, size_wh, box, generator(seed))


def size(placement: Placement) -> tuple[int, int]:
    x1, y1, x2, y2 = placement.box
    return x2 - x1, y2 - y1


def slow_frame(size_wh: tuple[int, int], angle: float) -> tuple[float, float]:
    """Extent of the turned corners."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = [(x * cos - y * sin, x * sin + y * cos) for x, y in itertools.product((0, size_wh[0]), (0, size_wh[1]))]
    xs, ys = zip(*corners, strict=True)
    return max(xs) - min(xs), max(ys) - min(ys)


@st.composite
def boxes(draw: st.DrawFn) -> Rect:
    """Inside the canvas, thinner than a pixel too."""
    (x1, x2), (y1, y2) = (
        sorted(draw(st.tuples(st.floats(0, side), st.floats(0, side))))  # type: ignore[type-var]
        for side in CANVAS_WH
    )
    return x1, y1, max(x2, min(x1 + 1e-3, CANVAS_WH[0])), max(y2, min(y1 + 1e-3, CANVAS_WH[1]))


SIZES = st.tuples(st.integers(1, 1024), st.integers(1, 1024))
SEEDS = st.integers(0, 2**32 - 1)


# fit and stretch


@pytest.mark.parametrize(
    ("mode", "size_wh", "box", "expected"),
    [
        ("fit", (50, 50), (10, 10, 30, 30), (10, 10, 30, 30)),  # square in a square
        ("fit", (100, 50), (10, 10, 30, 30), (10, 15, 30, 25)),  # wide: centred in height
        ("fit", (50, 100), (10, 10, 30, 30), (15, 10, 25, 30)),  # tall: centred in width
        ("fit", (3, 3), (10, 10, 30, 30), (10, 10, 30, 30)),  # enlarged
        ("fit", (1000, 1), (10, 10, 30, 30), (10, 20, 30, 21)),  # a line keeps one pixel
        ("fit", (1, 1000), (10, 10, 30, 30), (20, 10, 21, 30)),  # upright too
        ("fit", (50, 50), (10.2, 10.2, 10.4, 10.4), (10, 10, 11, 11)),  # less than a pixel becomes one
        ("stretch", (100, 50), (10, 10, 30, 30), (10, 10, 30, 30)),  # fills the box
        ("stretch", (1, 1000), (10, 10, 30, 15), (10, 10, 30, 15)),  # whatever its proportions
        ("stretch", (50, 50), (10.2, 10.2, 10.4, 10.4), (10, 10, 11, 11)),  # less than a pixel becomes one
    ],
)
def test_place_table(mode: str, size_wh: tuple[int, int], box: Rect, expected: tuple[int, ...]) -> None:
    placement = place(PlacementRules(mode=mode), size_wh, box)  # type: ignore[arg-type]
    assert placement == Placement(5, 2, expected)  # type: ignore[arg-type]


@given(size_wh=SIZES, box=boxes(), mode=st.sampled_from(["fit", "stretch"]))
def test_smoke_plain_numbers(size_wh: tuple[int, int], box: Rect, mode: str) -> None:
    """Plain Python numbers: a scene becomes JSON and crosses processes."""
    placement = place(PlacementRules(mode=mode, rotation=20), size_wh, box)  # type: ignore[arg-type]
    assert [type(edge) for edge in placement.box] == [int] * 4
    assert (type(placement.angle), type(placement.flip_x), type(placement.flip_y)) == (float, bool, bool)


@given(size_wh=SIZES, box=boxes(), rotation=st.sampled_from([0.0, 180.0]), seed=SEEDS)
def test_fit_keeps_proportions_to_rounding(size_wh: tuple[int, int], box: Rect, rotation: float, seed: int) -> None:
    """The frame of the turned segment, scaled by one factor until it meets the first side of the box, then rounded."""
    placement = place(PlacementRules(rotation=rotation), size_wh, box, seed)
    frame_w, frame_h = slow_frame(size_wh, placement.angle)
    factor = min((box[2] - box[0]) / frame_w, (box[3] - box[1]) / frame_h)
    width, height = size(placement)
    assert abs(width - max(1, frame_w * factor)) <= 0.5 + 1e-6
    assert abs(height - max(1, frame_h * factor)) <= 0.5 + 1e-6


@given(size_wh=SIZES, box=boxes(), mode=st.sampled_from(["fit", "stretch"]), rotation=st.sampled_from([0.0, 90.0]))
def test_stays_in_its_box_and_on_the_canvas(size_wh: tuple[int, int], box: Rect, mode: str, rotation: float) -> None:
    placement = place(PlacementRules(mode=mode, rotation=rotation), size_wh, box)  # type: ignore[arg-type]
    x1, y1, x2, y2 = placement.box
    assert 0 <= x1 < x2 <= CANVAS_WH[0]
    assert 0 <= y1 < y2 <= CANVAS_WH[1]
    for low, high, room_low, room_high in ((x1, x2, box[0], box[2]), (y1, y2, box[1], box[3])):
        if room_high - room_low >= 1:
            assert room_low - 0.75 <= low < high <= room_high + 0.75  # half a pixel of size, half a pixel of place
        assert abs((low + high) / 2 - (room_low + room_high) / 2) <= 0.5 + 1e-9  # centred


# scale


@pytest.mark.parametrize("mode", ["fit", "stretch"])
@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5, 4.0])
def test_scale_is_about_the_centre(mode: str, factor: float) -> None:
    placement = place(PlacementRules(mode=mode, scale=(factor, factor)), (10, 10), (40, 20, 80, 60))  # type: ignore[arg-type]
    half = 20 * factor
    assert placement.box == (60 - half, 40 - half, 60 + half, 40 + half)


def test_scale_is_uniform_between_its_limits() -> None:
    rules, rng = PlacementRules(mode="stretch", scale=(0.5, 1.5)), generator(1)
    widths = [size(place_segment(rules, 0, 1, (9, 9), (0, 0, 1e6, 1e6), rng))[0] / 1e6 for _ in range(2000)]
    shares = np.sort(widths) - 0.5
    assert np.abs(shares - (np.arange(2000) + 0.5) / 2000).max() < 1.95 / math.sqrt(2000)


# flips and turns


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("flip", ["flip_x", "flip_y"])
def test_frequency_of_flips(flip: str, probability: float) -> None:
    """Within five standard deviations; never and always are exactly that; the other flip stays away."""
    rules, rng = PlacementRules.model_validate({flip: probability}), generator(2)
    placements = [place_segment(rules, 0, 1, (9, 9), (0, 0, 9, 9), rng) for _ in range(2000)]
    flipped = sum(getattr(placement, flip) for placement in placements)
    assert abs(flipped - 2000 * probability) <= 5 * math.sqrt(2000 * probability * (1 - probability))
    assert not any(getattr(placement, {"flip_x": "flip_y", "flip_y": "flip_x"}[flip]) for placement in placements)


def test_flips_turns_and_scale_are_independent() -> None:
    rng, rules = generator(3), PlacementRules(mode="stretch", scale=(0.5, 1.5), flip_x=0.5, flip_y=0.5, rotation=180)
    placements = [place_segment(rules, 0, 1, (9, 9), (0, 0, 1e6, 1e6), rng) for _ in range(4000)]
    drawn = [[size(each)[0], each.flip_x, each.flip_y, each.angle] for each in placements]
    correlation = np.corrcoef(np.array(drawn, float).T) - np.eye(4)
    assert np.abs(correlation).max() < 5 / math.sqrt(4000)


@pytest.mark.parametrize("rotation", [0.0, 15.0, 180.0])
def test_turns_are_uniform_to_either_side(rotation: float) -> None:
    rng, rules = generator(4), PlacementRules(rotation=rotation)
    angles = np.sort([place_segment(rules, 0, 1, (9, 9), (0, 0, 9, 9), rng).angle for _ in range(2000)])
    if rotation == 0:
        assert (angles == 0).all()
        return
    assert (np.abs(angles) <= rotation).all()
    shares = (angles / rotation + 1) / 2
    assert np.abs(shares - (np.arange(2000) + 0.5) / 2000).max() < 1.95 / math.sqrt(2000)


def test_no_rotation_is_a_plain_zero() -> None:
    assert {math.copysign(1, place(PlacementRules(), (9, 9), (0, 0, 9, 9), seed).angle) for seed in range(20)} == {1.0}


@pytest.mark.parametrize("rules", [PlacementRules(), PlacementRules(mode="stretch"), EVERYTHING], ids=str)
def test_as_many_draws_whatever_the_rules(rules: PlacementRules) -> None:
    """So a changed flip does not move everything that is drawn after it."""
    rng, four_draws = generator(6), generator(6)
    place_segment(rules, 0, 1, (30, 20), (1, 2, 50, 40), rng)
    four_draws.random(4)
    assert rng.random() == four_draws.random()


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "full"},
        {"scale": (0.0, 1.0)},  # nothing
        {"scale": (1.5, 0.5)},  # the wrong way round
        {"flip_x": 1.1},
        {"flip_y": -0.1},
        {"rotation": 181},
        {"assign": "size"},
        {"rotate": 5},  # unknown
    ],
)
def test_exception_for_rules_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        PlacementRules.model_validate(wrong)


def test_exception_for_an_infinite_scale() -> None:
    with pytest.raises(ValidationError, match="scale"):
        PlacementRules(scale=(1.0, math.inf))
