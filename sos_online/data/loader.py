"""The loader: a ``DataLoader`` of compact batches, the device stage behind it, and a position that can be saved."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from sos_online.data.ahead import staged
from sos_online.data.batch import Batch, collate
from sos_online.data.device import DeviceStage, Images
from sos_online.data.lit_collate import LitCollate
from sos_online.data.make_stage import make_device_stage
from sos_online.data.map_stream import as_stream
from sos_online.data.reservoir_stage import ReservoirStage
from sos_online.data.sample_iterator import Sample, SampleIterator, check_identity
from sos_online.data.shard import Ranks, Rounds
from sos_online.data.stream import SampleStream, require
from sos_online.errors import StreamError
from sos_online.relight import ReservoirReport
from sos_online.rng import loader_generator
from sos_online.types import Relighting, Target


def make_loader(
    dataset: SampleStream | Dataset[Any],
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
        dataset: the stream: a :class:`SOSDataset`, or another of the package's; a map-style dataset becomes a
            :class:`MapStream`, shuffled.
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
    require("batch_size", batch_size, batch_size >= 1, "at least 1")
    require("num_workers", num_workers, num_workers >= 0, "0 or more")
    if num_workers:
        require("prefetch_factor", prefetch_factor, prefetch_factor >= 1, "at least 1")
        known = [None, *multiprocessing.get_all_start_methods()]
        ways = " or ".join(map(str, known))
        require("multiprocessing_context", multiprocessing_context, multiprocessing_context in known, ways)
    dataset = as_stream(dataset)
    recipe = dataset.device_recipe
    stage = make_device_stage(recipe, device, dtype=dtype, masks=masks)
    view = _View(dataset, batch_size, ranks or dataset.ranks or Ranks.detect(), drop_last)
    view.check_sizes(start=0)
    loader = DataLoader(
        view,
        batch_size=batch_size,
        num_workers=num_workers,
        # a CPU makes light in the workers, beside each other; a model of diffusion stays in this process
        collate_fn=collate if stage.device.type != "cpu" or (recipe and recipe.wants_diffusion) else LitCollate(),
        pin_memory=stage.device.type == "cuda",
        persistent_workers=persistent_workers and num_workers > 0,
        prefetch_factor=prefetch_factor if num_workers else None,
        multiprocessing_context=multiprocessing_context if num_workers else None,
        generator=loader_generator(),
    )
    return SOSLoader(view, loader, stage)


class _View(IterableDataset[Sample]):
    """A dataset as one loader serves it: from a position, in the loader's blocks."""

    def __init__(self, dataset: SampleStream, block: int, ranks: Ranks, drop_last: bool) -> None:
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
        same_for, rounds = self.dataset.same_size_for, self.rounds(start)
        if same_for is None:
            return
        why = "since canvas sizes vary between batches and not inside one"
        if same_for % self._block:
            raise StreamError(
                f"recipe: canvas.same_for: expected a multiple of the batch size {self._block}, {why}; found {same_for}"
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


@dataclass(frozen=True)
class LoaderReport:
    """What a loader has served since it was made.

    Attributes:
        batches: served.
        waited: seconds that this process waited for the workers' batches; near 0 if they keep up.
        lit: how many images each relighter has lit in the device stage (a CPU lights in the workers).
        reservoir: of its samples, if there is one.
        sources: of a mixture, how many samples of each source this rank has served.
    """

    batches: int
    waited: float
    lit: dict[Relighting, int]
    reservoir: ReservoirReport | None
    sources: dict[str, int]


class SOSLoader:
    """An iterable of ``(images, targets)`` with a position; made by :func:`make_loader`.

    Every loop is an epoch of its own, also if the one before was left early: the first is the one that was set (0 if
    none was), or what is left of it after ``load_state_dict``; each further one is the next. One loop at a time: a new
    one ends those before it.
    """

    def __init__(self, view: _View, loader: DataLoader[Sample], stage: DeviceStage) -> None:
        self._view = view
        self._loader = loader
        self.stage = stage
        self._epoch = view.dataset.epoch
        self._start = 0  # the index at which the epoch's loop began, or will
        self._served = 0  # batches since
        self._batches = 0  # in all
        self._waited = 0.0
        self._of_source: Counter[int] = Counter()
        self._begun = False
        self._loop: object | None = None  # the running one
        self._times_set = view.dataset.times_set

    def __repr__(self) -> str:
        return f"SOSLoader({len(self):,} batches of {self.dataset!r} on {self.stage.device}, in epoch {self.epoch})"

    @property
    def dataset(self) -> SampleStream:
        return self._view.dataset

    @property
    def epoch(self) -> int:
        """The epoch that the loader is in."""
        return self._place()[0]

    def set_epoch(self, epoch: int) -> None:
        """Let the next loop be this epoch; what ``load_state_dict`` left of the same epoch stays what it is.

        ``dataset.set_epoch`` does the same to all loaders of the dataset.
        """
        if epoch < 0:
            raise StreamError(f"epoch: expected 0 or more, found {epoch}")
        self._times_set = self.dataset.times_set
        if self._begun or epoch != self._epoch:
            self._go_to(epoch, 0)

    def __len__(self) -> int:
        """Batches in a whole epoch, on this rank."""
        return len(self._view.rounds(0))

    def __iter__(self) -> Iterator[tuple[Images, list[Target]]]:
        self._follow_dataset()
        if self._begun:
            self._go_to(self._epoch + 1, 0)
        self._begun = True
        self._view.move_to(self._epoch, self._start)
        this = self._loop = object()
        try:
            for served in staged(self._collated(), self.stage):
                if self._loop is not this:
                    raise StreamError("this loop has ended: another one was begun, or the loader's position was set")
                self._served += 1
                self._batches += 1
                self._of_source.update(target["source"] for target in served[1] if "source" in target)
                yield served
        finally:
            if self._loop is this:
                self._loop = None

    def _collated(self) -> Iterator[Batch]:
        """What the workers send; the time that they are waited for is counted."""
        batches: Iterator[Batch] = iter(self._loader)
        while True:
            begin = time.perf_counter()
            batch = next(batches, None)
            self._waited += time.perf_counter() - begin
            if batch is None:
                return
            yield batch

    def report(self) -> LoaderReport:
        """Batches, waits, and the shares of relighters and sources so far."""
        reservoir = self.stage.report() if isinstance(self.stage, ReservoirStage) else None
        names = self.dataset.source_names
        sources = {name: self._of_source[number] for number, name in enumerate(names)}
        return LoaderReport(self._batches, self._waited, dict(self.stage.lit), reservoir, sources)

    def state_dict(self) -> dict[str, Any]:
        """Epoch, and the number of its samples that all ranks together have served; and what stream it is of."""
        epoch, position = self._place()
        return {"epoch": epoch, "position": position, **self.dataset.identity()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken; workers, ranks and batch size may be others.

        Raises:
            StreamError: the state is of another stream (recipe, library, seed, length or photos).
        """
        check_identity(state, self.dataset.identity())
        self._view.check_sizes(int(state["position"]))
        self._times_set = self.dataset.times_set
        self._go_to(int(state["epoch"]), int(state["position"]))

    def _go_to(self, epoch: int, start: int) -> None:
        self._epoch, self._start, self._served, self._begun, self._loop = epoch, start, 0, False, None

    def _place(self) -> tuple[int, int]:
        """Epoch and position; the end of an epoch is the beginning of the next."""
        self._follow_dataset()
        rounds = self._view.rounds(self._start)
        return (self._epoch + 1, 0) if self._served >= len(rounds) else (self._epoch, rounds.position(self._served))

    def _follow_dataset(self) -> None:
        """Between loops, take over an epoch that was set on the dataset since the last look."""
        if self._loop is None and self.dataset.times_set != self._times_set:
            self.set_epoch(self.dataset.epoch)
