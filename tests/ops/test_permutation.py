"""The memoryless shuffle: a bijection of any length, chosen by its keys, without a pattern."""

from __future__ import annotations

import time
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.ops.permutation import Permutation
from sos_online.rng import sample_generator

KEYS = (3, 1 << 63, 0, 77, 2**64 - 1, 12345)
keys_of = st.lists(st.integers(0, 2**64 - 1), min_size=Permutation.KEYS, max_size=Permutation.KEYS)


def drawn(length: int, seed: int) -> Permutation:
    keys = sample_generator(0, 0, seed).integers(0, 2**64, Permutation.KEYS, dtype=np.uint64)
    return Permutation(length, [int(key) for key in keys])


@pytest.mark.parametrize("first", range(0, 301, 50))
def test_every_length_is_a_bijection(first: int) -> None:
    for length in range(first, min(first + 50, 301)):
        permutation = Permutation(length, KEYS)
        assert len(permutation) == length
        assert sorted(permutation) == list(range(length))


@given(length=st.integers(1, 2**40), keys=keys_of, data=st.data())
def test_positions_of_any_length_stay_apart_and_in_range(length: int, keys: list[int], data: st.DataObject) -> None:
    permutation = Permutation(length, keys)
    positions = data.draw(st.sets(st.integers(0, length - 1), min_size=1, max_size=30))
    positions |= {0, length - 1}
    items = [permutation[position] for position in positions]
    assert all(0 <= item < length for item in items)
    assert len(set(items)) == len(positions)
    assert items == [Permutation(length, keys)[position] for position in positions]


@pytest.mark.parametrize("position", [-1, 10, 2**50])
def test_a_position_out_of_range_is_refused(position: int) -> None:
    with pytest.raises(IndexError, match=f"position {position} of 10"):
        Permutation(10, KEYS)[position]


@pytest.mark.parametrize("count", [0, Permutation.KEYS - 1, Permutation.KEYS + 1])
def test_another_number_of_keys_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"keys: expected {Permutation.KEYS}, found {count}"):
        Permutation(10, [1] * count)


@pytest.mark.parametrize("changed", range(Permutation.KEYS))
def test_every_key_matters(changed: int) -> None:
    keys = [key ^ (number == changed) for number, key in enumerate(KEYS)]
    before, after = list(Permutation(1000, KEYS)), list(Permutation(1000, keys))
    # a round has 32 values here: by chance one of them, a 32nd of the items, comes out the same under the other key
    assert sum(one == other for one, other in zip(before, after, strict=True)) < 250


def chi_square(counts: np.ndarray) -> float:
    """Deviations of the statistic from its mean, in standard deviations, if all are equally likely."""
    expected = counts.mean()
    degrees = counts.size - 1
    return float((((counts - expected) ** 2 / expected).sum() - degrees) / np.sqrt(2 * degrees))


def test_all_orders_of_a_few_items_are_equally_likely() -> None:
    found = Counter(tuple(drawn(4, seed)) for seed in range(6000))
    counts = np.array([found[order] for order in permutations(range(4))])
    assert counts.sum() == 6000
    assert chi_square(counts) < 4


@pytest.mark.parametrize("length", [7, 16, 33])  # between powers of four, one, and just above
def test_an_item_is_at_every_position_equally_often(length: int) -> None:
    table = np.zeros((length, length))
    for seed in range(1500):
        table[np.arange(length), list(drawn(length, seed))] += 1
    # rows and columns sum to the same, which takes degrees of freedom; the bound is still many deviations below a bias
    assert abs(chi_square(table)) < 5


def test_neighbours_do_not_stay_neighbours() -> None:
    order = np.array(list(drawn(20_000, 1)))
    steps = np.diff(order)
    assert (np.abs(steps) == 1).mean() < 0.001  # 0.0001 by chance
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.03
    first_half = (order[:10_000] < 10_000).mean()
    assert abs(first_half - 0.5) < 0.02


def test_a_step_takes_microseconds_at_any_length() -> None:
    for length in (1000, 2**40 + 1):  # the second walks longest: just above a power of four
        permutation = Permutation(length, KEYS)
        begin = time.process_time()
        for position in range(1000):
            permutation[position]
        assert (time.process_time() - begin) / 1000 < 500e-6  # about 10 µs; a slow machine is allowed for
