"""Near-duplicates inside one category, found by perceptual hash."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

# Differing bits of 64. Of COCO's objects, recompressed at quality 60 all stay within this of themselves, shrunk to 70 %
# nine in ten; of 100,000 pairs of different objects of one category none comes as near.
MAX_DISTANCE = 4

Rows = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def near_duplicates(hashes: Hashes) -> Rows:
    """For each segment the earlier one that it nearly repeats, int64 ``[n]``; -1 for those that are kept.

    In their order, a segment is kept unless its hash differs in at most :data:`MAX_DISTANCE` bits from that of one that
    was kept before; then it is a duplicate of the earliest such.

    Args:
        hashes: uint64 ``[n]``, of segments of one category.
    """
    of = np.full(len(hashes), -1, np.int64)
    if len(hashes) < 2:
        return of
    distinct, first, position = np.unique(hashes, return_index=True, return_inverse=True)
    earlier, later = _close_pairs(distinct, first)
    before: dict[int, list[int]] = {}  # positions in ``distinct``: of a later hash, the earlier ones that are close
    for one, other in zip(earlier.tolist(), later.tolist(), strict=True):
        before.setdefault(other, []).append(one)
    kept_for = np.arange(len(distinct))
    for hash_ in sorted(before, key=lambda one: int(first[one])):
        kept = [one for one in before[hash_] if kept_for[one] == one]
        if kept:
            kept_for[hash_] = min(kept, key=lambda one: int(first[one]))
    target = first[kept_for[position.reshape(-1)]]
    repeats = target != np.arange(len(hashes))
    of[repeats] = target[repeats]
    return of


def _close_pairs(hashes: Hashes, first: Rows) -> tuple[Rows, Rows]:
    """Pairs of distinct hashes that are close, by position; of each pair the one that comes first in the order."""
    found: list[tuple[Rows, Rows]] = []
    for mask in _masks(_bands(len(hashes))):
        values = hashes & mask
        order = np.argsort(values)
        ordered = values[order]
        for step in range(1, len(order)):
            same = np.flatnonzero(ordered[step:] == ordered[:-step])
            if not len(same):
                break  # runs of equal values are shorter than the step
            one, other = order[same], order[same + step]
            close = np.bitwise_count(hashes[one] ^ hashes[other]) <= MAX_DISTANCE
            found.append((one[close], other[close]))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    one, other = (np.concatenate(part) for part in zip(*found, strict=True))
    swap = first[one] > first[other]
    return np.where(swap, other, one), np.where(swap, one, other)


def _bands(count: int) -> int:
    """Bands that ``count`` hashes are cut into: more make more masks of more bits, so that fewer agree by chance, and
    the time stays in proportion to ``count``. Where they cross was measured on random hashes."""
    return MAX_DISTANCE + (1 if count < 2**17 else 2 if count < 2**23 else 3)


def _masks(bands: int) -> list[np.uint64]:
    """Two hashes that are close differ in :data:`MAX_DISTANCE` bands at most, so they agree under one of these."""
    edges = [64 * band // bands for band in range(bands + 1)]
    parts = [(1 << high) - (1 << low) for low, high in pairwise(edges)]
    return [np.uint64(sum(chosen)) for chosen in combinations(parts, bands - MAX_DISTANCE)]
