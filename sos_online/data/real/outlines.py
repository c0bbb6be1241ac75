"""The outlines of all objects of a set, as the file draws them, in a few flat arrays.

A list of 860,000 Python objects would be copied into every worker, page by page, as their reference counts change;
arrays are shared.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.errors import SourceError
from sos_online.library.sources.reading.segmentation import MAX_COORDINATE, polygons_rle, segmentation_rle

_POLYGON = 6  # coordinates at least


@dataclass(frozen=True, slots=True)
class Outlines:
    """Polygons or RLE of each object.

    Attributes:
        first_polygon: ``[N + 1]``; object ``i`` has the polygons from ``first_polygon[i]`` on. None: it has an RLE.
        first_number: ``[P + 1]``; the same of polygons and ``numbers``.
        numbers: coordinates x, y, x, y, … as in the file, which float64 holds exactly.
        with_rle: ``[R]``, ascending, the objects that have an RLE.
        rle_sizes: ``[R, 2]``, height and width.
        rle_counts: ``[R]``, their counts, compressed as pycocotools does.
    """

    first_polygon: npt.NDArray[np.int64]
    first_number: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.float64]
    with_rle: npt.NDArray[np.int64]
    rle_sizes: npt.NDArray[np.int64]
    rle_counts: pa.LargeBinaryArray

    def rle(self, index: int, size_hw: tuple[int, int]) -> Any:
        """The outline as an RLE of pycocotools, or None if it is none in a picture of this size."""
        polygons = range(self.first_polygon[index], self.first_polygon[index + 1])
        if polygons:
            bounds = [slice(self.first_number[one], self.first_number[one + 1]) for one in polygons]
            return polygons_rle([self.numbers[bound] for bound in bounds], size_hw)
        row = int(np.searchsorted(self.with_rle, index))
        counts = self.rle_counts[row].as_py()
        return segmentation_rle({"size": self.rle_sizes[row].tolist(), "counts": counts}, size_hw)

    def add_to(self, state: hashlib._Hash) -> None:
        """Update a hash."""
        for numbers in (self.first_polygon, self.first_number, self.numbers, self.with_rle, self.rle_sizes):
            state.update(np.ascontiguousarray(numbers).data)
        for counts in self.rle_counts:
            state.update(counts.as_py())


class OutlineWriter:
    """Collects :class:`Outlines`, one object after the other."""

    def __init__(self) -> None:
        self._objects = 0
        self._polygons = array("q", [0])
        self._numbers_end = array("q", [0])
        self._numbers = array("d")
        self._with_rle = array("q")
        self._sizes = array("q")
        self._counts: list[bytes] = []

    def add(self, place: str, segmentation: Any) -> bool:
        """Take an object's ``segmentation``; False if there is none: it is missing, empty, or has less
        than three corners.

        Raises:
            SourceError: beginning with ``place``, if it is not what a COCO file may have there.
        """
        if segmentation is None:
            return False
        try:
            found = self._add_rle(segmentation) if isinstance(segmentation, dict) else self._add_polygons(segmentation)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise SourceError(
                f"{place}: field 'segmentation': expected polygons or RLE, found {segmentation!r:.80}"
            ) from None
        if found:
            self._objects += 1
            self._polygons.append(len(self._numbers_end) - 1)
        return found

    def finish(self) -> Outlines:
        return Outlines(
            np.array(self._polygons),
            np.array(self._numbers_end),
            np.array(self._numbers),
            np.array(self._with_rle),
            np.array(self._sizes).reshape(-1, 2),
            pa.array(self._counts, pa.large_binary()),
        )

    def _add_polygons(self, polygons: Sequence[Sequence[float]]) -> bool:
        if not isinstance(polygons, list):
            raise TypeError
        start, found = len(self._numbers), False
        for polygon in polygons:
            if not isinstance(polygon, list):
                raise TypeError
            if len(polygon) >= _POLYGON:
                self._numbers.extend(polygon)
                self._numbers_end.append(len(self._numbers))
                found = True
        if found and not np.abs(np.frombuffer(self._numbers)[start:]).max() <= MAX_COORDINATE:  # NaN is not
            raise ValueError
        return found

    def _add_rle(self, segmentation: dict[str, Any]) -> bool:
        height, width = segmentation["size"]
        counts = segmentation["counts"]
        if isinstance(counts, list):
            compressed = segmentation_rle(segmentation, (height, width))
            if compressed is None:
                raise ValueError
            counts = compressed["counts"]
        self._sizes.extend((height, width))
        self._counts.append(counts.encode("ascii") if isinstance(counts, str) else bytes(counts))
        self._with_rle.append(self._objects)
        return True
