"""The parts of a plan put together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.errors import RecipeError
from sos_online.plan import BackgroundChoice, PlacementRules, Planner, SegmentChoice, SizePrior
from sos_online.plan.layout import FromTable
from sos_online.rng import sample_generator
from sos_online.types import PhotoBackground, Scene
from tests.plan.fake_index import INDEX, FakeIndex
from tests.plan.layout.drawing import table_of

SIZE_HW = (192, 256)
AUGMENTED = PlacementRules(scale=(0.5, 1.5), flip_x=0.5, flip_y=0.5, rotation=180)


def planner(**changes: Any) -> Planner:
    published = Planner(
        index=INDEX,
        num_photos=3,
        count=(5, 19),
        choice=SegmentChoice(),
        layout=SizePrior(),
        rules=PlacementRules(),
        background=BackgroundChoice(),
    )
    return replace(published, **changes)


def plans(planner: Planner, count: int, size_hw: tuple[int, int] = SIZE_HW) -> list[Scene]:
    return [planner.plan(size_hw, sample_generator(0, 0, index)) for index in range(count)]


def test_smoke() -> None:
    (scene,) = plans(planner(), 1)
    assert scene.size_hw == SIZE_HW
    assert isinstance(scene.background, PhotoBackground)
    assert 5 <= len(scene.placements) <= 19


def test_the_same_coordinates_give_the_same_scene() -> None:
    """Whichever planner draws it, and whatever it drew before."""
    fresh, used = planner(rules=AUGMENTED), planner(rules=AUGMENTED)
    plans(used, 5)
    coordinates = {"seed": 3, "epoch": 1, "index": 4, "attempt": 2}
    assert fresh.plan(SIZE_HW, sample_generator(**coordinates)) == used.plan(SIZE_HW, sample_generator(**coordinates))


@pytest.mark.parametrize("changed", ["seed", "epoch", "index", "attempt"])
def test_other_coordinates_give_another_scene(changed: str) -> None:
    coordinates = {"seed": 3, "epoch": 1, "index": 4, "attempt": 2}
    first = planner().plan(SIZE_HW, sample_generator(**coordinates))
    second = planner().plan(SIZE_HW, sample_generator(**{**coordinates, changed: 9}))
    assert first.placements != second.placements
    assert first.background != second.background


def test_number_of_objects_is_uniform() -> None:
    """5 to 19, both included: chi-square over the 15 numbers; 36.1 is passed once in a thousand."""
    small_boxes = SizePrior(large=0, medium=0)  # so that every layout is completed at the first try
    counts = Counter(len(scene.placements) for scene in plans(planner(layout=small_boxes), 1500))
    assert set(counts) == set(range(5, 20))
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 36.1


def test_published_layouts_are_nearly_always_completed() -> None:
    counts = Counter(len(scene.placements) for scene in plans(planner(count=(19, 19)), 60, (1024, 1024)))
    assert counts == {19: 60}


@pytest.mark.parametrize("count", [(0, 0), (1, 1), (0, 1), (300, 300)])
def test_cardinality(count: tuple[int, int]) -> None:
    """From none to more than a byte can number."""
    tiny = SizePrior(large=0, medium=0, small_area=(1e-5, 1e-4))
    for scene in plans(planner(count=count, layout=tiny), 4):
        assert count[0] <= len(scene.placements) <= count[1]


@settings(max_examples=40)
@given(
    size_hw=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    index=st.integers(0, 2**64 - 1),
    rules=st.sampled_from([PlacementRules(), AUGMENTED, PlacementRules(mode="stretch")]),
    choice=st.builds(
        SegmentChoice, by=st.sampled_from(["source", "segment", "category"]), single_category=st.booleans()
    ),
)
def test_every_scene_is_sound(
    size_hw: tuple[int, int], index: int, rules: PlacementRules, choice: SegmentChoice
) -> None:
    scene = planner(rules=rules, choice=choice).plan(size_hw, sample_generator(1, 0, index))
    truth = INDEX.rows()
    assert Scene.from_json(scene.to_json()) == scene
    for placement in scene.placements:
        assert truth[placement.segment][0] == placement.category
        x1, y1, x2, y2 = placement.box
        assert x1 < x2
        assert y1 < y2
        if rules is not AUGMENTED:
            assert min(x1, y1) >= 0
            assert x2 <= size_hw[1]
            assert y2 <= size_hw[0]


def test_later_placements_are_smaller() -> None:
    """Painted large, medium, small. Stretched, so that the box is what the layout gave."""
    classes = SizePrior(large_area=(0.1, 0.12), medium_area=(0.02, 0.03), small_area=(0.002, 0.003))
    for scene in plans(planner(layout=classes, rules=PlacementRules(mode="stretch"), count=(12, 12)), 5, (1000, 1000)):
        areas = [(x2 - x1) * (y2 - y1) / 1e6 for x1, y1, x2, y2 in (each.box for each in scene.placements)]
        assert [sum(low < area < high for area in areas) for low, high in ((0.05, 1), (0.01, 0.05), (0, 0.01))] == [
            3,
            4,
            5,
        ]
        sizes = ["large" if area > 0.05 else "medium" if area > 0.01 else "small" for area in areas]
        assert sizes == sorted(sizes)  # also the order of the alphabet


def test_segments_do_not_depend_on_the_box_they_get() -> None:
    """Each segment is drawn by the rule whatever its place in the scene."""
    index = FakeIndex([(1, 0), (0, 1)])
    scenes = plans(planner(index=index, count=(4, 4), layout=SizePrior(large=0.5, medium=0.25)), 800)
    for position in range(4):
        first = sum(scene.placements[position].category == 1 for scene in scenes)
        assert abs(first - 400) < 5 * np.sqrt(800 / 4), position


def test_single_category_scenes() -> None:
    scenes = plans(planner(choice=SegmentChoice(single_category=True)), 60)
    assert all(len({placement.category for placement in scene.placements}) == 1 for scene in scenes)
    assert {scene.placements[0].category for scene in scenes} == {1, 2, 3, 4}


def test_check_raises_now_for_what_would_fail_later() -> None:
    wants_photos = planner(num_photos=0, background=BackgroundChoice(weights={"photo": 1}))
    with pytest.raises(RecipeError, match="photo"):
        wants_photos.check()
    planner(num_photos=0).check()
    planner(background=BackgroundChoice(weights={"photo": 1})).check()


def test_a_planner_that_passes_its_check_can_plan() -> None:
    with_an_empty_source = planner(index=FakeIndex([(4, 0)]))
    with_an_empty_source.check()
    plans(with_an_empty_source, 3)


# layouts that bring categories, and assignment


TABLE = table_of(
    [
        [(0.0, 0.0, 0.5, 0.5, "category 3"), (0.5, 0.5, 0.6, 0.6, "category 1"), (0.7, 0.7, 0.75, 0.8, "category 3")],
        [(0.1, 0.1, 0.9, 0.9, "category 4")],
    ]
)
FROM_TABLE = FromTable(path="boxes", categories="layout")
FILES = {("box_table", "boxes"): TABLE}


def test_segments_are_of_the_categories_that_the_layout_brings() -> None:
    for scene in plans(planner(layout=FROM_TABLE, layout_files=FILES, count=(2, 9)), 40):
        assert [placement.category for placement in scene.placements] in ([3, 1], [3, 1, 3])
        assert all(INDEX.rows()[each.segment][0] == each.category for each in scene.placements)


def test_one_category_an_image_ignores_those_of_the_layout() -> None:
    one = planner(layout=FROM_TABLE, layout_files=FILES, count=(2, 9), choice=SegmentChoice(single_category=True))
    scenes = plans(one, 40)
    assert all(len({placement.category for placement in scene.placements}) == 1 for scene in scenes)
    assert {scene.placements[0].category for scene in scenes} == {1, 2, 3, 4}


def test_a_category_that_the_filter_empties_is_left_out_of_the_layout() -> None:
    """All segments of category 3 are too small, and so those boxes do not come."""
    opaque = [1 if category == 3 else 1000 for category, _ in INDEX.rows()]
    index = FakeIndex(INDEX.counts, {"opaque": opaque})
    choice = SegmentChoice.model_validate({"quality": {"min_opaque": 10}})
    small = planner(index=index, choice=choice, layout=FROM_TABLE, layout_files=FILES)
    scenes = plans(small, 30)
    assert {tuple(each.category for each in scene.placements) for scene in scenes} == {(1,), (4,)}


def test_check_raises_now_if_the_library_has_no_category_of_the_layout() -> None:
    of_others = replace(TABLE, names=("cat", "dog", "bird"))
    with pytest.raises(RecipeError, match="0 of its 3 categories"):
        planner(layout=FROM_TABLE, layout_files={("box_table", "boxes"): of_others}).check()
    with pytest.raises(RecipeError, match="boxes"):
        planner(layout=FROM_TABLE).check()


@pytest.mark.parametrize("layout", [SizePrior(), FROM_TABLE])
def test_assignment_by_area(layout: Any) -> None:
    """The same segments and the same boxes as without, the largest in the largest."""
    opaque = list(range(1, len(INDEX) + 1))
    index = FakeIndex(INDEX.counts, {"opaque": opaque[::-1]})
    changes = {"index": index, "layout": layout, "layout_files": FILES, "count": (3, 9)}
    stretched = [PlacementRules(mode="stretch", assign=assign) for assign in ("drawn", "area")]  # type: ignore[arg-type]
    for drawn, by_area in zip(*(plans(planner(rules=rules, **changes), 20) for rules in stretched), strict=True):
        assert sorted(each.segment for each in drawn.placements) == sorted(each.segment for each in by_area.placements)
        assert [each.box for each in drawn.placements] == [each.box for each in by_area.placements]
        if layout is FROM_TABLE:
            assert [each.category for each in drawn.placements] == [each.category for each in by_area.placements]
        groups = {each.category for each in by_area.placements} if layout is FROM_TABLE else {0}
        for group in groups:
            boxes = [each for each in by_area.placements if layout is not FROM_TABLE or each.category == group]
            # a pixel of rounding decides nothing between boxes of clearly different size
            for one in boxes:
                for other in boxes:
                    if pixels(one.box) > 1.3 * pixels(other.box) + 20:
                        assert index.opaque(one.segment) >= index.opaque(other.segment)


def pixels(box: tuple[int, int, int, int]) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
