"""The order of a cache's samples, against lists that are shuffled in the open."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.data.cache.order import ShardOrder

sizes_of = st.lists(st.integers(1, 9), min_size=1, max_size=20)


def everything(sizes: list[int]) -> list[tuple[int, int]]:
    return [(shard, sample) for shard, size in enumerate(sizes) for sample in range(size)]


@given(sizes=sizes_of, seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 2**62), group=st.integers(1, 25))
def test_every_sample_has_one_position(sizes: list[int], seed: int, epoch: int, group: int) -> None:
    order = ShardOrder(sizes, seed=seed, epoch=epoch, group=group)
    assert len(order) == sum(sizes)
    assert sorted(order) == everything(sizes)


@given(sizes=sizes_of, group=st.integers(1, 6))
def test_a_group_of_shards_is_finished_before_the_next_begins(sizes: list[int], group: int) -> None:
    order = list(ShardOrder(sizes, seed=1, epoch=0, group=group))
    by_first_use = list(dict.fromkeys(shard for shard, _ in order))
    begin = 0
    for first in range(0, len(sizes), group):
        shards = by_first_use[first : first + group]
        end = begin + sum(sizes[shard] for shard in shards)
        assert {shard for shard, _ in order[begin:end]} == set(shards)
        begin = end


@given(sizes=sizes_of)
def test_the_stored_order_is_the_shards_one_after_the_other(sizes: list[int]) -> None:
    assert list(ShardOrder(sizes, seed=3, epoch=5, group=2, shuffle=False)) == everything(sizes)


def test_seed_and_epoch_both_matter_and_nothing_else_does() -> None:
    sizes = [5, 1, 8, 3, 8, 2]
    orders = [list(ShardOrder(sizes, seed=seed, epoch=epoch, group=2)) for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    again = ShardOrder(sizes, seed=0, epoch=0, group=2)
    assert [again[position] for position in reversed(range(len(again)))] == orders[0][::-1]


def test_groups_are_shuffled_apart_from_each_other() -> None:
    order = list(ShardOrder([40, 40], seed=0, epoch=0, group=1))
    first, second = ([sample for _, sample in order[begin : begin + 40]] for begin in (0, 40))
    assert first != second and sorted(first) == sorted(second)


def test_a_sample_is_at_every_position_equally_often() -> None:
    sizes = [3, 1, 4, 2]
    table = np.zeros((10, 10))
    numbers = {place: number for number, place in enumerate(everything(sizes))}
    for epoch in range(1500):
        order = ShardOrder(sizes, seed=0, epoch=epoch, group=4)
        table[np.arange(10), [numbers[place] for place in order]] += 1
    deviations = ((table - 150) ** 2 / 150).sum() - 81
    assert abs(deviations) / np.sqrt(2 * 81) < 5


@pytest.mark.parametrize("position", [-1, 10])
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_position_out_of_range_is_refused(position: int, shuffle: bool) -> None:
    with pytest.raises(IndexError, match=f"position {position} of 10"):
        ShardOrder([4, 6], seed=0, epoch=0, group=2, shuffle=shuffle)[position]


def test_twenty_thousand_shards_cost_little() -> None:
    sizes = [1000 + number % 7 for number in range(20_000)]
    tracemalloc.start()
    order = ShardOrder(sizes, seed=0, epoch=0, group=16)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken < 2e6
    begin = time.process_time()
    for position in range(0, len(order), len(order) // 1000):  # a new group almost every time
        order[position]
    assert (time.process_time() - begin) / 1000 < 1e-3
