"""A stream of samples: what a loader serves, a cache keeps, a mixture draws from and an export writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

import cv2
import torch
from torch.utils.data import IterableDataset, get_worker_info

from sos_online.data.failures import FailureCounts
from sos_online.data.sample_iterator import Sample, SampleIterator
from sos_online.data.shard import Ranks, Rounds
from sos_online.errors import StreamError
from sos_online.recipe import Recipe
from sos_online.types import Target


class SampleStream(IterableDataset[Sample], ABC):
    """Samples ``(image, target)``, each a pure function of an epoch and an index; the base of all datasets here.

    A dataset says what a sample is (:meth:`sample`) and what that depends on (:meth:`identity`). From these follow
    the same batches for any number of workers, the split over ranks, and a position that is one integer.

    With a ``DataLoader`` of your own, call ``set_epoch`` before each epoch (it knows of none), and pass
    ``collate_fn=sos_online.collate`` and a :class:`DeviceStage` behind it, or a collate function of yours.
    Making a dataset switches OpenCV's own threads off in this process, see ``one_opencv_thread``.

    Args:
        length: samples in an epoch.
        block_size: consecutive indices that a worker serves before the next worker's turn. Set it to the batch size
            when you use your own ``DataLoader``, and batches do not depend on the number of workers (``make_loader``
            does so).
        ranks: this process among those that train together, for your own ``DataLoader``; found in
            ``torch.distributed`` or in the environment (RANK, WORLD_SIZE) if None.

    Attributes:
        failures: what was broken and met so far, over all workers.
        writes_when_served: whether a pass over it writes what it serves, which calls of :meth:`sample` do not.
    """

    writes_when_served: bool = False

    def __init__(self, length: int, *, block_size: int = 1, ranks: Ranks | None = None) -> None:
        require("length", length, isinstance(length, int) and length >= 1, "an integer from 1 on")
        require("block_size", block_size, isinstance(block_size, int) and block_size >= 1, "an integer from 1 on")
        self.length = length
        self.block_size = block_size
        self.ranks = ranks
        self.failures = FailureCounts()
        one_opencv_thread()
        # epoch, and how often it was set; in shared memory, so that it reaches workers that are kept between epochs
        self._epoch = torch.zeros(2, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    @abstractmethod
    def sample(self, index: int, epoch: int | None = None) -> Sample:
        """Any sample of any epoch, at any time, always the same; ``epoch`` is the dataset's if None."""

    def sample_for(self, index: int, epoch: int, unwanted: Collection[int]) -> tuple[Sample, int]:  # noqa: ARG002
        """As :meth:`sample`, for a caller who leaves rows with these labels out: the stream may do so before they cost
        time, if all else stays as it is. Also, how many rows it left out; here none.
        """
        return self.sample(index, epoch), 0

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """What a position in this stream depends on: values that JSON can hold, equal for equal streams."""

    @property
    @abstractmethod
    def category_names(self) -> Sequence[str]:
        """Name of label ``i + 1`` at position ``i``."""

    @property
    def device_recipe(self) -> Recipe | None:
        """The recipe whose light (and painting) samples still wait for; None if they are finished."""
        return None

    @property
    def same_size_for(self) -> int | None:
        """For how many consecutive samples the size stays, if the stream keeps sizes together; None: do not ask."""
        return None

    @property
    def source_names(self) -> Sequence[str]:
        """What the streams are called that ``target["source"]`` numbers; none if samples have no such key."""
        return ()

    @property
    def parts(self) -> Sequence[SampleStream]:
        """The streams whose samples this one serves, or builds upon; none if it makes its own."""
        return ()

    def origin(self, index: int, epoch: int) -> tuple[SampleStream, int, int]:
        """The stream that a sample was made by, and its index and epoch there."""
        return self, index, epoch

    def annotated_labels(self, target: Target) -> Collection[int]:
        """Labels that were looked for in a sample of this stream: one that has no row is not in its image.

        Of ``target`` nothing is asked but its ``source``; without that, what holds for samples of all sources. Here:
        all labels; none if a mixture made the sample and this stream does not know it.
        """
        return () if "source" in target else range(1, len(self.category_names) + 1)

    @property
    def epoch(self) -> int:
        """The epoch that the next pass serves."""
        return int(self._epoch[0])

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next pass serves; reaches persistent workers too."""
        require("epoch", epoch, 0 <= epoch < 2**63, "0 … 2**63 - 1")
        self._epoch[0] = epoch
        self._epoch[1] += 1

    @property
    def times_set(self) -> int:
        """How often the epoch was set; by this a loader notices that it was, even if to the same value."""
        return int(self._epoch[1])

    def __len__(self) -> int:
        """Samples that this rank serves in an epoch."""
        rounds = Rounds(self.length, self.block_size, (self.ranks or Ranks.detect()).world)
        return sum(map(rounds.size, range(rounds.full, len(rounds))), start=rounds.full * self.block_size)

    def __iter__(self) -> SampleIterator:
        ranks = self.ranks or Ranks.detect()
        return self.serve(self.epoch, Rounds(self.length, self.block_size, ranks.world), ranks.rank)

    def __getstate__(self) -> dict[str, Any]:
        # a worker that is spawned, not forked, sees no process group: tell it the ranks that are seen here
        return {**self.__dict__, "ranks": self.ranks or Ranks.detect()}

    def serve(self, epoch: int, rounds: Rounds, rank: int) -> SampleIterator:
        """This process' part (of the rank's, if it is a ``DataLoader`` worker) of what is left of an epoch."""
        return SampleIterator(self, epoch, rounds, rank, *place_among_workers())

    def check_index(self, index: int) -> None:
        """Raise ``StreamError`` if there is no such sample in an epoch."""
        if not 0 <= index < self.length:
            raise StreamError(f"index {index} is not in an epoch of {self.length} samples")


def require(name: str, value: object, valid: bool, expected: str) -> None:
    """Raise ``StreamError`` unless ``valid``."""
    if not valid:
        raise StreamError(f"{name}: expected {expected}, found {value!r}")


def place_among_workers() -> tuple[int, int]:
    """Number of this ``DataLoader`` worker and how many there are, for a pass that it begins; 0 and 1 if it is none."""
    worker = get_worker_info()
    if worker is None:
        return 0, 1
    one_opencv_thread()
    return worker.id, worker.num_workers


def one_opencv_thread() -> None:
    """Switch OpenCV's thread pool off in this process.

    Workers are the parallelism. More than that, a pool that exists when ``DataLoader`` forks reaches the worker without
    its threads, and the worker's first use of it waits for ever; so it must be gone in the parent before.
    """
    if cv2.getNumThreads() > 1:
        cv2.setNumThreads(0)
