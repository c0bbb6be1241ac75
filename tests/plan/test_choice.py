"""Which segments are drawn: distributions by chi-square over a made-up index, with fixed seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from sos_online.plan.choice import SegmentChoice, choose_segments

Ints = npt.NDArray[np.int64]
RULES = [
    SegmentChoice(by=by, single_category=single) for by in ("source", "segment", "category") for single in (False, True)
]


@dataclass(frozen=True)
class FakeIndex:
    """A library without pixels: ``counts[category][source]`` segments, rows sorted by category, then by source."""

    counts: Sequence[Sequence[int]]

    @property
    def num_categories(self) -> int:
        return len(self.counts)

    @property
    def num_sources(self) -> int:
        return len(self.counts[0])

    @property
    def category_starts(self) -> Ints:
        return np.cumsum([0, *(sum(category) for category in self.counts)]).astype(np.int64)

    def group_starts(self, source: int) -> tuple[Ints, Ints]:
        starts = [
            self.category_starts[position] + sum(category[:source])
            for position, category in enumerate(self.counts)
            if category[source]
        ]
        sizes = [category[source] for category in self.counts if category[source]]
        return np.array(starts, np.int64), np.cumsum([0, *sizes]).astype(np.int64)

    def __len__(self) -> int:
        return int(self.category_starts[-1])

    def size_wh(self, segment: int) -> tuple[int, int]:
        return 10 + segment % 50, 10 + segment % 7

    def rows(self) -> list[tuple[int, int]]:
        """(category id, source) of every row, listed one by one."""
        return [
            (category + 1, source)
            for category, sources in enumerate(self.counts)
            for source, count in enumerate(sources)
            for _ in range(count)
        ]


INDEX = FakeIndex([(2, 3), (0, 4), (7, 0), (1, 1)])


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def assert_distribution(found: Counter[int], expected: dict[int, float]) -> None:
    """Chi-square within five standard deviations of its mean; what has probability 0 never comes."""
    drawn = sum(found.values())
    possible = {key: probability * drawn for key, probability in expected.items() if probability > 0}
    assert sum(possible.values()) == pytest.approx(drawn)
    assert set(found) <= set(possible)
    assert min(possible.values()) >= 5, "too few draws for a chi-square"
    statistic = sum((found[key] - mean) ** 2 / mean for key, mean in possible.items())
    freedom = len(possible) - 1
    assert statistic < freedom + 5 * (2 * freedom) ** 0.5 + 5


def by_definition(index: FakeIndex, by: str) -> dict[int, float]:
    """Probability of every row."""
    rows = index.rows()
    in_category, in_source = Counter(category for category, _ in rows), Counter(source for _, source in rows)
    probability: dict[str, Callable[[int, int], float]] = {
        "segment": lambda category, source: 1 / len(rows),  # noqa: ARG005
        "category": lambda category, source: 1 / index.num_categories / in_category[category],  # noqa: ARG005
        "source": lambda category, source: 1 / index.num_sources / in_source[source],  # noqa: ARG005
    }
    return {row: probability[by](category, source) for row, (category, source) in enumerate(rows)}


def test_the_fake_index_is_what_it_says() -> None:
    assert len(INDEX) == 18
    assert INDEX.category_starts.tolist() == [0, 5, 9, 16, 18]
    assert [part.tolist() for part in INDEX.group_starts(0)] == [[0, 9, 16], [0, 2, 9, 10]]
    assert [part.tolist() for part in INDEX.group_starts(1)] == [[2, 5, 17], [0, 3, 7, 8]]


@pytest.mark.parametrize("count", [0, 1, 2, 40])
@pytest.mark.parametrize("choice", RULES, ids=str)
def test_cardinality(choice: SegmentChoice, count: int) -> None:
    rows, categories = choose_segments(choice, INDEX, count, generator())
    assert (rows.shape, categories.shape) == ((count,), (count,))
    assert np.issubdtype(rows.dtype, np.integer)
    assert np.issubdtype(categories.dtype, np.integer)


@pytest.mark.parametrize("choice", RULES, ids=str)
def test_rows_are_in_range_and_categories_are_theirs(choice: SegmentChoice) -> None:
    rng, truth = generator(1), INDEX.rows()
    for _ in range(200):
        rows, categories = choose_segments(choice, INDEX, 9, rng)
        assert all(0 <= row < len(INDEX) for row in rows)
        assert [truth[row][0] for row in rows] == categories.tolist()
        assert len(set(categories.tolist())) == 1 or not choice.single_category


@pytest.mark.parametrize("by", ["source", "segment", "category"])
def test_distribution_of_rows(by: str) -> None:
    rows, _ = choose_segments(SegmentChoice(by=by), INDEX, 20_000, generator(2))  # type: ignore[arg-type]
    assert_distribution(Counter(rows.tolist()), by_definition(INDEX, by))


@pytest.mark.parametrize("by", ["source", "segment", "category"])
def test_single_category_distribution(by: str) -> None:
    """The first row by the rule; every further one uniform in the first one's category, from whatever source."""
    rng, choice = generator(3), SegmentChoice(by=by, single_category=True)  # type: ignore[arg-type]
    drawn = [choose_segments(choice, INDEX, 3, rng) for _ in range(6000)]
    assert_distribution(Counter(int(rows[0]) for rows, _ in drawn), by_definition(INDEX, by))
    for category in range(1, INDEX.num_categories + 1):
        low, high = INDEX.category_starts[category - 1 : category + 1]
        later = [rows[1:].tolist() for rows, categories in drawn if categories[0] == category]
        for position in (0, 1):
            found = Counter(rows[position] for rows in later)
            assert_distribution(found, dict.fromkeys(range(low, high), 1 / (high - low)))


