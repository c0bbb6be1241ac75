"""One pass of one process over its part of an epoch."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

from torchvision.tv_tensors import Image

from sos_online.data.shard import Rounds
from sos_online.errors import StreamError
from sos_online.types import Target

Sample = tuple[Image, Target]


class Samples(Protocol):
    """What is iterated over."""

    def sample(self, index: int, epoch: int) -> Sample: ...
    def identity(self) -> dict[str, Any]: ...


class SampleIterator:
    """One pass of one process over its part of an epoch; its state is one count, see ``state_dict``.

    ``torchdata.stateful_dataloader.StatefulDataLoader`` saves and restores it.
    """

    def __init__(self, dataset: Samples, epoch: int, rounds: Rounds, rank: int, worker: int, workers: int) -> None:
        self._dataset = dataset
        self._epoch = epoch
        self._rounds = rounds
        self._rank = rank
        self._worker = worker
        self._workers = workers
        self._served = 0

    def __iter__(self) -> SampleIterator:
        return self

    def __next__(self) -> Sample:
        turn, offset = divmod(self._served, self._rounds.block)
        number = self._worker + turn * self._workers
        if number >= len(self._rounds) or offset >= self._rounds.size(number):
            raise StopIteration
        sample = self._dataset.sample(self._rounds.index(number, self._rank, offset), self._epoch)
        self._served += 1
        return sample

    def state_dict(self) -> dict[str, Any]:
        """The epoch, how many samples this process has served of its part, and what that is a part of."""
        return {"epoch": self._epoch, "served": self._served, **self._identity}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken. Raises ``StreamError`` if it is of another stream, rank or worker."""
        check_identity(state, self._identity)
        self._epoch, self._served = state["epoch"], state["served"]

    @cached_property
    def _identity(self) -> dict[str, Any]:
        part = {"rank": self._rank, "world": self._rounds.world, "worker": self._worker, "workers": self._workers}
        return {**self._dataset.identity(), **part, "block_size": self._rounds.block}


def check_identity(state: dict[str, Any], expected: dict[str, Any]) -> None:
    """Raise ``StreamError`` naming the first key in which a saved state is of something else."""
    if not isinstance(state, dict):
        raise StreamError(f"state: expected what state_dict gave, found {state!r:.80}")
    for key, value in expected.items():
        if state.get(key) != value:
            if key == "library":  # two hashes would say nothing
                raise StreamError("state: library: was saved over another, or over this one before it was appended to")
            raise StreamError(f"state: {key}: expected {value!r}, as this stream has it, found {state.get(key)!r}")
