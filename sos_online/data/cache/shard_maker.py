"""Making one shard of a cache, in any process on any machine, from nothing but its number."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from sos_online.data.cache.codec import check_sample
from sos_online.data.cache.description import SampleDescription
from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CacheSettings
from sos_online.data.cache.shard_writer import ShardWriter
from sos_online.data.failures import FailureCounts
from sos_online.data.finish import FinishOnCpu, FinishOnDevice
from sos_online.data.make_stage import make_device_stage
from sos_online.data.stream import SampleStream, one_opencv_thread
from sos_online.errors import SOSError
from sos_online.recipe import Recipe
from sos_online.types import Target

_WAITING = 2  # samples that are made and not yet written: more of them would only take memory


@dataclass(frozen=True)
class MadeShard:
    """What became of a shard.

    Attributes:
        number: which one.
        samples: in it.
        size: of its tar, bytes.
        failures: broken segments, photos and samples met while it was made.
    """

    number: int
    samples: int
    size: int
    failures: tuple[int, int, int]


@dataclass(frozen=True)
class ShardMaker:
    """Makes shards of a cache by their numbers; it crosses process borders, the stream with it.

    Attributes:
        stream: whose samples they hold.
        folder: where to.
        settings: how samples are stored.
        samples: in all shards together.
        device: where light is made.
    """

    stream: SampleStream
    folder: CacheFolder
    settings: CacheSettings
    samples: int
    device: str

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In another process: it counts for itself, and works on one thread, as its neighbours do."""
        self.__dict__.update(state)
        self.stream.failures = FailureCounts()
        one_opencv_thread()
        torch.set_num_threads(1)

    def __len__(self) -> int:
        """Number of shards."""
        return -(-self.samples // self.settings.samples_per_shard)

    def name(self, number: int) -> str:
        return f"{number:06d}"

    def size(self, number: int) -> int:
        """Samples in a shard."""
        first = number * self.settings.samples_per_shard
        return min(self.settings.samples_per_shard, self.samples - first)

    def __call__(self, number: int) -> MadeShard:
        """Make a shard, whole or not at all. A thread encodes and writes what is made, behind the making.

        Raises:
            SOSError: a sample cannot be made or stored (names it), or there is no room for it.
        """
        before = _counts(self.stream)
        describe = SampleDescription(self.stream, scene=self.settings.scene)
        behind = ThreadPoolExecutor(1)
        with ShardWriter(self.folder, self.name(number)) as shard:
            try:
                under_way: deque[Future[object]] = deque()
                for epoch, index, image, target in self.finished(number):
                    described = describe(target, epoch, index)
                    sample = check_sample(
                        image, target, epoch=epoch, index=index, settings=self.settings, described=described
                    )
                    under_way.append(behind.submit(shard.add, sample))
                    while len(under_way) > _WAITING or (under_way and under_way[0].done()):
                        under_way.popleft().result()
                for each in under_way:
                    each.result()
            finally:
                behind.shutdown(cancel_futures=True)
            card = shard.commit()
        failures = tuple(now - then for now, then in zip(_counts(self.stream), before, strict=True))
        return MadeShard(number, len(card.samples), card.size, (failures[0], failures[1], failures[2]))

    def finished(self, number: int) -> Iterator[tuple[int, int, Tensor, Target]]:
        """Epoch, index, finished picture and target of each sample of a shard."""
        recipe = self.stream.device_recipe
        finish = _finisher(None if recipe is None else recipe.model_dump_json(), self.device)
        first, count = number * self.settings.samples_per_shard, self.size(number)
        for start in range(first, first + count, finish.at_once):
            end = min(start + finish.at_once, first + count)
            places = [divmod(at, self.stream.length) for at in range(start, end)]
            samples = [self._sample(epoch, index) for epoch, index in places]
            for (epoch, index), (image, target) in zip(places, finish(samples), strict=True):
                yield epoch, index, image, target

    def _sample(self, epoch: int, index: int) -> tuple[Tensor, Target]:
        try:
            return self.stream.sample(index, epoch)
        except SOSError as error:
            raise type(error)(f"sample {index} of epoch {epoch}: {error}") from None


@lru_cache(maxsize=1)
def _finisher(recipe: str | None, device: str) -> FinishOnCpu | FinishOnDevice:
    """One for a process: diffusion light has a model that takes long to load. ``recipe`` is JSON."""
    parsed = None if recipe is None else Recipe.model_validate_json(recipe)
    if torch.device(device).type == "cpu" and not (parsed and parsed.wants_diffusion):
        return FinishOnCpu()
    # a reservoir's light would be another in every run
    without = None if parsed is None else parsed.replace(reservoir=None)
    return FinishOnDevice(make_device_stage(without, device, dtype=torch.uint8))


def _counts(stream: SampleStream) -> tuple[int, int, int]:
    return stream.failures.segments, stream.failures.photos, stream.failures.samples
