"""Mixtures: the order, the counts, what samples say, and serving."""

from __future__ import annotations

import json
import math
import pickle
import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.data.mixing import MixedDataset, Schedule, mix
from sos_online.data.mixing.order import BLOCK, MixedOrder
from sos_online.data.mixing.quotas import Quotas
from tests.data.compare import digest
from tests.data.streams import NumberedStream, streams


def said(sample: tuple[Any, Any]) -> tuple[int, int, int]:
    """Source, and its own epoch and index, as a numbered sample shows them."""
    image, target = sample
    return target["source"], int(image[1, 0, 0]), target["image_id"]


def drawn(mixed: MixedDataset, epoch: int) -> list[tuple[int, int, int]]:
    return [said(mixed.sample(index, epoch)) for index in range(mixed.length)]


WEIGHTS = {
    "even": [1, 1],
    "uneven": [0.3, 0.7],
    "rare": [1, 999],
    "many": [5, 1, 0, 3, 0.01, 2],
}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_hold(weights: Sequence[float]) -> None:
    draws = 10_000
    for seed in range(3):
        order = MixedOrder(Quotas(Schedule.constant(weights)), draws, seed)
        sources = [order.at(position)[0] for position in range(draws)]
        for source, weight in enumerate(weights):
            share = weight / sum(weights)
            # four standard deviations of independent draws; the quotas keep far inside
            assert abs(sources.count(source) - share * draws) <= 4 * math.sqrt(draws * share * (1 - share))
            assert abs(sources.count(source) - share * draws) <= 2


def test_the_order_inside_a_block_is_random_and_fair() -> None:
    # each place of a block holds the first of two even sources half of the time
    blocks = 2_000
    order = MixedOrder(Quotas(Schedule.constant([1, 1])), blocks * BLOCK, seed=0)
    first = torch.tensor([order.at(position)[0] == 0 for position in range(blocks * BLOCK)]).reshape(blocks, BLOCK)
    by_place = first.sum(0)
    assert (first.sum(1) == BLOCK // 2).all()
    assert ((by_place - blocks / 2).abs() <= 4.5 * math.sqrt(blocks / 4)).all()
    # and neighbours are not more alike than quotas make them: a pair agrees in (b/2 - 1) / (b - 1) of all cases
    alike = (first[:, 1:] == first[:, :-1]).double().mean()
    assert abs(float(alike) - (BLOCK / 2 - 1) / (BLOCK - 1)) <= 4.5 * math.sqrt(0.25 / first[:, 1:].numel())


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=4),
    st.integers(1, 150),
    st.integers(0, 2**63 - 1),
    st.data(),
)
def test_each_source_keeps_its_own_order(lengths: list[int], length: int, seed: int, data: st.DataObject) -> None:
    some = st.lists(st.sampled_from([0, 1, 2, 7.5]), min_size=len(lengths), max_size=len(lengths)).filter(any)
    schedule = Schedule(((0, data.draw(some)), (70, data.draw(some)), (70, data.draw(some)), (200, data.draw(some))))
    mixed = mix(streams(*lengths), schedule=schedule, length=length, seed=seed)
    seen: list[list[tuple[int, int]]] = [[] for _ in lengths]
    for epoch in range(3):
        for source, its_epoch, its_index in drawn(mixed, epoch):
            seen[source].append((its_epoch, its_index))
    for own, of_source in zip(lengths, seen, strict=True):
        expected = [divmod(number, own) for number in range(len(of_source))]
        assert of_source == [(epoch % 256, index) for epoch, index in expected]  # a byte is all that is shown


def test_a_small_source_wraps_and_a_large_one_goes_on() -> None:
    mixed = mix(streams(5, 1000), weights=[1, 1], length=100)
    first, second = drawn(mixed, 0), drawn(mixed, 1)
    small = [part[1:] for part in first + second if part[0] == 0]
    large = [part[1:] for part in first + second if part[0] == 1]
    assert small == [divmod(number, 5) for number in range(100)]
    assert large == [(0, number) for number in range(100)]


