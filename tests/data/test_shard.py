"""Who serves which samples: counting arguments, over all small cases."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sos_online.data.shard import Ranks, Rounds
from sos_online.errors import StreamError

rounds_of = st.builds(
    Rounds,
    length=st.integers(1, 200),
    block=st.integers(1, 17),
    world=st.integers(1, 5),
    start=st.integers(0, 220),
    drop_last=st.booleans(),
)


def served(rounds: Rounds, rank: int) -> list[list[int]]:
    return [
        [rounds.index(number, rank, offset) for offset in range(rounds.size(number))] for number in range(len(rounds))
    ]


@given(rounds_of)
def test_ranks_together_serve_what_is_left_exactly_once(rounds: Rounds) -> None:
    everything = [index for rank in range(rounds.world) for block in served(rounds, rank) for index in block]
    left = list(range(min(rounds.start, rounds.length), rounds.length))
    if rounds.drop_last:
        whole = len(left) // (rounds.block * rounds.world) * rounds.block * rounds.world
        assert sorted(everything) == left[:whole]
    else:
        twice = len(everything) - len(left)
        assert 0 <= twice < rounds.world
        assert set(left) <= set(everything)
        # what is served twice comes from the beginning of the epoch
        assert len(set(everything)) >= len(left)


@given(rounds_of)
def test_every_rank_serves_as_many_batches_of_the_same_sizes(rounds: Rounds) -> None:
    sizes = {tuple(len(block) for block in served(rounds, rank)) for rank in range(rounds.world)}
    assert len(sizes) == 1


@given(rounds_of, st.data())
def test_a_position_resumes_on_any_number_of_ranks(rounds: Rounds, data: st.DataObject) -> None:
    done = data.draw(st.integers(0, len(rounds)))
    before = {index for rank in range(rounds.world) for block in served(rounds, rank)[:done] for index in block}
    resumed = Rounds(rounds.length, data.draw(st.integers(1, 9)), data.draw(st.integers(1, 4)), rounds.position(done))
    after = {index for rank in range(resumed.world) for block in served(resumed, rank) for index in block}
    assert before | after >= set(range(rounds.start, rounds.length))
    # before the last round nothing is served twice, but for the few that even out the ranks
    if done <= rounds.full:
        assert len(before & after) < resumed.world


@given(rounds_of)
def test_an_index_that_is_served_has_one_owner_who_serves_it(rounds: Rounds) -> None:
    owned = [
        index
        for rank in range(rounds.world)
        for block in served(rounds, rank)
        for index in block
        if rounds.owner(index) == rank
    ]
    assert len(owned) == len(set(owned)), "what is served twice has one owner"
    assert set(owned) == {
        index for rank in range(rounds.world) for block in served(rounds, rank) for index in block
    } - set(range(rounds.start))
    assert all(rounds.owner(index) is None for index in range(min(rounds.start, 5)))


def test_whole_blocks_do_not_depend_on_the_number_of_ranks() -> None:
    one = served(Rounds(60, 5, 1), 0)
    three = [
        block for blocks in zip(*(served(Rounds(60, 5, 3), rank) for rank in range(3)), strict=True) for block in blocks
    ]
    assert one == three


@pytest.mark.parametrize(("rank", "world"), [(1, 1), (-1, 2), (0, 0)])
def test_impossible_ranks_are_refused(rank: int, world: int) -> None:
    with pytest.raises(StreamError, match=f"rank {rank} of {world}"):
        Ranks(rank, world)


def test_ranks_are_found_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert Ranks.detect() == Ranks(0, 1)
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "5")
    assert Ranks.detect() == Ranks(2, 5)


@pytest.mark.parametrize(
    ("rank", "world", "message"),
    [
        ("5", "2", r"RANK and WORLD_SIZE .*: expected 0 <= rank < world, found rank 5 of 2"),
        ("1", None, r"WORLD_SIZE \(1 if unset\): expected 0 <= rank < world, found rank 1 of 1"),
        ("x", "2", "environment variable RANK: expected an integer, found 'x'"),
        ("0", "", "environment variable WORLD_SIZE: expected an integer, found ''"),
    ],
)
def test_an_impossible_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, rank: str, world: str | None, message: str
) -> None:
    monkeypatch.setenv("RANK", rank)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if world is not None:
        monkeypatch.setenv("WORLD_SIZE", world)
    with pytest.raises(StreamError, match=message):
        Ranks.detect()


def test_ranks_are_found_in_an_initialised_process_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "2")
    store = torch.distributed.HashStore()
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        assert Ranks.detect() == Ranks(0, 1)
    finally:
        torch.distributed.destroy_process_group()
