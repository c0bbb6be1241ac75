"""The only place where random generators are made.

Every random number in the package comes from ``numpy.random.Philox``, a counter-based generator: its state is the
pair (key, counter), so a generator for sample 7 of epoch 3 is *made from* those numbers and never has to be advanced
to. The key is ``(seed, purpose)``, the counter starts at ``(0, attempt, index, epoch)``; draws count up the lowest
word, and 2**64 of them fit before a neighbour's range begins.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


class Purpose(IntEnum):
    """What a generator is for; streams of different purposes never share numbers."""

    PLAN = 0
    CANVAS_SIZE = 1
    TRANSFORMS = 2
    PIXELS = 3
    LIGHT = 4
    ORDER = 5
    MIX = 6
    PASTE = 7
    WORDS = 8
    CAPTIONS = 9


def sample_generator(
    seed: int, epoch: int, index: int, *, attempt: int = 0, purpose: Purpose = Purpose.PLAN
) -> np.random.Generator:
    """Generator of one sample.

    Args:
        seed, epoch, index: coordinates of the sample, each in ``[0, 2**64)``.
        attempt: how often the sample was planned before (a broken segment can make it be planned again).
        purpose: which of the sample's independent streams.
    """
    return _philox((seed, purpose), (0, attempt, index, epoch))


def pixel_generator(seed: int) -> np.random.Generator:
    """Generator that expands a seed stored in a scene (``[0, 2**63)``) into pixels, such as a noise background."""
    return _philox((seed, Purpose.PIXELS), (0, 0, 0, 0))


def words_generator(seed: int) -> np.random.Generator:
    """Generator that expands a seed stored in a scene (``[0, 2**63)``) into words about it."""
    return _philox((seed, Purpose.WORDS), (0, 0, 0, 0))


def loader_generator() -> torch.Generator:
    """For ``DataLoader``, which seeds its workers from it; without one it would draw on the user's global generator.

    Nothing of a sample depends on it.
    """
    import torch

    return torch.Generator()


def _philox(key: tuple[int, int], counter: tuple[int, int, int, int]) -> np.random.Generator:
    return np.random.Generator(
        np.random.Philox(key=np.array(key, dtype=np.uint64), counter=np.array(counter, dtype=np.uint64))
    )


@contextlib.contextmanager
def global_generators_from(generator: np.random.Generator) -> Iterator[None]:
    """Seed the global generators of ``torch`` (CPU), ``numpy`` and ``random`` inside the block, restore them after.

    User transforms draw from those; this makes them a function of the sample as well.
    """
    import torch

    seed = int(generator.integers(0, 2**63))
    states = torch.random.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        torch.default_generator.manual_seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        random.seed(seed)
        yield
    finally:
        torch.random.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])
