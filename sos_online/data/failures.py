"""Counting what was broken, over all worker processes."""

from __future__ import annotations

import torch
from torch.utils.data import get_worker_info

from sos_online.errors import BrokenPhotoError, BrokenSampleError, BrokenSegmentError

_SLOTS = 512
_KINDS = (BrokenSegmentError, BrokenPhotoError, BrokenSampleError)


class FailureCounts:
    """Broken segments, photos and samples met so far, in this process and its ``DataLoader`` workers.

    Each process counts in a slot of its own of one shared tensor, so no lock is needed.
    """

    def __init__(self) -> None:
        self._counts = torch.zeros(_SLOTS, len(_KINDS), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def count(self, error: BrokenSegmentError | BrokenPhotoError | BrokenSampleError) -> None:
        worker = get_worker_info()
        slot = 0 if worker is None else 1 + worker.id % (_SLOTS - 1)
        self._counts[slot, _KINDS.index(type(error))] += 1

    @property
    def segments(self) -> int:
        return int(self._counts[:, 0].sum())

    @property
    def photos(self) -> int:
        return int(self._counts[:, 1].sum())

    @property
    def samples(self) -> int:
        return int(self._counts[:, 2].sum())

    def __repr__(self) -> str:
        return f"FailureCounts(segments={self.segments}, photos={self.photos}, samples={self.samples})"
