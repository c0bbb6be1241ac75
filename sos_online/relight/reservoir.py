"""A store of lit samples, filled in the background: expensive light without waiting for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from pydantic import Field
from torch import Tensor

from sos_online.errors import StreamError
from sos_online.relight.composites import Composites
from sos_online.relight.lighting import to_bytes
from sos_online.types import Section

Label = TypeVar("Label")


class ReservoirSettings(Section):
    """How much is kept, and how often it is used.

    Attributes:
        size: most lit samples kept, on the device, as bytes: 1.2 MB each at 640 x 640 pixels.
        serves: how often each is served before it goes.
        waiting: most samples that wait to be lit; more are refused.
    """

    size: int = Field(default=256, ge=1)
    serves: int = Field(default=8, ge=1)
    waiting: int = Field(default=32, ge=1)


@dataclass(frozen=True)
class ReservoirReport:
    """Counts since the reservoir was opened.

    Attributes:
        offered: samples that came for light.
        refused: of these, left out since enough were waiting.
        lit: of these, lit and stored.
        wanted: samples asked for.
        served: of these, given; the others met an empty store.
        kept: samples in the store now.
    """

    offered: int
    refused: int
    lit: int
    wanted: int
    served: int
    kept: int


@dataclass(eq=False)
class _Kept(Generic[Label]):
    image: Tensor
    label: Label
    served: int = 0


@dataclass(frozen=True)
class _Job(Generic[Label]):
    composites: Composites
    labels: Sequence[Label]
    made: torch.cuda.Event | None


class Reservoir(Generic[Label]):
    """Lights samples on a thread and a CUDA stream of its own, as fast as the device lets it.

    Neither ``offer`` nor ``take`` waits. What a sample looks like depends on how fast the device is: a stream with a
    reservoir is not reproducible.

    Args:
        light: composites to lit images, float32 ``[B, 3, H, W]``, 0 … 1.
        settings: sizes of the store.
    """

    def __init__(self, light: Callable[[Composites], Tensor], settings: ReservoirSettings) -> None:
        self.settings = settings
        self._light = light
        self._changed = threading.Condition()
        self._jobs: deque[_Job[Label]] = deque()
        self._waiting = 0
        self._store: deque[_Kept[Label]] = deque()
        self._offered = self._refused = self._lit = self._wanted = self._served = 0
        self._closed = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="reservoir", daemon=True)
        self._thread.start()

    def offer(self, composites: Composites, labels: Sequence[Label]) -> None:
        """Have samples lit, as many of the first as there is room for. Raises what lighting has raised before."""
        with self._changed:
            self._check()
            taken = min(len(composites), self.settings.waiting - self._waiting)
            self._offered += len(composites)
            self._refused += len(composites) - taken
        if not taken:
            return
        chosen = composites.take(list(range(taken)))
        # copies: the batch goes on to be painted over and freed
        chosen = Composites(chosen.images.clone(), chosen.instance_maps.clone(), chosen.counts, chosen.specs)
        made = torch.cuda.current_stream(chosen.device).record_event() if chosen.device.type == "cuda" else None
        with self._changed:
            self._waiting += taken
            self._jobs.append(_Job(chosen, list(labels[:taken]), made))
            self._changed.notify_all()

    def take(self, count: int, size_hw: tuple[int, int]) -> list[tuple[Tensor, Label]]:
        """Up to ``count`` lit samples of a size: image uint8 ``[3, H, W]`` and its label; all in turn."""
        taken: list[tuple[Tensor, Label]] = []
        with self._changed:
            self._check()
            self._wanted += count
            for _ in range(len(self._store)):
                if len(taken) == count:
                    break
                kept = self._store.popleft()
                if tuple(kept.image.shape[-2:]) == size_hw:
                    taken.append((kept.image, kept.label))
                    kept.served += 1
                if kept.served < self.settings.serves:
                    self._store.append(kept)
            self._served += len(taken)
        for image, _ in taken:
            if image.is_cuda:  # made on the thread's stream, used on the caller's
                image.record_stream(torch.cuda.current_stream(image.device))
        return taken

    def report(self) -> ReservoirReport:
        with self._changed:
            return ReservoirReport(
                self._offered, self._refused, self._lit, self._wanted, self._served, len(self._store)
            )

    def close(self) -> None:
        """Stop lighting; what is being lit is finished first."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _check(self) -> None:
        if self._error is not None:
            raise StreamError(f"reservoir: lighting failed: {self._error}") from self._error
        if self._closed:
            raise StreamError("reservoir: it is closed")

    def _run(self) -> None:
        streams: dict[torch.device, torch.cuda.Stream] = {}
        while (job := self._next()) is not None:
            try:
                images = self._lit_images(job, streams)
            except Exception as error:  # whatever it is, the training process is told at its next call
                with self._changed:
                    self._error = error
                return
            with self._changed:
                self._waiting -= len(job.labels)
                self._lit += len(job.labels)
                self._store.extend(_Kept(image, label) for image, label in zip(images, job.labels, strict=True))
                while len(self._store) > self.settings.size:
                    self._store.remove(max(self._store, key=lambda kept: kept.served))

    def _next(self) -> _Job[Label] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            return self._jobs.popleft() if self._jobs and not self._closed else None

    def _lit_images(self, job: _Job[Label], streams: dict[torch.device, torch.cuda.Stream]) -> list[Tensor]:
        """uint8 ``[3, H, W]`` each, finished: whoever takes one need not wait."""
        device = job.composites.device
        if device.type != "cuda":
            return self._to_bytes(job)
        if device not in streams:
            streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream = streams[device]
        assert job.made is not None
        with torch.cuda.stream(stream):
            stream.wait_event(job.made)
            images = self._to_bytes(job)
        stream.synchronize()  # this thread alone waits
        return images

    def _to_bytes(self, job: _Job[Label]) -> list[Tensor]:
        with torch.no_grad():
            return [to_bytes(image) for image in self._light(job.composites)]
