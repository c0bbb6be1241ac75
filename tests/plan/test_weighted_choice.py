"""Choice by weights and filters: against the rules in plain loops, exactly and by what is drawn."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_online.errors import RecipeError
from sos_online.plan.choice import Chooser, SegmentChoice
from sos_online.plan.groups import Groups
from sos_online.plan.selection import Selection
from sos_online.plan.weighted_draw import WeightedDraw, group_probabilities
from tests.plan.fake_index import INDEX, FakeIndex, assert_distribution, generator
from tests.plan.reference import in_category, probabilities

BY = ["source", "segment", "category"]
# a category that is only a name, one of a single source, a rare and a frequent one
LONG_TAIL = FakeIndex([(1, 0), (0, 0), (9, 3), (0, 40), (2, 2), (30, 0)])


def chooser(index: FakeIndex, **settings: Any) -> Chooser:
    return Chooser(SegmentChoice.model_validate(settings), index)


def small(index: FakeIndex, *rows: int) -> FakeIndex:
    """The index with these rows of ten opaque pixels only."""
    return FakeIndex(index.counts, {"opaque": [10 if row in rows else 1000 for row in range(len(index))]})


WEIGHTS = st.sampled_from([0.0, 0.01, 1.0, 7.5])


@given(
    counts=st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=6),
    by=st.sampled_from(BY),
    sources=st.tuples(*[WEIGHTS] * 3),
    data=st.data(),
)
def test_probabilities_are_those_of_the_rules(
    counts: list[tuple[int, ...]], by: Any, sources: tuple[float, ...], data: st.DataObject
) -> None:
    index = FakeIndex(counts)
    categories = data.draw(st.lists(WEIGHTS, min_size=len(counts), max_size=len(counts)))
    passes = data.draw(st.lists(st.booleans(), min_size=len(index), max_size=len(index)))
    expected = probabilities(index, by, sources, categories, passes)
    assume(expected)
    groups = Groups.of(index)
    selection = Selection.where(len(index), lambda rows: np.array(passes, np.bool_)[rows])
    first, behind = groups.bounds(selection)
    found = group_probabilities(by, groups, behind - first, np.array(sources), np.array(categories))
    found = found / found.sum()
    for group, probability in enumerate(found.tolist()):
        rows = [row for row in range(groups.starts[group], groups.stops[group]) if passes[row]]
        assert probability == pytest.approx(sum(expected.get(row, 0) for row in rows), abs=1e-12)
        assert len({round(expected.get(row, 0), 12) for row in rows}) <= 1, "a group's rows are alike"
    draw = WeightedDraw(by, groups, selection, np.array(sources), np.array(categories))
    assert set(draw.rows(50, generator()).tolist()) <= expected.keys()
    drawable = {index.rows()[row][0] for row in expected}
    assert set(np.flatnonzero(draw.can_draw()).tolist()) == drawable
    wanted = np.array(sorted(drawable))
    rows = draw.rows_in(wanted, generator())
    assert [index.rows()[row][0] for row in rows] == wanted.tolist()
    assert set(rows.tolist()) <= expected.keys()


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("small_rows", [(), (0, 3, 9, 10, 11, 17)])
def test_distribution_by_sources_and_categories_and_a_filter(by: str, small_rows: tuple[int, ...]) -> None:
    index = small(INDEX, *small_rows)
    found = chooser(
        index,
        by=by,
        sources={"source 1": 3, "source 0": 0.5},
        weights={"kind": "named", "names": {"category 3": 4, "category 1": 0.5}},
        quality={"min_opaque": 100},
    )
    passes = [row not in small_rows for row in range(len(index))]
    rows, categories = found.draw(40_000, generator(1))
    assert [index.rows()[row][0] for row in rows] == categories.tolist()
    assert_distribution(Counter(rows.tolist()), probabilities(index, by, [0.5, 3], [0.5, 1, 4, 1], passes))
    for category in range(1, 5):
        drawn = found.draw_in(np.full(4000, category), generator(2))
        assert_distribution(Counter(drawn.tolist()), in_category(index, category, [0.5, 3], passes))


@pytest.mark.parametrize("by", BY)
def test_single_category_keeps_to_weights_and_filter(by: str) -> None:
    index = small(INDEX, 0, 9, 16)
    found = chooser(
        index, by=by, single_category=True, sources={"source 0": 1, "source 1": 2}, quality={"min_opaque": 99}
    )
    rng, passes = generator(3), [row not in (0, 9, 16) for row in range(len(index))]
    drawn = [found.draw(2, rng) for _ in range(5000)]
    assert all(categories[0] == categories[1] for _, categories in drawn)
    assert_distribution(Counter(int(rows[0]) for rows, _ in drawn), probabilities(index, by, [1, 2], None, passes))
    second = Counter(int(rows[1]) for rows, categories in drawn if categories[0] == 1)
    assert_distribution(second, in_category(index, 1, [1, 2], passes))


def category_shares(index: FakeIndex, **settings: Any) -> list[float]:
    _, categories = chooser(index, **settings).draw(60_000, generator(4))
    return (np.bincount(categories, minlength=index.num_categories + 1)[1:] / 60_000).tolist()


def close(*expected: float) -> Any:
    """Five standard deviations of a share of 60,000 draws, at most."""
    return pytest.approx(expected, abs=5 * 0.5 / 60_000**0.5)


def test_inverse_frequency_by_segment_is_the_same_as_by_category() -> None:
    by_segment = category_shares(LONG_TAIL, by="segment", weights="inverse_frequency")
    assert by_segment == close(0.2, 0, 0.2, 0.2, 0.2, 0.2)
    by_root = category_shares(LONG_TAIL, by="segment", weights={"kind": "inverse_frequency", "power": 0.5})
    roots = np.sqrt([1, 0, 12, 40, 4, 30])
    assert by_root == close(*(roots / roots.sum()))


def test_inverse_frequency_by_category_puts_the_rare_ones_first() -> None:
    inverse = np.array([1, 0, 1 / 12, 1 / 40, 1 / 4, 1 / 30])
    assert category_shares(LONG_TAIL, by="category", weights="inverse_frequency") == close(*(inverse / inverse.sum()))


def test_repeat_factor_is_that_of_lvis() -> None:
    """max(1, sqrt(t / f)): of 87 segments, 1 and 4 are below a tenth, as is not 12."""
    settings = {"by": "segment", "weights": {"kind": "repeat_factor", "threshold": 0.1}}
    repeated = np.array([(0.1 / (1 / 87)) ** 0.5, 0, 12, 40, 4 * (0.1 / (4 / 87)) ** 0.5, 30])
    assert category_shares(LONG_TAIL, **settings) == close(*(repeated / repeated.sum()))
    assert category_shares(LONG_TAIL, by="segment", weights="repeat_factor") == close(
        *(np.array([1, 0, 12, 40, 4, 30]) / 87)
    ), "none is as rare as one in a thousand"


def test_frequencies_by_images_are_those_of_the_annotation_files() -> None:
    index = FakeIndex(LONG_TAIL.counts, image_shares=[0.5, np.nan, 0.001, 0.25, 0.1, 0.004])
    weights = {"kind": "repeat_factor", "threshold": 0.016, "counted_by": "images"}
    repeated = np.array([1, 0, 12 * 4, 40, 4, 30 * 2])
    assert category_shares(index, by="segment", weights=weights) == close(*(repeated / repeated.sum()))


def test_frequencies_are_counted_among_what_passes_and_is_drawn_from() -> None:
    """Category 1 has 5 segments and category 4 has 2, but 3 and 1 of source 1, and one of the 3 is dropped."""
    shares = category_shares(
        small(INDEX, 2), by="category", sources={"source 1": 1}, quality={"min_opaque": 100},
        weights="inverse_frequency",
    )  # fmt: skip
    inverse = np.array([1 / 2, 1 / 4, 0, 1])
    assert shares == close(*(inverse / inverse.sum()))


def test_names_are_those_of_the_library_but_for_case_and_blanks() -> None:
    weights = {"kind": "named", "names": {"CATEGORY_5": 1, " category  3": 3}, "others": 0}
    plain = {"kind": "named", "names": {"category 5": 1, "category 3": 3}, "others": 0}
    drawn = [chooser(LONG_TAIL, weights=one).draw(50, generator())[0].tolist() for one in (weights, plain)]
    assert drawn[0] == drawn[1]
    with pytest.raises(ValidationError, match="two of the names are those of one category"):
        SegmentChoice.model_validate({"weights": {"kind": "named", "names": {"a b": 1, "A_b": 2}}})


def test_named_categories_alone() -> None:
    weights = {"kind": "named", "names": {"category 5": 1, "category 1": 3}, "others": 0}
    found = chooser(LONG_TAIL, by="category", weights=weights)
    assert found.can_draw().tolist() == [False, True, False, False, False, True, False]
    assert category_shares(LONG_TAIL, by="category", weights=weights) == close(0.75, 0, 0, 0, 0.25, 0)


@pytest.mark.parametrize("by", BY)
def test_everything_but_one_row_is_dropped(by: str) -> None:
    index = small(LONG_TAIL, *(row for row in range(87) if row != 50))
    rows, categories = chooser(index, by=by, quality={"min_opaque": 100}).draw(30, generator())
    assert set(rows.tolist()) == {50} and set(categories.tolist()) == {4}


def test_a_rare_category_is_drawn_as_evenly_as_any_under_weights_that_are_far_apart() -> None:
    index = FakeIndex([(1_000_000, 0), (0, 4), (1_000_000, 0)])
    found = chooser(index, by="category", sources={"source 0": 1, "source 1": 1e-12})
    rows = found.draw_in(np.full(4000, 2), generator(5))
    assert_distribution(Counter(rows.tolist()), dict.fromkeys(range(1_000_000, 1_000_004), 0.25))


def named(*names: int, weight: float = 1, **others: float) -> dict[str, Any]:
    return {"kind": "named", "names": {f"category {name}": weight for name in names}, **others}


BOTH = {"source 0": 1, "source 1": 2}


def test_a_filter_costs_a_bit_for_each_segment() -> None:
    """Counts are made anew where it is unpickled."""
    index = FakeIndex([(1_000_000, 0), (0, 1)])
    found = chooser(index, by="source", weights="repeat_factor", quality={"min_opaque": 100})
    assert len(pickle.dumps(found)) < 1_000_001 / 8 + 3000


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sources": {"sauce 0": 1}}, "sources.sauce 0: the library has no such source: expected one of source 0, so"),
        ({"weights": named(33)}, "weights.names.category 33: the library has no such category: expected one of"),
        ({"weights": named(2)}, "weights.names.category 2: has the weight 1, and the library has no segment of it"),
        ({"sources": {"source 1": 2}, "weights": named(1)}, "weights.names.category 1: has the weight 1, and it h"),
        ({"sources": BOTH, "weights": named(1, others=0)}, "sources.source 1: has the weight 2, and none of its"),
        ({"weights": {"kind": "repeat_factor", "counted_by": "images"}}, "weights.counted_by: images: the library"),
        ({"weights": named(1, 3, 4, 5, 6, weight=0)}, "weights: no segment that passes is of a category whose weight"),
    ],
)  # fmt: skip
def test_exception_names_the_key_and_what_there_is(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(f"choice.{message}")):
        chooser(LONG_TAIL, **settings)


@pytest.mark.parametrize(
    ("name", "near"), [("categori 1", "category 1, category"), ("Muug", "category 7"), ("zzz", None)]
)
def test_exception_names_the_nearest_of_many_categories(name: str, near: str | None) -> None:
    """The nearest may be another name of a category."""
    many = FakeIndex([(1, 0)] * 30, other_names={"mug": [7]})
    with pytest.raises(RecipeError) as caught:
        chooser(many, weights={"kind": "named", "names": {name: 1}})
    start = f"choice.weights.names.{name}: the library has no such category: it has 30"
    assert str(caught.value).startswith(start + (f", such as {near}" if near else ""))
    assert near or str(caught.value) == start


KNOWN_BY_OTHERS = FakeIndex(LONG_TAIL.counts, other_names={"mug": [1], "cup.n.01": [1], "mouse": [3, 6]})


@pytest.mark.parametrize("name", ["mug", " MUG", "cup.n.01"])
def test_a_category_may_be_named_by_what_is_joined_in_it(name: str) -> None:
    weights = {"kind": "named", "names": {name: 1}, "others": 0}
    assert set(chooser(KNOWN_BY_OTHERS, weights=weights).draw(20, generator())[1].tolist()) == {1}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["mouse"], "mouse: expected the name of one category, found a synonym of 'category 3', 'category 6'"),
        (["mug", "Category 1"], "mug: is the category 'category 1', and so is 'Category 1': expected one weight"),
        (["mug", "cup.n.01"], "mug: is the category 'category 1', and so is 'cup.n.01': expected one weight"),
    ],
)
def test_exception_for_names_that_mean_several_or_the_same(names: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(f"choice.weights.names.{message}")):
        chooser(KNOWN_BY_OTHERS, weights={"kind": "named", "names": dict.fromkeys(names, 1)})


def test_names_are_not_looked_up_where_none_is_used() -> None:
    """A large library has many."""

    class Nameless(FakeIndex):
        def categories_by_name(self) -> Any:
            raise AssertionError("asked for names")

    chooser(Nameless(LONG_TAIL.counts), weights="repeat_factor", sources={"source 0": 1}).draw(3, generator())


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "choice.quality drops all of it: of 4, each criterion alone leaves: min_opaque: 100 0, at_border: drop 4"),
        ({"sources": {"source 1": 1}}, "choice.quality drops all of it: of 2, each criterion alone leaves: "),
        ({"weights": named(1, 3), "sources": {"source 1": 1}}, "it has segments of source 0 alone: choice.sources "),
    ],
)
def test_a_named_category_that_cannot_be_drawn_says_which_filter_drops_it(settings: dict[str, Any], why: str) -> None:
    index = small(LONG_TAIL, *(row for row, (category, _) in enumerate(LONG_TAIL.rows()) if category == 5))
    quality = {"min_opaque": 100, "at_border": "drop"}
    with pytest.raises(RecipeError, match=re.escape(f": has the weight 1, and {why}")) as caught:
        chooser(index, **{"weights": named(5, 3), "quality": quality, **settings})
    assert str(caught.value).startswith("choice.weights.names.category ")


@pytest.mark.parametrize("by", BY)
def test_the_heaviest_and_the_lightest_weights_neither_overflow_nor_vanish(by: str) -> None:
    weights = {"kind": "named", "names": {"category 1": 1e30, "category 3": 1e-30}, "others": 0}
    for sources in ({"source 0": 1e30}, {"source 0": 1e-30}, {"source 0": 1e-30, "source 1": 1e30}):
        with np.errstate(all="raise"):
            found = chooser(LONG_TAIL, by=by, weights=weights, sources=sources)
        assert np.flatnonzero(found.can_draw()).tolist() == [1, 3]
        rows, categories = found.draw(20, generator())
        assert set(categories.tolist()) <= {1, 3} and (rows >= 0).all()


def test_images_must_be_known_of_every_category_that_can_be_drawn() -> None:
    index = FakeIndex([(1, 0), (0, 2)], image_shares=[0.5, np.nan])
    weights = {"kind": "inverse_frequency", "counted_by": "images"}
    with pytest.raises(RecipeError, match=r"1 of its 2 categories are, such as 'category 2'"):
        chooser(index, weights=weights)
    assert chooser(index, weights=weights, sources={"source 0": 1}).draw(3, generator())[0].tolist() == [0, 0, 0]
