"""The reservoir: nobody waits, nothing is served too often, errors arrive."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from sos_online.errors import StreamError
from sos_online.relight import Composites, Reservoir, ReservoirSettings
from sos_online.types import LightSpec
from tests.conftest import ROOT

SIZE = (6, 8)


def composites(count: int, value: float = 0.5, size: tuple[int, int] = SIZE) -> Composites:
    maps = torch.zeros(count, *size, dtype=torch.int16)
    return Composites(torch.full((count, 3, *size), value), maps, [0] * count, [LightSpec("iclight")] * count)


def brighter(batch: Composites) -> Tensor:
    return batch.images + 0.25


def own_thread(before: set[threading.Thread]) -> threading.Thread:
    """The one that has begun since ``before``."""
    (thread,) = (thread for thread in set(threading.enumerate()) - before if thread.name == "reservoir")
    return thread


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def tensors(shape: tuple[int, ...]) -> list[torch.dtype]:
    """Types of all tensors of a shape that somebody holds."""
    return [thing.dtype for thing in gc.get_objects() if type(thing) is Tensor and thing.shape == shape]


def wait_until_lit(reservoir: Reservoir[int], count: int) -> None:
    wait_until(lambda: reservoir.report().lit >= count)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Light that is made when the gate opens."""
    event = threading.Event()
    yield event
    event.set()


def behind(gate: threading.Event, seen: list[Tensor]) -> Callable[[Composites], Tensor]:
    def light(batch: Composites) -> Tensor:
        assert gate.wait(30)
        seen.append(batch.images)
        return batch.images

    return light


def test_samples_come_back_lit_with_their_labels() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings())
    reservoir.offer(composites(2, 0.5), [0, 1], [10, 11])
    wait_until_lit(reservoir, 2)
    taken = reservoir.take(5, SIZE)
    assert [label for _, label in taken] == [10, 11]
    for image, _ in taken:
        assert image.dtype is torch.uint8 and image.shape == (3, *SIZE)
        assert set(image.flatten().tolist()) == {192}  # 128 + 0.25 * 255, rounded
    reservoir.close()


def test_each_is_served_so_often_and_then_goes() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings(serves=3))
    reservoir.offer(composites(4), [0, 1, 2, 3], list(range(4)))
    wait_until_lit(reservoir, 4)
    served = Counter(label for _ in range(10) for _, label in reservoir.take(2, SIZE))
    assert served == {0: 3, 1: 3, 2: 3, 3: 3}
    assert reservoir.report().kept == 0
    assert (reservoir.report().wanted, reservoir.report().served) == (20, 12)
    reservoir.close()


def test_one_call_serves_no_sample_twice() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings(serves=8))
    reservoir.offer(composites(2), [0, 1], [0, 1])
    wait_until_lit(reservoir, 2)
    assert sorted(label for _, label in reservoir.take(6, SIZE)) == [0, 1]
    reservoir.close()


def test_nobody_waits_for_slow_light(gate: threading.Event) -> None:
    reservoir: Reservoir[int] = Reservoir(behind(gate, []), ReservoirSettings(waiting=3))
    begin = time.monotonic()
    for _ in range(50):
        reservoir.offer(composites(2), [0, 1], [0, 0])
        assert reservoir.take(2, SIZE) == []
    assert time.monotonic() - begin < 5
    report = reservoir.report()
    assert (report.offered, report.refused, report.lit, report.served) == (100, 97, 0, 0)
    gate.set()
    wait_until_lit(reservoir, 3)
    reservoir.offer(composites(2), [0, 1], [1, 1])  # there is room again
    wait_until_lit(reservoir, 5)
    reservoir.close()


def test_a_full_store_takes_no_more_so_that_each_is_served_as_often_as_asked() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings(size=2, serves=3))
    reservoir.offer(composites(3), [0, 1, 2], [0, 1, 2])
    wait_until_lit(reservoir, 2)
    served = Counter(label for _ in range(2) for _, label in reservoir.take(2, SIZE))
    reservoir.offer(composites(1), [0], [3])  # still full
    served += Counter(label for _, label in reservoir.take(2, SIZE))
    assert served == {0: 3, 1: 3}
    reservoir.offer(composites(1), [0], [4])  # there is room again
    wait_until_lit(reservoir, 3)
    assert [label for _, label in reservoir.take(2, SIZE)] == [4]
    assert (reservoir.report().offered, reservoir.report().refused) == (5, 2)
    reservoir.close()


def test_sizes_do_not_mix() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings())
    reservoir.offer(composites(1, size=(4, 4)), [0], [4])
    reservoir.offer(composites(1, size=(5, 5)), [0], [5])
    wait_until_lit(reservoir, 2)
    assert [label for _, label in reservoir.take(3, (5, 5))] == [5]
    assert [label for _, label in reservoir.take(3, (4, 4))] == [4]
    reservoir.close()


def test_what_is_offered_is_copied(gate: threading.Event) -> None:
    reservoir: Reservoir[int] = Reservoir(behind(gate, []), ReservoirSettings())
    batch = composites(1, 0.5)
    reservoir.offer(batch, [0], [0])
    batch.images.zero_()  # the batch goes on without it
    gate.set()
    wait_until_lit(reservoir, 1)
    assert set(reservoir.take(1, SIZE)[0][0].flatten().tolist()) == {128}
    reservoir.close()