def test_by_default_an_epoch_holds_every_sample_once() -> None:
    mixed = mix(streams(7, 90, 200))
    assert mixed.length == 297
    for epoch in (0, 1, 2):
        samples = drawn(mixed, epoch)
        assert {part[1] for part in samples} == {epoch}
        assert sorted((source, index) for source, _, index in samples) == [
            (source, index) for source, length in enumerate((7, 90, 200)) for index in range(length)
        ]


def test_counts_are_exact() -> None:
    schedule = Schedule.cosine([1, 0, 0.2], [0.1, 1, 0.2], start=50, end=330)
    mixed = mix(
        {"a": NumberedStream(40), "b": NumberedStream(31), "c": NumberedStream(9)}, schedule=schedule, length=150
    )
    total = [0, 0, 0]
    for epoch in range(4):
        count = [0, 0, 0]
        for position, (source, _, _) in enumerate(drawn(mixed, epoch)):
            assert list(mixed.counts(epoch, position).values()) == count
            assert mixed.places(epoch, position) == {
                name: divmod(before + here, length)
                for name, before, here, length in zip("abc", total, count, (40, 31, 9), strict=True)
            }
            count[source] += 1
        assert mixed.counts(epoch) == dict(zip("abc", count, strict=True))
        total = [a + b for a, b in zip(total, count, strict=True)]
    assert mixed.shares(0) == pytest.approx({"a": 1 / 1.2, "b": 0, "c": 0.2 / 1.2})


def test_the_schedule_runs_over_epochs() -> None:
    mixed = mix(streams(10, 10), schedule=Schedule.step([1, 0], [0, 1], at=150), length=100)
    sources = [part[0] for epoch in (0, 1) for part in drawn(mixed, epoch)]
    assert sources == [0] * 150 + [1] * 50


