"""Which categories come together, against counting pairs and triples of objects one by one."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.plan.layout.cooccurrence import Cooccurrence
from sos_online.plan.layout.fit import fit_layout
from sos_online.types import LearnedLayout
from tests.plan.fake_index import assert_distribution
from tests.plan.layout.drawing import SEEDS, generator, table_of

PICTURES = ["aab", "ab", "abc", "c", "cc", "bbbbb", "d", "ad", "aabbccdd", "bcd"]


def learn(pictures: list[str]) -> LearnedLayout:
    table = table_of([[(0.1, 0.2, 0.5, 0.6, name) for name in picture] for picture in pictures])
    return fit_layout(table, np.ones(len(pictures)))


def slow_pairs(pictures: list[str]) -> dict[tuple[str, str], float]:
    """Each object shares out a weight of 1 over the others of its picture; those without one, over each other."""
    weights: dict[tuple[str, str], float] = defaultdict(float)
    alone = [picture for picture in pictures if len(picture) == 1]
    for picture in pictures:
        for one, other in itertools.permutations(range(len(picture)), 2):
            weights[picture[one], picture[other]] += 1 / (len(picture) - 1)
    for one in alone:
        for other in alone:
            weights[one, other] += 1 / len(alone)
    return weights


def draws(learned: LearnedLayout, kept: str, count: int, times: int, seed: int = 0) -> list[str]:
    positions = np.array([position for position, name in enumerate(learned.names) if name in kept])
    cooccurrence, rng = Cooccurrence(learned, positions), generator(seed)
    names = [learned.names[position] for position in positions]
    return ["".join(names[one] for one in cooccurrence.draw(count, rng)) for _ in range(times)]


def without(pictures: list[str], left_out: str) -> list[str]:
    return ["".join(name for name in picture if name not in left_out) for picture in pictures]


def test_every_object_has_the_categories_true_shares() -> None:
    """Whatever its position: 4000 pictures, chi-square for each."""
    instances = Counter("".join(PICTURES))
    expected = {ord(name): count / instances.total() for name, count in instances.items()}
    drawn = draws(learn(PICTURES), "abcd", 5, 4000)
    for position in range(5):
        assert_distribution(Counter(ord(picture[position]) for picture in drawn), expected)


def test_pairs_with_the_first_are_those_of_the_set() -> None:
    weights = slow_pairs(PICTURES)
    total = sum(weights.values())
    expected = {ord(one) * 256 + ord(other): weight / total for (one, other), weight in weights.items()}
    for position in (1, 3):
        found = Counter(ord(drawn[0]) * 256 + ord(drawn[position]) for drawn in draws(learn(PICTURES), "abcd", 4, 6000))
        assert_distribution(found, expected)


def test_further_objects_are_as_alike_as_in_the_set() -> None:
    """Over all ordered triples of a picture, weighted so that each object is the first equally often."""
    same = total = 0.0
    for picture in PICTURES:
        n = len(picture)
        for _, one, other in itertools.permutations(picture, 3):
            same += (one == other) / ((n - 1) * (n - 2))
            total += 1 / ((n - 1) * (n - 2))
    drawn = draws(learn(PICTURES), "abcd", 3, 20_000)
    found = sum(picture[1] == picture[2] for picture in drawn) / len(drawn)
    assert found == pytest.approx(same / total, abs=5 * 0.5 / np.sqrt(20_000))


def test_categories_that_are_left_out_leave_the_shares_of_the_others() -> None:
    """Without c: what stood beside c alone becomes an object without a partner."""
    kept = without(PICTURES, "c")
    instances = Counter("".join(kept))
    drawn = draws(learn(PICTURES), "abd", 4, 4000)
    expected = {ord(name): count / instances.total() for name, count in instances.items()}
    for position in range(4):
        assert_distribution(Counter(ord(picture[position]) for picture in drawn), expected)
    pairs = Counter(picture[:2] for picture in drawn)
    assert pairs["ad"] == pytest.approx(pairs["da"], rel=0.35), "the table is symmetric"


def test_a_single_category_and_a_single_object() -> None:
    learned = learn(PICTURES)
    assert draws(learned, "c", 6, 3) == ["cccccc"] * 3
    assert {len(picture) for picture in draws(learned, "abcd", 1, 5)} == {1}
    assert draws(learned, "abcd", 0, 1) == [""]
    assert set("".join(draws(learn(["a", "b"]), "ab", 4, 40))) == {"a", "b"}  # nothing but objects without a partner


def test_no_repetition_draws_the_pairs_alone() -> None:
    drawn = draws(replace(learn(["ab", "ab", "cd"]), repeat=0.0), "abcd", 3, 200)
    assert set(drawn) == {"abb", "baa", "cdd", "dcc"}


@given(
    pictures=st.lists(st.text("abcde", min_size=1, max_size=7), min_size=1, max_size=8),
    kept=st.sets(st.sampled_from("abcde"), min_size=1),
    count=st.integers(0, 20),
    seed=SEEDS,
)
def test_only_what_is_kept_comes(pictures: list[str], kept: set[str], count: int, seed: int) -> None:
    there = kept & set("".join(pictures))
    if not there:
        return
    learned = learn(pictures)
    (drawn,) = draws(learned, "".join(there), count, 1, seed)
    assert len(drawn) == count and set(drawn) <= there
    assert draws(learned, "".join(there), count, 1, seed) == [drawn]
