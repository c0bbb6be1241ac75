"""Which segments are drawn: distributions by chi-square over a made-up index, with fixed seeds."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from sos_online.errors import RecipeError
from sos_online.plan.choice import Chooser, SegmentChoice
from sos_online.plan.selection import Rows
from tests.plan.fake_index import INDEX, FakeIndex, assert_distribution, generator
from tests.plan.reference import in_category, probabilities

RULES = [
    SegmentChoice(by=by, single_category=single) for by in ("source", "segment", "category") for single in (False, True)
]


def choose(choice: SegmentChoice, index: FakeIndex, count: int, seed: int = 0) -> tuple[Rows, Rows]:
    return Chooser(choice, index).draw(count, generator(seed))


def test_the_fake_index_is_what_it_says() -> None:
    assert len(INDEX) == 18
    assert INDEX.category_starts.tolist() == [0, 5, 9, 16, 18]
    assert [part.tolist() for part in INDEX.group_starts(0)] == [[0, 9, 16], [0, 2, 9, 10]]
    assert [part.tolist() for part in INDEX.group_starts(1)] == [[2, 5, 17], [0, 3, 7, 8]]


@pytest.mark.parametrize("count", [0, 1, 2, 40])
@pytest.mark.parametrize("choice", RULES, ids=str)
def test_cardinality(choice: SegmentChoice, count: int) -> None:
    rows, categories = choose(choice, INDEX, count)
    assert (rows.shape, categories.shape) == ((count,), (count,))
    assert np.issubdtype(rows.dtype, np.integer)
    assert np.issubdtype(categories.dtype, np.integer)


@pytest.mark.parametrize("choice", RULES, ids=str)
def test_rows_are_in_range_and_categories_are_theirs(choice: SegmentChoice) -> None:
    chooser, rng, truth = Chooser(choice, INDEX), generator(1), INDEX.rows()
    for _ in range(200):
        rows, categories = chooser.draw(9, rng)
        assert all(0 <= row < len(INDEX) for row in rows)
        assert [truth[row][0] for row in rows] == categories.tolist()
        assert len(set(categories.tolist())) == 1 or not choice.single_category


@pytest.mark.parametrize("by", ["source", "segment", "category"])
def test_distribution_of_rows(by: str) -> None:
    rows, _ = choose(SegmentChoice(by=by), INDEX, 20_000, 2)  # type: ignore[arg-type]
    assert_distribution(Counter(rows.tolist()), probabilities(INDEX, by))


@pytest.mark.parametrize("by", ["source", "segment", "category"])
def test_single_category_distribution(by: str) -> None:
    """The first row by the rule; every further one uniform in the first one's category, from whatever source."""
    choice = SegmentChoice(by=by, single_category=True)  # type: ignore[arg-type]
    chooser, rng = Chooser(choice, INDEX), generator(3)
    drawn = [chooser.draw(3, rng) for _ in range(6000)]
    assert_distribution(Counter(int(rows[0]) for rows, _ in drawn), probabilities(INDEX, by))
    for category in range(1, INDEX.num_categories + 1):
        later = [rows[1:].tolist() for rows, categories in drawn if categories[0] == category]
        for position in (0, 1):
            assert_distribution(Counter(rows[position] for rows in later), in_category(INDEX, category))


def test_draws_within_an_image_are_independent() -> None:
    """Pairs of consecutive draws are as likely as the product says: with replacement, no order, no echo."""
    index = FakeIndex([(1, 2), (1, 0)])
    rows, _ = choose(SegmentChoice(by="source"), index, 20_000, 4)
    one = probabilities(index, "source")
    pairs = Counter(int(4 * first + second) for first, second in rows.reshape(-1, 2))
    assert_distribution(pairs, {4 * a + b: one[a] * one[b] for a in one for b in one})


def test_sources_of_very_unequal_size_are_drawn_alike() -> None:
    """Three segments in one source, a hundred thousand in the other, between them in the order of rows."""
    index = FakeIndex([(0, 40_000), (1, 0), (0, 30_000), (1, 29_000), (1, 1_000)])
    small_rows = [row for row, (_, source) in enumerate(index.rows()) if source == 0]
    rows, categories = choose(SegmentChoice(by="source"), index, 20_000, 5)
    small = dict.fromkeys(small_rows, 1 / 6)
    found = Counter(int(row) if row in small else -1 for row in rows)
    assert_distribution(found, {**small, -1: 0.5})
    in_large = Counter(
        int(category) for row, category in zip(rows.tolist(), categories.tolist(), strict=True) if row not in small
    )
    assert_distribution(in_large, {1: 0.4, 3: 0.3, 4: 0.29, 5: 0.01})


