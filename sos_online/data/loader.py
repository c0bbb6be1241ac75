"""The loader: a ``DataLoader`` of compact batches, the device stage behind it, and a position that can be saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

from sos_online.data.batch import Batch, collate
from sos_online.data.dataset import Sample, SampleIterator, SOSDataset, check_identity
from sos_online.data.device import DeviceStage, Images
from sos_online.data.shard import Ranks, Rounds
from sos_online.errors import StreamError
from sos_online.rng import loader_generator
from sos_online.types import Target


def make_loader(
    dataset: SOSDataset,
    batch_size: int,
    *,
    num_workers: int = 0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    masks: bool = False,
    drop_last: bool = False,
    ranks: Ranks | None = None,
    persistent_workers: bool = True,
    prefetch_factor: int = 2,
    multiprocessing_context: str | None = None,
) -> SOSLoader:
    """Batches ``(images, targets)`` of a dataset, ready for a model.

    Args:
        dataset: the stream.
        batch_size: samples in a batch of this rank.
        num_workers: processes that make samples; 0 makes them in this one. Batches are the same for any number.
        device, dtype, masks: see :class:`DeviceStage`.
        drop_last: leave a short last batch out.
        ranks: this process among those that train together; found in ``torch.distributed`` or in the environment
            (RANK, WORLD_SIZE) if None. All ranks serve equally many batches.
        persistent_workers: keep the workers between epochs.
        prefetch_factor: batches that each worker makes ahead.
        multiprocessing_context: how workers are started; the platform's way if None.

    Raises:
        StreamError: an argument is out of range, or batches would mix canvas sizes.
    """
    if batch_size < 1:
        raise StreamError(f"batch_size: expected at least 1, found {batch_size}")
    stage = DeviceStage(device, dtype=dtype, masks=masks)
    view = _View(dataset, batch_size, ranks or dataset.ranks or Ranks.detect(), drop_last)
    view.check_sizes(start=0)
    loader = DataLoader(
        view,
        batch_size=batch_size,
        num_workers=num_workers,
        collate_fn=collate,
        pin_memory=stage.device.type == "cuda",
        persistent_workers=persistent_workers and num_workers > 0,
        prefetch_factor=prefetch_factor if num_workers else None,
        multiprocessing_context=multiprocessing_context if num_workers else None,
        generator=loader_generator(),
    )
    return SOSLoader(view, loader, stage)


class _View(IterableDataset[Sample]):
    """A dataset as one loader serves it: from a position, in the loader's blocks."""

    def __init__(self, dataset: SOSDataset, block: int, ranks: Ranks, drop_last: bool) -> None:
        self.dataset = dataset
        self.ranks = ranks
        self._block = block
        self._drop_last = drop_last
        # epoch and first index, in shared memory: workers that are kept between epochs read them when a pass begins
        self._cursor = torch.tensor([dataset.epoch, 0]).share_memory_()  # type: ignore[no-untyped-call]

    def move_to(self, epoch: int, start: int) -> None:
        self._cursor[0], self._cursor[1] = epoch, start

    def rounds(self, start: int) -> Rounds:
        return Rounds(self.dataset.length, self._block, self.ranks.world, start, self._drop_last)

    def check_sizes(self, start: int) -> None:
        """Raise ``StreamError`` if batches from ``start`` on would mix canvas sizes, of which there are several."""
        canvas, rounds = self.dataset.recipe.canvas, self.rounds(start)
        if len(canvas.sizes) == 1:
            return
        why = "since canvas sizes vary between batches and not inside one"
        if canvas.same_for % self._block:
            raise StreamError(
                f"recipe: canvas.same_for: expected a multiple of the batch size {self._block}, {why}; "
                f"found {canvas.same_for}"
            )
        if start % self._block:
            raise StreamError(
                f"state: position: expected a multiple of the batch size {self._block}, {why}; found {start}"
            )
        if len(rounds) > rounds.full:
            raise StreamError(
                f"length: expected a multiple of batch size x ranks, {self._block} x {self.ranks.world}, or "
                f"drop_last=True, {why}; found {self.dataset.length - start} samples to serve"
            )

    def __iter__(self) -> SampleIterator:
        epoch, start = self._cursor.tolist()
        return self.dataset.serve(epoch, self.rounds(start), self.ranks.rank)


class SOSLoader:
    """An iterable of ``(images, targets)`` with a position; made by :func:`make_loader`.

    A loop that ends moves on to the next epoch. A loop that is left early keeps its place: the next one goes on there,
    as does one after ``load_state_dict``. One loop at a time: a new one ends those before it.
    """

    def __init__(self, view: _View, loader: DataLoader[Sample], stage: DeviceStage) -> None:
        self._view = view
        self._loader = loader
        self.stage = stage
        self._epoch = view.dataset.epoch
        self._start = 0  # where the running pass began
        self._served = 0  # batches since
        self._pass: object | None = None  # the running pass
        self._times_set = view.dataset.times_set

    @property
    def dataset(self) -> SOSDataset:
        return self._view.dataset

    @property
    def epoch(self) -> int:
        """The epoch that the loader is in."""
        self._follow_dataset()
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch; the one that the loader is in already is gone on with.

        ``dataset.set_epoch`` does the same to all loaders of the dataset, from their next loops on.
        """
        if epoch < 0:
            raise StreamError(f"epoch: expected 0 or more, found {epoch}")
        self._times_set = self.dataset.times_set
        self._pass = None
        if epoch != self._epoch:
            self._epoch, self._start, self._served = epoch, 0, 0

    def __len__(self) -> int:
        """Batches in a whole epoch, on this rank."""
        return len(self._view.rounds(0))

    def __iter__(self) -> Iterator[tuple[Images, list[Target]]]:
        self._pass = None
        self._follow_dataset()
        self._start, self._served = self._position, 0
        self._view.move_to(self._epoch, self._start)
        this = self._pass = object()
        try:
            batch: Batch
            for batch in self._loader:
                if self._pass is not this:
                    raise StreamError("this loop has ended: another one was begun, or the loader's position was set")
                self._served += 1
                yield self.stage(batch)
            if self._pass is this:
                self._epoch, self._start, self._served = self._epoch + 1, 0, 0
        finally:
            if self._pass is this:
                self._pass = None

    def state_dict(self) -> dict[str, Any]:
        """Epoch, and the number of its samples that all ranks together have served; and what stream it is of."""
        self._follow_dataset()
        return {"epoch": self._epoch, "position": self._position, **self.dataset.identity()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken; workers, ranks and batch size may be others.

        Raises:
            StreamError: the state is of another stream (recipe, library, seed, length or photos).
        """
        check_identity(state, self.dataset.identity())
        self._view.check_sizes(int(state["position"]))
        self._times_set = self.dataset.times_set
        self._pass = None
        self._epoch, self._start, self._served = int(state["epoch"]), int(state["position"]), 0

    @property
    def _position(self) -> int:
        return self._view.rounds(self._start).position(self._served)

    def _follow_dataset(self) -> None:
        """Between loops, take over an epoch that was set on the dataset since the last look."""
        if self._pass is None and self.dataset.times_set != self._times_set:
            self.set_epoch(self.dataset.epoch)
