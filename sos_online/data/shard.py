"""Who serves which samples: integers only.

An epoch is the indices 0 … length − 1. They are served in blocks of consecutive indices, one block a batch. Blocks go
round over the ranks, and a rank's blocks go round over its workers, which is also the order in which a ``DataLoader``
collects them. So batches are the same for any number of workers, and all ranks together have served, after each round,
one prefix of the epoch: a position in the stream is one integer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from sos_online.errors import StreamError


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that train together.

    Raises:
        StreamError: it is none of them.
    """

    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise StreamError(f"expected 0 <= rank < world, found rank {self.rank} of {self.world}")

    @staticmethod
    def detect() -> Ranks:
        """From ``torch.distributed`` if it is initialised, else from RANK and WORLD_SIZE, else the only one.

        Raises:
            StreamError: these are no numbers, or do not go together.
        """
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return Ranks(torch.distributed.get_rank(), torch.distributed.get_world_size())
        rank, world = _from_environment("RANK", 0), _from_environment("WORLD_SIZE", 1)
        try:
            return Ranks(rank, world)
        except StreamError as error:
            raise StreamError(f"environment variables RANK and WORLD_SIZE (1 if unset): {error}") from None


def _from_environment(name: str, unset: int) -> int:
    text = os.environ.get(name)
    if text is None:
        return unset
    try:
        return int(text)
    except ValueError:
        raise StreamError(f"environment variable {name}: expected an integer, found {text!r}") from None


@dataclass(frozen=True, slots=True)
class Rounds:
    """What is left of an epoch, cut into rounds in which every rank gets one block.

    The last round may be short: then what is left is split evenly over the ranks, so that all of them serve the same
    number of batches and none waits for another; where it does not divide, fewer than ``world`` indices from the
    beginning of the epoch are served a second time.

    Attributes:
        length: samples in the epoch.
        block: consecutive indices in a block.
        world: number of ranks.
        start: first index that has not been served yet.
        drop_last: leave a short last round out.
    """

    length: int
    block: int
    world: int = 1
    start: int = 0
    drop_last: bool = False

    @property
    def full(self) -> int:
        """Number of whole rounds."""
        return self._left // (self.block * self.world)

    def __len__(self) -> int:
        return self.full + (self._rest > 0 and not self.drop_last)

    def size(self, number: int) -> int:
        """Indices in a rank's block of round ``number``."""
        return self.block if number < self.full else -(-self._rest // self.world)

    def index(self, number: int, rank: int, offset: int) -> int:
        """The index at ``offset`` in a rank's block of round ``number``."""
        begin = self.start + number * self.block * self.world
        return (begin + rank * self.size(number) + offset) % self.length

    def owner(self, index: int) -> int | None:
        """The rank that serves an index for the first time in what is left; None if it was served before."""
        if index < self.start:
            return None
        number, place = divmod(index - self.start, self.block * self.world)
        return place // self.size(number)

    def position(self, served: int) -> int:
        """First index that no rank has served after ``served`` rounds."""
        return min(self.start + served * self.block * self.world, self.length)

    @property
    def _left(self) -> int:
        return max(self.length - self.start, 0)

    @property
    def _rest(self) -> int:
        return self._left - self.full * self.block * self.world
