"""A store of lit samples, filled in the background: expensive light without waiting for it."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.utils._pytree import tree_leaves
from torchvision.transforms.v2.functional import to_dtype

from sos_online.errors import StreamError
from sos_online.relight.composites import Composites, on_device
from sos_online.relight.lighting import to_bytes
from sos_online.types import Section

Label = TypeVar("Label")


class ReservoirSettings(Section):
    """How much is kept, and how often it is used.

    Attributes:
        size: most lit samples kept, on the device. At 640 x 640 pixels 2.0 MB each (image 1.2, instance map 0.8), and
            0.4 MB more a row if targets hold amodal masks.
        serves: how often each is served before it goes.
        waiting: most samples that wait to be lit, or are being lit; more are refused. 2.9 MB each, as the map is there
            twice; and amodal masks as above.
    """

    size: int = Field(default=256, ge=1)
    serves: int = Field(default=8, ge=1)
    waiting: int = Field(default=32, ge=1)


@dataclass(frozen=True)
class ReservoirReport:
    """Counts since the reservoir was opened.

    Attributes:
        offered: samples that came for light.
        refused: of these, left out since the store was full, or enough were waiting.
        lit: of these, lit and stored.
        wanted: samples asked for.
        served: of these, given; the others met an empty store.
        kept: samples in the store now.
        lighting_seconds: time that went into those lit, on the thread; beside the training step, if there is one.
    """

    offered: int
    refused: int
    lit: int
    wanted: int
    served: int
    kept: int
    lighting_seconds: float

    @property
    def lit_per_second(self) -> float:
        """While there was something to light; 0 if nothing is lit yet."""
        return self.lit / self.lighting_seconds if self.lighting_seconds else 0.0


@dataclass(eq=False)
class _Kept(Generic[Label]):
    image: Tensor
    label: Label
    served: int = 0


@dataclass(frozen=True)
class _Job(Generic[Label]):
    """Images wait as bytes, uint8, and not as composites have them."""

    composites: Composites
    labels: Sequence[Label]
    made: torch.cuda.Event | None


class Reservoir(Generic[Label]):
    """Lights samples on a thread and a CUDA stream of its own, as fast as the device lets it.

    Neither ``offer`` nor ``take`` waits. What a sample looks like depends on how fast the device is: a stream with a
    reservoir is not reproducible. The thread ends with ``close``, with the reservoir, or with the process; each waits
    for what is being lit, and for nothing that is still to come.

    Args:
        light: composites to lit images, float32 ``[B, 3, H, W]``, 0 … 1. It must not hold the reservoir.
        settings: sizes of the store.
    """

    def __init__(self, light: Callable[[Composites], Tensor], settings: ReservoirSettings) -> None:
        self.settings = settings
        self._offered = self._refused = self._wanted = self._served = 0
        self._lighter: _Lighter[Label] = _Lighter(light)
        thread = threading.Thread(target=self._lighter.run, name="reservoir", daemon=True)
        self._end = weakref.finalize(self, _end, self._lighter, thread)
        thread.start()

    def offer(self, composites: Composites, samples: Sequence[int], labels: Iterable[Label]) -> None:
        """Have ``samples`` of a batch lit, as many of the first as there is room for among what waits and is stored.

        Images and maps are copied, and labels asked for, only as far as there is room. Raises what lighting has raised
        before.
        """
        lighter = self._lighter
        with lighter.changed:
            lighter.check()
            # what waits will be stored, and nothing is thrown away before it has been served as often as asked
            free = self.settings.size - len(lighter.store) - lighter.waiting
            taken = list(samples[: max(0, min(free, self.settings.waiting - lighter.waiting))])
            self._offered += len(samples)
            self._refused += len(samples) - len(taken)
            if not taken:
                return
            index = on_device(np.array(taken, np.int64), composites.device)
            chosen = Composites(
                images=to_bytes(composites.images[index]),
                instance_maps=composites.instance_maps[index],
                counts=[composites.counts[sample] for sample in taken],
                specs=[composites.specs[sample] for sample in taken],
            )
            kept = list(islice(labels, len(taken)))
            cuda = chosen.device.type == "cuda"
            made = torch.cuda.current_stream(chosen.device).record_event() if cuda else None
            lighter.add(_Job(chosen, kept, made))

    def take(self, count: int, size_hw: tuple[int, int]) -> list[tuple[Tensor, Label]]:
        """Up to ``count`` lit samples of a size: image uint8 ``[3, H, W]`` and its label; all in turn.

        They stay in the store: whoever writes into one copies it before.
        """
        taken: list[tuple[Tensor, Label]] = []
        with self._lighter.changed:
            self._lighter.check()
            store = self._lighter.store
            self._wanted += count
            for _ in range(len(store)):
                if len(taken) == count:
                    break
                kept = store.popleft()
                if tuple(kept.image.shape[-2:]) == size_hw:
                    taken.append((kept.image, kept.label))
                    kept.served += 1
                if kept.served < self.settings.serves:
                    store.append(kept)
            self._served += len(taken)
        for leaf in tree_leaves(taken):
            if isinstance(leaf, Tensor) and leaf.is_cuda:  # made on another stream, used on the caller's
                leaf.record_stream(torch.cuda.current_stream(leaf.device))
        return taken

    def report(self) -> ReservoirReport:
        lighter = self._lighter
        with lighter.changed:
            return ReservoirReport(
                offered=self._offered,
                refused=self._refused,
                lit=lighter.lit,
                wanted=self._wanted,
                served=self._served,
                kept=len(lighter.store),
                lighting_seconds=lighter.seconds,
            )

    def close(self) -> None:
        """Stop lighting and let go of what is stored; what is being lit is finished first."""
        self._end()


class _Lighter(Generic[Label]):
    """The thread's side. It does not know the reservoir, so that one that is dropped is collected, and ends it.

    All attributes but ``light`` are read and written under ``changed``.
    """

    def __init__(self, light: Callable[[Composites], Tensor]) -> None:
        self.changed = threading.Condition()
        self.waiting = self.lit = 0
        self.seconds = 0.0
        self.store: deque[_Kept[Label]] = deque()
        self._light = light
        self._jobs: deque[_Job[Label]] = deque()
        self._closed = False
        self._error: Exception | None = None
        self._streams: dict[torch.device, torch.cuda.Stream] = {}

    def check(self) -> None:
        if self._error is not None:
            raise StreamError(f"reservoir: lighting failed: {self._error}") from self._error
        if self._closed:
            raise StreamError("reservoir: it is closed")

    def add(self, job: _Job[Label]) -> None:
        with self.changed:
            self.waiting += len(job.labels)
            self._jobs.append(job)
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self._closed = True
            self.changed.notify_all()

    def run(self) -> None:
        try:
            while self._light_next():
                pass
        except Exception as error:  # whatever it is, the training process is told at its next call
            with self.changed:
                self._error = error
        with self.changed:
            self._jobs.clear()
            self.store.clear()

    def _light_next(self) -> bool:
        """Wait for a job and do it, False if there is none to come; a call each, so that none is held while waiting."""
        with self.changed:
            self.changed.wait_for(lambda: self._jobs or self._closed)
            if self._closed:
                return False
            job = self._jobs.popleft()
        begin = time.perf_counter()
        images = self._lit_images(job)
        seconds = time.perf_counter() - begin
        kept = [_Kept(image, label) for image, label in zip(images, job.labels, strict=True)]
        with self.changed:
            self.waiting -= len(kept)
            self.lit += len(kept)
            self.seconds += seconds
            self.store.extend(kept)
        return True

    def _lit_images(self, job: _Job[Label]) -> list[Tensor]:
        """uint8 ``[3, H, W]`` each, finished: whoever takes one need not wait."""
        device = job.composites.device
        if device.type != "cuda":
            return self._as_bytes(job.composites)
        if device not in self._streams:
            self._streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream = self._streams[device]
        assert job.made is not None
        with torch.cuda.stream(stream):
            stream.wait_event(job.made)
            images = self._as_bytes(job.composites)
        stream.synchronize()  # this thread alone waits
        return images

    def _as_bytes(self, composites: Composites) -> list[Tensor]:
        with torch.no_grad():
            unlit = composites.with_images(to_dtype(composites.images, torch.float32, scale=True))
            # a tensor each: a view would keep its whole batch
            return [to_bytes(image) for image in self._light(unlit)]


def _end(lighter: _Lighter[Label], thread: threading.Thread) -> None:
    """Without it, a thread that is inside torch when the interpreter goes would abort the process."""
    if not thread.is_alive():  # it failed; or this is a fork, where the lock may be held for good
        return
    lighter.close()
    if thread is not threading.current_thread():  # where the garbage collector may happen to run
        thread.join()
