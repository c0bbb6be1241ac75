"""The shards of a cache that grows while it is read: which samples are there now, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CARD, TAR, SampleEntry, ShardCard
from sos_online.errors import CacheError

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class KnownShard:
    """A shard that was seen.

    Attributes:
        size: of tar and card, bytes.
        epoch: the newest of its samples'.
        samples: int64 ``[N, 5]``: epoch, index, offset, size and CRC-32 of each.
    """

    size: int
    epoch: int
    samples: _Ints

    @staticmethod
    def of(card: ShardCard) -> KnownShard:
        samples = np.array(card.samples, dtype=np.int64)
        return KnownShard(card.size + len(card.to_bytes()), int(samples[:, 0].max()), samples)


class GrowingShards:
    """What this process knows of a cache; :meth:`refresh` looks again.

    Args:
        folder: of the cache.
        length: samples in an epoch of the stream.
    """

    def __init__(self, folder: CacheFolder, length: int) -> None:
        self._folder = folder
        self._length = length
        self._shards: dict[str, KnownShard] = {}
        self._names: list[str] = []
        self._numbers: _Ints = np.empty(0, np.int64)  # of samples, sorted: epoch * length + index
        self._places = np.empty((0, 2), np.int32)  # shard and row of each
        self._listed = False

    @property
    def shards(self) -> Mapping[str, KnownShard]:
        return self._shards

    def __len__(self) -> int:
        """Samples, each counted once."""
        return len(self._numbers)

    def refresh(self) -> None:
        """Read the cards that are new, and forget the shards that are gone. A card that is damaged counts as gone."""
        tars = set(self._folder.place.names(TAR))
        names = [name for name in self._folder.shard_names() if name + TAR in tars]
        known: dict[str, KnownShard] = {}
        for name in names:
            try:
                known[name] = self._shards.get(name) or KnownShard.of(self._folder.card(name))
            except CacheError:
                continue
        if not self._listed or known.keys() != self._shards.keys():
            self._shards = known
            self._index()
        self._listed = True

    def find(self, epoch: int, index: int) -> tuple[str, SampleEntry] | None:
        """The shard that has a sample, and where in it; None if none has. Looks at the folder if it never did."""
        if not self._listed:
            self.refresh()
        number = epoch * self._length + index
        at = int(np.searchsorted(self._numbers, number))
        if at == len(self._numbers) or self._numbers[at] != number:
            return None
        shard, row = self._places[at]
        name = self._names[shard]
        return name, SampleEntry(*self._shards[name].samples[row].tolist())

    def has_gone(self, shard: str) -> bool:
        """Whether a shard is not there any more."""
        return self._folder.place.size(shard + TAR) is None or self._folder.place.size(shard + CARD) is None

    def remove(self, shard: str) -> None:
        """Remove a shard from the folder."""
        self._folder.place.remove(shard + TAR)  # first: a card alone takes little room, and nobody trusts it
        self._folder.place.remove(shard + CARD)

    def _index(self) -> None:
        """Of a sample that several shards have, the first shard's counts."""
        self._names = sorted(self._shards)
        parts = [self._shards[name].samples for name in self._names]
        if not parts:
            self._numbers, self._places = np.empty(0, np.int64), np.empty((0, 2), np.int32)
            return
        numbers = np.concatenate([part[:, 0] * self._length + part[:, 1] for part in parts])
        self._numbers, first = np.unique(numbers, return_index=True)
        shards = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
        rows = np.concatenate([np.arange(len(part), dtype=np.int32) for part in parts])
        self._places = np.stack([shards[first], rows[first]], axis=1)