def test_first_and_last_rows_of_a_large_library_are_reached() -> None:
    """Ten million rows in one group (``torch.multinomial`` stops at 2**24): the ends of the range, and never beyond."""
    index = FakeIndex([(20_000_000, 0), (0, 1)])
    rows, _ = choose(SegmentChoice(by="source"), index, 50_000, 6)
    in_large = rows[rows < 20_000_000]
    assert 0 <= in_large.min() < 10_000
    assert 19_990_000 < in_large.max() < 20_000_000
    assert rows.max() == 20_000_000


def test_a_source_without_segments_is_never_drawn() -> None:
    rows, _ = choose(SegmentChoice(by="source"), FakeIndex([(3, 0), (2, 0)]), 50)
    assert set(rows.tolist()) == set(range(5))


@pytest.mark.parametrize("choice", RULES, ids=str)
def test_round_trip_of_the_generator(choice: SegmentChoice) -> None:
    first, second = (choose(choice, INDEX, 12, 7) for _ in range(2))
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()


@pytest.mark.parametrize("choice", RULES, ids=str)
def test_a_category_without_segments_is_never_drawn(choice: SegmentChoice) -> None:
    """Names of a vocabulary that no source fills: before, between and behind those that have segments."""
    index = FakeIndex([(0, 0), (2, 1), (0, 0), (0, 0), (0, 5), (0, 0)])
    chooser = Chooser(choice, index)
    assert chooser.can_draw().tolist() == [False, False, True, False, False, True, False]
    rows, categories = chooser.draw(300, generator(8))
    assert [index.rows()[row][0] for row in rows] == categories.tolist()
    if not choice.single_category:
        assert_distribution(Counter(rows.tolist()), probabilities(index, choice.by))


@pytest.mark.parametrize("choice", RULES, ids=str)
def test_draw_in_is_uniform_in_each_category(choice: SegmentChoice) -> None:
    chooser = Chooser(choice, INDEX)
    assert chooser.can_draw().tolist() == [False, True, True, True, True]
    wanted = np.tile([1, 4, 3, 2, 1], 2000)
    rows = chooser.draw_in(wanted, generator(9))
    for category in range(1, 5):
        assert_distribution(Counter(rows[wanted == category].tolist()), in_category(INDEX, category))
    assert chooser.draw_in(np.empty(0, np.int64), generator()).shape == (0,)


@pytest.mark.parametrize("filtered", [False, True])
def test_draw_in_refuses_a_category_that_has_none(filtered: bool) -> None:
    index = FakeIndex([(2, 1), (0, 0)])
    quality = {"quality": {"min_opaque": 10}} if filtered else {}
    chooser = Chooser(SegmentChoice.model_validate(quality), index)
    with pytest.raises(RecipeError, match="no segment of category 2"):
        chooser.draw_in(np.array([1, 2]), generator())


@pytest.mark.parametrize("settings", [{}, {"weights": "repeat_factor", "quality": {"min_opaque": 10}}])
def test_round_trip_of_a_pickle(settings: dict[str, object]) -> None:
    """A worker that is spawned draws the same."""
    chooser = Chooser(SegmentChoice.model_validate(settings), INDEX)
    again = pickle.loads(pickle.dumps(chooser))
    assert (chooser.draw(30, generator(10))[0] == again.draw(30, generator(10))[0]).all()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"by": "sources"}, "by"),
        ({"single": True}, "single"),
        ({"single_category": "perhaps"}, "single_category"),
        ({"sources": {}}, "sources"),
        ({"sources": {"a": -1}}, "sources.a"),
        ({"sources": {"a": 0}}, "above 0"),
        ({"sources": {"a": float("nan")}}, "sources.a"),
        ({"weights": "repeat_factors"}, "repeat_factor"),
        ({"weights": {"kind": "repeat_factor", "power": 2}}, "power"),
        ({"weights": {"kind": "repeat_factor", "threshold": 0}}, "threshold"),
        ({"weights": {"kind": "inverse_frequency", "threshold": 0.1}}, "threshold"),
        ({"weights": {"kind": "inverse_frequency", "counted_by": "pixels"}}, "counted_by"),
        ({"weights": {"kind": "uniform", "others": 1}}, "others"),
        ({"weights": {"kind": "named"}}, "names"),
        ({"weights": {"kind": "named", "names": {}}}, "names"),
        ({"weights": {"kind": "named", "names": {"cat": 0}, "others": 0}}, "above 0"),
        ({"quality": {"preset": "filter_5"}}, "preset"),
        ({"quality": {"flags": ["Integrety"]}}, "flags"),
        ({"quality": {"min_opaqe": 3}}, "min_opaqe"),
        ({"quality": {"min_component_share": 1.1}}, "min_component_share"),
        ({"quality": {"unknown_flags": "ignore"}}, "unknown_flags"),
        ({"quality": {"at_border": True}}, "at_border"),
    ],
)
def test_exception_for_a_choice_that_makes_no_sense(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        SegmentChoice.model_validate(wrong)
