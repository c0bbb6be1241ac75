"""What one process adds to a growing cache: shard after shard of its own, within a budget."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from torch import Tensor

from sos_online.data.cache.codec import check_sample
from sos_online.data.cache.description import SampleDescription
from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CacheSettings, sample_key
from sos_online.data.cache.growing_shards import GrowingShards
from sos_online.data.cache.shard_writer import ShardWriter
from sos_online.storage.file_lock import locked
from sos_online.types import Target

_LOCK = ".budget.lock"


class ShardFiller:
    """Gathers samples, and commits a shard of them when it is full and when it is told to.

    A shard is named by its first sample, and by the rank and the worker that write it. No two have the same name: a
    sample that is on a shard is not written again, also after a restart with other numbers of workers and ranks.

    Args:
        folder: of the cache.
        shards: what is known of it; looked at anew before a shard is committed.
        settings: how samples are stored.
        describe: what is stored beside targets.
        keep: bytes that the shards of the cache may take; any number if None. A shard gives way to one of later epochs
            of the stream, the oldest first, and not to others: for want of room these are not written.
    """

    def __init__(
        self,
        folder: CacheFolder,
        shards: GrowingShards,
        settings: CacheSettings,
        describe: SampleDescription,
        keep: int | None,
    ) -> None:
        self._folder = folder
        self._shards = shards
        self._settings = settings
        self._describe = describe
        self._keep = keep
        self._writer: ShardWriter | None = None
        self._process = 0
        self._gathered: set[tuple[int, int]] = set()
        self._newest = 0
        self._place = (0, 0)
        self._full = False

    def begin_pass(self, rank: int, worker: int) -> None:
        """From here on, this process is that worker of that rank."""
        self._place = rank, worker
        if self._process != os.getpid():  # what was gathered before a fork is the parent's to write
            self._process, self._writer, self._gathered = os.getpid(), None, set()
        sizes = [shard.size for shard in self._shards.shards.values()]
        self._full = self._keep is not None and bool(sizes) and sum(sizes) + sum(sizes) // len(sizes) > self._keep

    def wants(self, epoch: int, index: int) -> bool:
        """Whether a sample that no shard has should be written."""
        if (epoch, index) in self._gathered:
            return False
        if not self._full:
            return True
        oldest = min((shard.epoch for shard in self._shards.shards.values()), default=epoch)
        return epoch > oldest

    def add(self, image: Tensor, target: Target, *, epoch: int, index: int) -> Mapping[str, bytes]:
        """Add a sample; its members, as they are stored. Raises ``CacheError`` if it cannot be written."""
        if self._writer is None:
            rank, worker = self._place
            name = f"{sample_key(epoch, index)}-r{rank:04d}-w{worker:03d}"
            self._writer = ShardWriter(self._folder, name)
            self._gathered, self._newest = set(), epoch
        described = self._describe(target, epoch, index)
        members = self._writer.add(
            check_sample(image, target, epoch=epoch, index=index, settings=self._settings, described=described)
        )
        self._gathered.add((epoch, index))
        self._newest = max(self._newest, epoch)
        if len(self._writer) >= self._settings.samples_per_shard:
            self.commit()
        return members

    def commit(self) -> None:
        """Let what was gathered appear, if there is room for it. Raises ``CacheError`` if it cannot be written."""
        writer, self._writer = self._writer, None
        if writer is None or self._process != os.getpid():
            return
        with writer, self._alone():
            if self._make_room(writer.size):
                writer.commit()
        self._shards.refresh()

    def _alone(self) -> AbstractContextManager[object]:
        """Under a budget, one process of this machine at a time looks for room and takes it."""
        return nullcontext() if self._keep is None else locked(self._folder.place.scratch() / _LOCK)

    def _make_room(self, size: int) -> bool:
        """Remove the oldest shards until ``size`` more bytes are in the budget; whether they are."""
        if self._keep is None:
            return True
        self._shards.refresh()
        shards = self._shards.shards
        excess = sum(shard.size for shard in shards.values()) + size - self._keep
        given_up: list[str] = []
        for _, name in sorted((shard.epoch, name) for name, shard in shards.items() if shard.epoch < self._newest):
            if excess <= 0:
                break
            given_up.append(name)
            excess -= shards[name].size
        self._full = excess > 0
        if self._full:
            return False
        for name in given_up:
            self._shards.remove(name)
        return True
