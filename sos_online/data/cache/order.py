"""The order in which a cache's samples are served: position to shard and sample, without a list of all samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sos_online.ops.permutation import Permutation
from sos_online.rng import Purpose, sample_generator


class ShardOrder:
    """One epoch's order. The shards are shuffled, and the samples inside groups of consecutive shards of that order.

    So a reader that goes through an epoch touches one group of shards at a time, which is what a slow disk or a remote
    store needs; the larger the group, the closer to a shuffle of everything. It holds a few numbers a shard; a position
    costs two binary searches and a :class:`Permutation`.

    Args:
        sizes: samples in each shard.
        seed, epoch: the order is a function of these two, of ``sizes`` and of ``group``.
        group: shards that are shuffled together.
        shuffle: if not, the order is that of the shards and of the samples in them.
    """

    def __init__(self, sizes: Sequence[int], *, seed: int, epoch: int, group: int, shuffle: bool = True) -> None:
        self._seed, self._epoch, self._shuffle = seed, epoch, shuffle
        self._group = group if shuffle else max(len(sizes), 1)
        if shuffle:
            self._shards = sample_generator(seed, epoch, 0, purpose=Purpose.ORDER).permutation(len(sizes))
        else:
            self._shards = np.arange(len(sizes))
        ordered = np.asarray(sizes, dtype=np.int64)[self._shards]
        self._ends = np.cumsum(ordered)  # of the shards, in this order
        self._known: tuple[int, Permutation] | None = None

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, position: int) -> tuple[int, int]:
        """Number of the shard, and of the sample in it. Raises ``IndexError`` out of range; negative positions are."""
        if not 0 <= position < len(self):
            raise IndexError(f"position {position} of {len(self)}")
        if self._shuffle:
            group = int(np.searchsorted(self._ends, position, "right")) // self._group
            begin = self._begin(group * self._group)
            position = begin + self._permutation(group)[position - begin]
        place = int(np.searchsorted(self._ends, position, "right"))
        return int(self._shards[place]), position - self._begin(place)

    def _begin(self, place: int) -> int:
        """Position at which the shard that is at ``place`` of the order begins."""
        return int(self._ends[place - 1]) if place else 0

    def _permutation(self, group: int) -> Permutation:
        """Of the samples of a group; that of the last one asked for is kept."""
        if self._known is None or self._known[0] != group:
            last = min((group + 1) * self._group, len(self._ends))
            rng = sample_generator(self._seed, self._epoch, 1 + group, purpose=Purpose.ORDER)
            keys = rng.integers(0, 2**64, Permutation.KEYS, dtype=np.uint64)
            length = self._begin(last) - self._begin(group * self._group)
            self._known = group, Permutation(length, [int(key) for key in keys])
        return self._known[1]
