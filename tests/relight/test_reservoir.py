"""The reservoir: nobody waits, nothing is served too often, errors arrive."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from sos_online.errors import StreamError
from sos_online.relight import Composites, Reservoir, ReservoirSettings
from sos_online.types import LightSpec

SIZE = (6, 8)


def composites(count: int, value: float = 0.5, size: tuple[int, int] = SIZE) -> Composites:
    return Composites(
        images=torch.full((count, 3, *size), value),
        instance_maps=torch.zeros(count, *size, dtype=torch.int16),
        counts=[0] * count,
        specs=[LightSpec("iclight")] * count,
    )


def brighter(batch: Composites) -> Tensor:
    return batch.images + 0.25


def wait_until_lit(reservoir: Reservoir[int], count: int) -> None:
    end = time.monotonic() + 20
    while reservoir.report().lit < count:
        assert time.monotonic() < end, reservoir.report()
        time.sleep(0.002)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Light that is made when the gate opens."""
    event = threading.Event()
    yield event
    event.set()


def test_samples_come_back_lit_with_their_labels() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings())
    reservoir.offer(composites(2, 0.5), [10, 11])
    wait_until_lit(reservoir, 2)
    taken = reservoir.take(5, SIZE)
    assert [label for _, label in taken] == [10, 11]
    for image, _ in taken:
        assert image.dtype is torch.uint8 and image.shape == (3, *SIZE)
        assert image.unique().tolist() == [191]  # 0.75 * 255, rounded
    reservoir.close()


def test_each_is_served_so_often_and_then_goes() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings(serves=3))
    reservoir.offer(composites(4), list(range(4)))
    wait_until_lit(reservoir, 4)
    served = Counter(label for _ in range(10) for _, label in reservoir.take(2, SIZE))
    assert served == {0: 3, 1: 3, 2: 3, 3: 3}
    assert reservoir.report().kept == 0
    assert (reservoir.report().wanted, reservoir.report().served) == (20, 12)
    reservoir.close()


def test_one_call_serves_no_sample_twice() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings(serves=8))
    reservoir.offer(composites(2), [0, 1])
    wait_until_lit(reservoir, 2)
    assert sorted(label for _, label in reservoir.take(6, SIZE)) == [0, 1]
    reservoir.close()


def test_nobody_waits_for_slow_light(gate: threading.Event) -> None:
    def slow(batch: Composites) -> Tensor:
        assert gate.wait(30)
        return batch.images

    reservoir: Reservoir[int] = Reservoir(slow, ReservoirSettings(waiting=3))
    begin = time.monotonic()
    for _ in range(50):
        reservoir.offer(composites(2), [0, 0])
        assert reservoir.take(2, SIZE) == []
    assert time.monotonic() - begin < 5
    report = reservoir.report()
    assert (report.offered, report.refused, report.lit, report.served) == (100, 97, 0, 0)
    gate.set()
    wait_until_lit(reservoir, 3)
    reservoir.offer(composites(2), [1, 1])  # there is room again
    wait_until_lit(reservoir, 5)
    reservoir.close()


def test_the_store_is_bounded_and_the_most_served_goes_first() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings(size=2, serves=9))
    reservoir.offer(composites(2), [0, 1])
    wait_until_lit(reservoir, 2)
    reservoir.take(1, SIZE)
    reservoir.offer(composites(1), [2])
    wait_until_lit(reservoir, 3)
    assert sorted(label for _, label in reservoir.take(9, SIZE)) == [1, 2]
    reservoir.close()


def test_sizes_do_not_mix() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings())
    reservoir.offer(composites(1, size=(4, 4)), [4])
    reservoir.offer(composites(1, size=(5, 5)), [5])
    wait_until_lit(reservoir, 2)
    assert [label for _, label in reservoir.take(3, (5, 5))] == [5]
    assert [label for _, label in reservoir.take(3, (4, 4))] == [4]
    reservoir.close()


def test_what_is_offered_is_copied(gate: threading.Event) -> None:
    def slow(batch: Composites) -> Tensor:
        assert gate.wait(30)
        return batch.images

    reservoir: Reservoir[int] = Reservoir(slow, ReservoirSettings())
    batch = composites(1, 0.5)
    reservoir.offer(batch, [0])
    batch.images.zero_()  # the batch goes on without it
    gate.set()
    wait_until_lit(reservoir, 1)
    assert reservoir.take(1, SIZE)[0][0].unique().tolist() == [128]
    reservoir.close()


def test_an_error_of_the_light_reaches_the_caller() -> None:
    def broken(batch: Composites) -> Tensor:
        raise RuntimeError("out of memory")

    reservoir: Reservoir[int] = Reservoir(broken, ReservoirSettings())
    reservoir.offer(composites(1), [0])
    next(thread for thread in threading.enumerate() if thread.name == "reservoir").join(20)
    with pytest.raises(StreamError, match="out of memory"):
        reservoir.take(1, SIZE)
    with pytest.raises(StreamError, match="out of memory"):
        reservoir.offer(composites(1), [0])


def test_a_closed_reservoir_says_so_and_its_thread_is_gone() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings())
    reservoir.close()
    with pytest.raises(StreamError, match="closed"):
        reservoir.take(1, SIZE)
    assert not any(thread.name == "reservoir" and thread.is_alive() for thread in threading.enumerate())
