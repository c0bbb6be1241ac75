"""A stream that counts what it makes, and what a cache has of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sos_online.data.cache import CacheFolder, CacheSettings
from sos_online.data.sample_iterator import Sample
from tests.data.streams import NumberedStream

LENGTH = 23


LOSSLESS = CacheSettings.parse(image_format="png", samples_per_shard=4)


class CountedStream(NumberedStream):
    """Counts in shared memory how often each sample of an epoch was made."""

    def __init__(self, length: int = LENGTH, **options: Any) -> None:
        super().__init__(length, **options)
        self.made = torch.zeros(8, length, dtype=torch.int64).share_memory_()

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        self.made[self.epoch if epoch is None else epoch, index] += 1
        return super().sample(index, epoch)


def stored_keys(root: Path) -> list[tuple[int, int]]:
    """Epoch and index of every sample on a card, as often as it is on one."""
    folder = CacheFolder(root)
    return [(entry.epoch, entry.index) for name in folder.shard_names() for entry in folder.card(name).samples]


def once(epoch: int = 0, length: int = LENGTH) -> list[tuple[int, int]]:
    return [(epoch, index) for index in range(length)]
