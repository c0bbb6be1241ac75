"""The device stage beside the training step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from sos_online.data.batch import Batch
from sos_online.data.device import DeviceStage, Images
from sos_online.types import Target

Served = tuple[Images, list[Target]]


def staged(batches: Iterable[Batch], stage: DeviceStage) -> Iterator[Served]:
    """The batches through the stage.

    On CUDA the stage runs on a stream of its own, one batch ahead and no further: while the model trains on one, the
    next is copied, painted and lit. Nothing waits on the host. On a CPU they follow each other.
    """
    if stage.device.type != "cuda":
        yield from map(stage, batches)
        return
    side = stage.stream
    # weights may still be on their way on the stream of the one who loops
    side.wait_stream(torch.cuda.current_stream(stage.device))
    ready: tuple[Served, torch.cuda.Event] | None = None
    for batch in batches:
        with torch.cuda.stream(side):
            following = stage(batch), side.record_event()
        if ready is not None:
            yield _handed_over(*ready)
            # its step is queued by now: what is staged next begins behind it, beside the step that follows
            side.wait_stream(torch.cuda.current_stream(stage.device))
        ready = following
    if ready is not None:
        yield _handed_over(*ready)


def _handed_over(served: Served, done: torch.cuda.Event) -> Served:
    """Let the training step's stream wait for what the side stream made, and tell the allocator of the new user."""
    current = torch.cuda.current_stream(done.device)
    current.wait_event(done)
    for leaf in tree_leaves(served):
        if isinstance(leaf, Tensor) and leaf.is_cuda:
            leaf.record_stream(current)
    return served