def test_the_samples_named_are_lit_and_no_label_is_made_for_others() -> None:
    asked = []

    def labels() -> Iterator[int]:
        for number in (3, 1, 2):
            asked.append(number)
            yield number

    batch = composites(4)
    batch.images.copy_(torch.arange(4)[:, None, None, None] / 255)
    reservoir: Reservoir[int] = Reservoir(lambda batch: batch.images, ReservoirSettings(waiting=2))
    reservoir.offer(batch, [3, 1, 2], labels())
    wait_until_lit(reservoir, 2)
    taken = reservoir.take(4, SIZE)
    assert asked == [3, 1]
    assert [(int(image.max()), label) for image, label in taken] == [(3, 3), (1, 1)]
    reservoir.close()


def test_images_wait_as_bytes_and_are_lit_as_they_were(gate: threading.Event) -> None:
    seen: list[Tensor] = []
    batch = composites(1, size=(16, 19))
    batch.images[:, :, :, :16] = torch.arange(256).view(16, 16) * (1 / 255)
    images = batch.images.clone()
    reservoir: Reservoir[int] = Reservoir(behind(gate, seen), ReservoirSettings())
    reservoir.offer(composites(1), [0], [0])  # this one keeps the thread
    reservoir.offer(batch, [0], [0])
    del batch
    assert tensors((1, 3, 16, 19)).count(torch.float32) == 1  # ``images``
    assert tensors((1, 3, 16, 19)).count(torch.uint8) == 1
    gate.set()
    wait_until_lit(reservoir, 2)
    torch.testing.assert_close(seen[1][..., :16], images[..., :16], atol=0, rtol=0)
    reservoir.close()


def test_nothing_of_a_batch_is_held_while_the_thread_waits() -> None:
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings())
    reservoir.offer(composites(2, size=(7, 13)), [0, 1], [0, 1])
    wait_until_lit(reservoir, 2)
    wait_until(lambda: not tensors((2, 3, 7, 13)) and not tensors((2, 7, 13)))
    assert tensors((3, 7, 13)) == [torch.uint8] * 2
    assert all(image.untyped_storage().nbytes() == image.numel() for image, _ in reservoir.take(2, (7, 13)))
    reservoir.close()


def test_the_report_says_how_long_lighting_took() -> None:
    def slow(batch: Composites) -> Tensor:
        time.sleep(0.1)
        return batch.images

    reservoir: Reservoir[int] = Reservoir(slow, ReservoirSettings())
    assert (reservoir.report().lighting_seconds, reservoir.report().lit_per_second) == (0.0, 0.0)
    time.sleep(0.3)  # no light is made
    begin = time.monotonic()
    reservoir.offer(composites(4), [0, 1, 2, 3], [0, 1, 2, 3])
    wait_until_lit(reservoir, 4)
    report = reservoir.report()
    assert 0.1 <= report.lighting_seconds <= time.monotonic() - begin
    assert report.lit_per_second == pytest.approx(4 / report.lighting_seconds)
    reservoir.close()


def test_an_error_of_the_light_reaches_the_caller() -> None:
    def broken(batch: Composites) -> Tensor:
        raise RuntimeError("out of memory")

    before = set(threading.enumerate())
    reservoir: Reservoir[int] = Reservoir(broken, ReservoirSettings())
    thread = own_thread(before)
    reservoir.offer(composites(1), [0], [0])
    thread.join(20)
    with pytest.raises(StreamError, match="out of memory"):
        reservoir.take(1, SIZE)
    with pytest.raises(StreamError, match="out of memory"):
        reservoir.offer(composites(1), [0], [0])


def test_an_error_of_the_bookkeeping_reaches_the_caller() -> None:
    before = set(threading.enumerate())
    reservoir: Reservoir[int] = Reservoir(lambda batch: batch.images[:1], ReservoirSettings())
    reservoir.offer(composites(2), [0, 1], [0, 1])
    wait_until(lambda: set(threading.enumerate()) <= before)
    with pytest.raises(StreamError, match="longer"):
        reservoir.take(1, SIZE)
    assert reservoir.report().kept == 0


def test_a_closed_reservoir_says_so_and_its_thread_is_gone() -> None:
    before = set(threading.enumerate())
    reservoir: Reservoir[int] = Reservoir(brighter, ReservoirSettings())
    thread = own_thread(before)
    reservoir.offer(composites(1), [0], [0])
    wait_until_lit(reservoir, 1)
    reservoir.close()
    assert not thread.is_alive()
    assert reservoir.report().kept == 0
    with pytest.raises(StreamError, match="closed"):
        reservoir.take(1, SIZE)
    reservoir.close()


def test_a_dropped_reservoir_is_collected_and_its_thread_ends() -> None:
    lit = []

    def slow(batch: Composites) -> Tensor:
        time.sleep(0.02)
        lit.append(len(batch))
        return batch.images

    before = set(threading.enumerate())
    reservoir: Reservoir[int] = Reservoir(slow, ReservoirSettings())
    thread, alive = own_thread(before), weakref.ref(reservoir)
    for _ in range(20):
        reservoir.offer(composites(1), [0], [0])
    del reservoir
    assert alive() is None
    assert not thread.is_alive()
    assert len(lit) < 20  # the queue was cut


LEAVE = """
import torch
from sos_online.relight import Reservoir, ReservoirSettings
from tests.relight.test_reservoir import composites, wait_until_lit

def busy(batch):
    square = torch.rand(300, 300)
    for _ in range(60):
        square = (square @ square).softmax(0)
    return batch.images

torch.set_num_threads(1)
reservoir = Reservoir(busy, ReservoirSettings())
for _ in range(20):
    reservoir.offer(composites(1), [0], [0])
wait_until_lit(reservoir, 1)
"""


def test_a_process_may_leave_while_light_is_made() -> None:
    left = subprocess.run([sys.executable, "-c", LEAVE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (left.returncode, left.stderr) == (0, "")