def test_draws_within_an_image_are_independent() -> None:
    """Pairs of consecutive draws are as likely as the product says: with replacement, no order, no echo."""
    index = FakeIndex([(1, 2), (1, 0)])
    rows, _ = choose_segments(SegmentChoice(by="source"), index, 20_000, generator(4))
    one = by_definition(index, "source")
    pairs = Counter(int(4 * first + second) for first, second in rows.reshape(-1, 2))
    assert_distribution(pairs, {4 * a + b: one[a] * one[b] for a in one for b in one})


def test_sources_of_very_unequal_size_are_drawn_alike() -> None:
    """Three segments in one source, a hundred thousand in the other, between them in the order of rows."""
    index = FakeIndex([(0, 40_000), (1, 0), (0, 30_000), (1, 29_000), (1, 1_000)])
    small_rows = [row for row, (_, source) in enumerate(index.rows()) if source == 0]
    rows, categories = choose_segments(SegmentChoice(by="source"), index, 20_000, generator(5))
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
    rows, _ = choose_segments(SegmentChoice(by="source"), index, 50_000, generator(6))
    in_large = rows[rows < 20_000_000]
    assert 0 <= in_large.min() < 10_000
    assert 19_990_000 < in_large.max() < 20_000_000
    assert rows.max() == 20_000_000


def test_a_source_without_segments_is_never_drawn() -> None:
    rows, _ = choose_segments(SegmentChoice(by="source"), FakeIndex([(3, 0), (2, 0)]), 50, generator())
    assert set(rows.tolist()) == set(range(5))


@pytest.mark.parametrize("choice", RULES, ids=str)
def test_round_trip_of_the_generator(choice: SegmentChoice) -> None:
    first, second = (choose_segments(choice, INDEX, 12, generator(7)) for _ in range(2))
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()


@pytest.mark.parametrize("wrong", [{"by": "sources"}, {"single": True}, {"single_category": "perhaps"}])
def test_exception_for_a_choice_that_makes_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        SegmentChoice.model_validate(wrong)
