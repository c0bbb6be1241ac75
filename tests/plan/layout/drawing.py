"""What tests of layouts share: canvases of all kinds, generators, tables and what boxes must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from sos_online.ops.boxes import Rect
from sos_online.types import BoxTable

CANVASES = st.tuples(st.integers(1, 1500), st.integers(1, 1500)) | st.tuples(st.integers(1, 3), st.integers(900, 4000))
SEEDS = st.integers(0, 2**32 - 1)

Row = tuple[float, float, float, float, str]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def table_of(pictures: Sequence[Sequence[Row]]) -> BoxTable:
    """``pictures`` of rows (x1, y1, x2, y2, category)."""
    rows = [row for picture in pictures for row in picture]
    names = tuple(dict.fromkeys(row[4] for row in rows))
    x1, y1, x2, y2 = (np.array([row[position] for row in rows], np.float32) for position in range(4))
    starts = np.cumsum([0, *map(len, pictures)]).astype(np.int64)
    return BoxTable((x1, y1, x2, y2), starts, names, np.array([names.index(row[4]) for row in rows], np.int32))


def assert_inside(boxes: Sequence[Rect], size_hw: tuple[int, int]) -> None:
    """Finite, of positive sides, on the canvas."""
    for box in boxes:
        assert [type(edge) for edge in box] == [float] * 4 or all(np.isfinite(box))
        assert -1e-6 <= box[0] < box[2] <= size_hw[1] + 1e-6, box
        assert -1e-6 <= box[1] < box[3] <= size_hw[0] + 1e-6, box


def assert_uniform(values: Sequence[float], low: float, high: float) -> None:
    """Kolmogorov-Smirnov; 1.95 / sqrt(n) is passed once in a thousand."""
    shares = (np.sort(values) - low) / (high - low)
    distance = np.abs(shares - (np.arange(len(shares)) + 0.5) / len(shares)).max()
    assert distance < 1.95 / np.sqrt(len(shares)), distance