def test_far_away_is_as_near_as_the_beginning() -> None:
    mixed = mix(streams(10, 10), schedule=Schedule.linear([1, 0], [1, 2], end=10**10), length=10**9)
    begin = time.process_time()
    for epoch in (50, 10**6, 2**63 // 10**9 - 1):
        mixed.sample(123_456_789, epoch)
        counts = mixed.counts(epoch, 10**9 - 1)
        assert sum(counts.values()) == 10**9 - 1
    assert time.process_time() - begin < 0.5
    with pytest.raises(sos.StreamError, match="epoch: expected 0 …"):
        mixed.sample(0, 2**63 - 1)


def test_the_seed_changes_the_order_and_nothing_else() -> None:
    orders = [drawn(mix(streams(50, 50), seed=seed), 0) for seed in (0, 1)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] == drawn(mix(streams(50, 50), seed=0), 0)


def test_targets_say_where_they_are_from_and_keep_what_they_have() -> None:
    source = NumberedStream(9)
    mixed = mix([source])
    for index in range(9):
        (image, target), (own_image, own_target) = mixed.sample(index), source.sample(index)
        assert target.pop("source") == 0
        assert digest((image, target)) == digest((own_image, own_target))


class Letters(NumberedStream):
    """A numbered stream whose categories have other names."""

    def __init__(self, length: int, names: list[str]) -> None:
        super().__init__(length)
        self._names = names

    @property
    def category_names(self) -> list[str]:
        return self._names


def test_labels_are_joined() -> None:
    mixed = mix([NumberedStream(9), Letters(9, ["C", "d", "bee"])], synonyms={"b": ["bee"]})
    assert mixed.category_names == ["a", "b", "c", "d"]
    assert (mixed.labels_of(0), mixed.labels_of(1)) == ([1, 2, 3], [2, 3, 4])
    for index in range(18):
        _, target = mixed.sample(index)
        expected = ([1, 2, 3], [3, 4, 2])[target["source"]][: target["image_id"] % 3]
        assert target["labels"].tolist() == expected


def test_a_fixed_vocabulary_leaves_rows_out_and_counts_them() -> None:
    mixed = mix({"one": NumberedStream(9), "two": Letters(9, ["x", "a", "y"])}, names=["b", "a"])
    rows = [0, 0]
    for index in range(18):
        _, target = mixed.sample(index)
        assert set(target["labels"].tolist()) <= {1, 2}
        assert target["instance_map"].max() == len(target["labels"]) == len(target["boxes"])
        rows[target["source"]] += target["image_id"] % 3 - len(target["labels"])
    report = mixed.vocabulary_report()
    assert report.rows_left_out == rows == [0, 6]
    assert report.left_out(0) == ["c"] and report.left_out(1) == ["x", "y"]
    assert report.absent(1) == ["b"]
    text = str(report)
    for part in ("2 categories of 2 sources", "two: 3 categories: 1 of the same name, 2 left out",
                 "left out: x, y", "not here: b", "rows left out so far: 6"):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(("workers", "world"), [(0, 1), (2, 1), (0, 3)])
def test_batches_are_the_same_for_any_workers_and_ranks(workers: int, world: int) -> None:
    mixed = mix(streams(30, 50), weights=[1, 2], length=72)
    served = []
    loaders = [
        sos.make_loader(mixed, 4, num_workers=workers, ranks=sos.Ranks(rank, world), device="cpu")
        for rank in range(world)
    ]
    for batches in zip(*loaders, strict=True):
        served += [(target["source"], target["image_id"]) for _, targets in batches for target in targets]
    assert served == [(source, index) for source, _, index in drawn(mixed, 0)]


def test_it_goes_on_in_the_middle_on_other_workers_and_ranks() -> None:
    schedule = Schedule.linear([1, 0], [0, 1], end=160)
    mixed = mix(streams(30, 50), schedule=schedule, length=96)
    loader = sos.make_loader(mixed, 4, num_workers=2)
    loader.set_epoch(1)
    for _ in islice(loader, 5):
        pass
    state = json.loads(json.dumps(loader.state_dict()))
    assert (state["epoch"], state["position"]) == (1, 20)

    again = mix(streams(30, 50), schedule=schedule, length=96)
    rest = [sos.make_loader(again, 2, ranks=sos.Ranks(rank, 2)) for rank in range(2)]
    for one in rest:
        one.load_state_dict(state)
    served = [
        (target["source"], target["image_id"])
        for batches in zip(*rest, strict=True)
        for _, targets in batches
        for target in targets
    ]
    assert served == [(source, index) for source, _, index in drawn(mixed, 1)[20:]]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"weights": [1, 2]}, "schedule"),
        ({"seed": 1}, "seed"),
        ({"length": 50}, "length"),
        ({"names": ["a", "b", "c"]}, None),
        ({"names": ["b", "a"]}, "vocabulary"),
    ],
)
def test_a_state_of_another_mixture_is_refused(change: dict[str, Any], key: str | None) -> None:
    state = sos.make_loader(mix(streams(30, 30)), 4).state_dict()
    other = sos.make_loader(mix(streams(30, 30), **change), 4)
    if key is None:  # the same labels, however they were settled
        other.load_state_dict(state)
        return
    with pytest.raises(sos.StreamError, match=f"state: {key}"):
        other.load_state_dict(state)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_loader_reports_what_it_served_of_each_source(workers: int) -> None:
    mixed = mix({"a": NumberedStream(30), "b": NumberedStream(90)}, weights=[1, 3])
    loader = sos.make_loader(mixed, 8, num_workers=workers)
    assert loader.report().sources == {"a": 0, "b": 0}
    for _ in islice(loader, 7):
        pass
    assert loader.report().sources == mixed.counts(0, 56)
    assert sos.make_loader(NumberedStream(4), 2).report().sources == {}


def test_a_mixture_crosses_process_borders() -> None:
    mixed = mix(streams(5, 9), names=["a", "b"])
    copied = pickle.loads(pickle.dumps(mixed))
    assert drawn(copied, 1) == drawn(mixed, 1)


def test_a_mixture_may_be_a_source() -> None:
    inner = mix([NumberedStream(9), Letters(9, ["x", "a", "y"])], synonyms={"x": ["xx"]})
    outer = mix({"inner": inner, "more": Letters(5, ["XX"])})
    assert outer.category_names == ["a", "b", "c", "x", "y"]
    assert outer.labels_of(1) == [4]


def test_failures_of_all_sources_are_counted() -> None:
    sources = streams(3, 3)
    mixed = mix(sources)
    sources[1].failures.count(sos.BrokenSegmentError("x"))
    sources[0].failures.count(sos.BrokenPhotoError("x"))
    assert (mixed.failures.segments, mixed.failures.photos, mixed.failures.samples) == (1, 1, 0)
