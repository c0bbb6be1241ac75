"""Which sample of which source stands at a position of a mixture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sos_online.data.mixing.quotas import Counts, Quotas
from sos_online.rng import Purpose, sample_generator

BLOCK = 64


@dataclass(frozen=True)
class _Block:
    """Consecutive positions: of each its source, and which draw of that source it is."""

    start: int
    end: int
    sources: list[int]
    draws: list[int]


class MixedOrder:
    """The order of a mixture, a pure function of the seed and the position.

    The quotas say how often each source is drawn in a block of 64 positions; inside the block the order is random, from
    a generator of the block's own. Blocks begin anew with every epoch and every step of the schedule. One block is
    kept, as its positions are asked for one after the other.

    Args:
        quotas: of the sources.
        epoch_length: positions in an epoch of the mixture.
        seed: of the order inside blocks.
    """

    def __init__(self, quotas: Quotas, epoch_length: int, seed: int) -> None:
        self._quotas = quotas
        self._epoch_length = epoch_length
        self._seed = seed
        self._block = _Block(0, 0, [], [])

    def at(self, position: int) -> tuple[int, int]:
        """The source at a position, and how often it was drawn before."""
        block = self._block
        if not block.start <= position < block.end:
            block = self._block = self._make_block(position)
        return block.sources[position - block.start], block.draws[position - block.start]

    def counts(self, position: int) -> Counts:
        """How often each source was drawn before ``position``; they sum to it."""
        counts = [0] * self._quotas.schedule.sources
        if position > 0:
            self.at(position - 1)
            counts[:] = self._quotas.counts(self._block.start)
            for source in self._block.sources[: position - self._block.start]:
                counts[source] += 1
        return tuple(counts)

    def _make_block(self, position: int) -> _Block:
        stretch = self._quotas.stretch_at(position)
        epoch_start = position - position % self._epoch_length
        first = max(stretch.start, epoch_start)
        start = position - (position - first) % BLOCK
        end = min(start + BLOCK, epoch_start + self._epoch_length, stretch.end)
        before, after = stretch.counts(start), stretch.counts(end)
        shares = np.subtract(after, before)
        generator = sample_generator(self._seed, 0, start, purpose=Purpose.MIX)
        sources: list[int] = generator.permutation(np.repeat(np.arange(len(shares)), shares)).tolist()
        draws = list(before)
        numbers = []
        for source in sources:
            numbers.append(draws[source])
            draws[source] += 1
        return _Block(start, end, sources, numbers)
