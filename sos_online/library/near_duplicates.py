"""Near-duplicates inside one category, found by perceptual hash."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

# Differing bits of 64. Of COCO's objects, recompressed at quality 60 all stay within this of themselves, shrunk to 70 %
# nine in ten; of 100,000 pairs of different objects of one category none comes as near.
MAX_DISTANCE = 4
MIN_DETAIL = 25.0
"""Variance of the Laplacian, grey levels squared: with less an object is plain, and its hash tells little but its
outline, so that a red and a blue disc would be one. A fifth of drawn emoji have less, and none of 297 COCO objects."""
SEGMENTS_TOGETHER = 1 << 16
"""Segments at most among which near-duplicates are looked for."""
KEPT_PER_BUCKET = 64
"""Kept segments at most that one looked for is compared with, for each band of its hash."""

_EDGES = [64 * band // (MAX_DISTANCE + 1) for band in range(MAX_DISTANCE + 2)]
_BANDS = [(low, (1 << (high - low)) - 1) for low, high in pairwise(_EDGES)]  # shift and mask

Rows = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def near_duplicates(hashes: Hashes, detail: npt.NDArray[np.floating]) -> Rows:
    """For each segment the earlier one that it nearly repeats, int64 ``[n]``; -1 for those that are kept.

    In their order, a segment is kept unless its hash differs in at most :data:`MAX_DISTANCE` bits from that of one that
    was kept before; then it is a duplicate of the earliest such. Segments with less detail than :data:`MIN_DETAIL` are
    left out of it: they are kept, and nothing is their duplicate.

    Two hashes that are close agree in one of :data:`MAX_DISTANCE` + 1 bands at least, so that a segment is compared
    only with those kept that have a band in common with it, and of these only with the oldest :data:`KEPT_PER_BUCKET`
    of each band: where there are more, a near-duplicate may be missed. So time is in proportion to ``n``, at most 320
    comparisons of hashes for each. Memory is in proportion to ``n`` too: a longer category is given in pieces of
    :data:`SEGMENTS_TOGETHER`, and what repeats a segment of another piece is not found.

    Args:
        hashes: uint64 ``[n]``, of segments of one category.
        detail: ``[n]``, their variance of the Laplacian.
    """
    of = np.full(len(hashes), -1, np.int64)
    buckets: list[dict[int, list[int]]] = [{} for _ in _BANDS]  # kept hashes by their value in a band
    found: dict[int, int] = {}  # by hash: the one that is kept, which is found again for the same hash
    rows = np.flatnonzero(detail >= MIN_DETAIL)
    for row, value in zip(rows.tolist(), hashes[rows].tolist(), strict=True):
        if value in found:
            of[row] = found[value]
            continue
        mine = [
            bucket.setdefault(value >> shift & mask, []) for bucket, (shift, mask) in zip(buckets, _BANDS, strict=True)
        ]
        near = [found[kept] for bucket in mine for kept in bucket if (value ^ kept).bit_count() <= MAX_DISTANCE]
        found[value] = min(near, default=row)
        if near:
            of[row] = found[value]
            continue
        for bucket in mine:
            if len(bucket) < KEPT_PER_BUCKET:
                bucket.append(value)
    return of
