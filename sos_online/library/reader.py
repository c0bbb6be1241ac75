"""Opening a segment library and reading from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sos_online.errors import BrokenSegmentError, LibraryError
from sos_online.library.encode import level_sizes
from sos_online.library.format import INDEX, KEYS, TEXTS, Manifest, shard_path
from sos_online.library.shards import Part, PixelShard
from sos_online.library.tables import open_tables
from sos_online.library.words import mapped_text, mapped_words
from sos_online.types import Pixels, Words


class SegmentLibrary:
    """Object segments on disk: cut-outs with a category, at several sizes, and what is known of them in words.

    Opening reads a few kilobytes and maps the rest into memory, so processes on one machine share it. A library crosses
    process borders by its path. Rows are segments, sorted by category; category ids begin at 1.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()  # so that it stays the same folder wherever the process goes
        self.manifest = Manifest.read(self.root)
        tables = open_tables(self.root, self.manifest)
        self.category_names = tables.category_names
        self.category_starts: npt.NDArray[np.int64] = tables.category_starts
        self._groups = tables.groups
        self._columns: dict[str, npt.NDArray[Any]] = tables.index
        self._keys, self._texts = tables.keys, tables.texts
        self._shards: dict[int, PixelShard] = {}

    @staticmethod
    def open(path: str | Path) -> SegmentLibrary:
        """Open a library's folder. Raises ``LibraryError`` naming the file that is missing or damaged."""
        return SegmentLibrary(path)

    @staticmethod
    def demo() -> SegmentLibrary:
        """The embedded demo library: drawn by code at first use (seconds) into the user's cache folder."""
        from sos_online.library.demo_library import open_demo

        return open_demo()

    def __reduce__(self) -> tuple[Any, ...]:
        return SegmentLibrary.open, (str(self.root),)

    def __repr__(self) -> str:
        return (
            f"SegmentLibrary({self.manifest.name!r}: {len(self):,} segments, {self.num_categories:,} categories, "
            f"{self.num_sources} source{'s' * (self.num_sources != 1)}, at {str(self.root)!r})"
        )

    # what is in it

    def __len__(self) -> int:
        return self.manifest.segments

    @property
    def num_categories(self) -> int:
        return len(self.category_names)

    @property
    def num_sources(self) -> int:
        return len(self.manifest.sources)

    @property
    def source_names(self) -> list[str]:
        return [source.name for source in self.manifest.sources]

    def category_of(self, segment: int) -> int:
        """Category id of a segment, 1-based: ``category_names[id - 1]`` is its name."""
        return self._value("category", segment, 1, self.num_categories)

    def source_of(self, segment: int) -> int:
        """Position of a segment's source in ``source_names``."""
        return self._value("source", segment, 0, self.num_sources - 1)

    def key(self, segment: int) -> str:
        """Where a segment came from: its file (and annotation) in its source."""
        self._check_row(segment)
        return mapped_text(self.root / KEYS, self._keys, segment)

    def words(self, segment: int) -> Words:
        """What is known of a segment in words; empty where its source says nothing."""
        row = self._value("text", segment, -1, len(self._texts) - 1)
        return Words() if row < 0 else mapped_words(self.root / TEXTS, self._texts, row)

    # what planning needs

    def group_starts(self, source: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """See ``types.SegmentIndex``."""
        return self._groups[source]

    def size_wh(self, segment: int) -> tuple[int, int]:
        """Width and height of a segment's crop at its largest level, pixels."""
        longest = self.manifest.encoding.max_side
        return self._value("width", segment, 1, longest), self._value("height", segment, 1, longest)

    # what compositing needs

    def level_sizes(self, segment: int) -> Sequence[tuple[int, int]]:
        """(width, height) of a segment's stored levels, small to large."""
        return level_sizes(self.size_wh(segment), self.manifest.encoding.ladder)

    def alpha(self, segment: int, level: int) -> Pixels:
        """uint8 ``[h, w]`` of one level. Raises ``BrokenSegmentError``."""
        return self._decode(segment, level, "alpha", cv2.IMREAD_GRAYSCALE)

    def colour(self, segment: int, level: int) -> Pixels:
        """uint8 ``[h, w, 3]`` of one level: RGB, straight, bled under the edge. Raises ``BrokenSegmentError``."""
        return self._decode(segment, level, "colour", cv2.IMREAD_COLOR_RGB)

    def _decode(self, segment: int, level: int, part: Part, flags: int) -> Pixels:
        width, height = self.level_sizes(segment)[level]
        shard = self._value("shard", segment, 0, self.manifest.shards - 1)
        slot = int(self._columns["slot"][segment]) + level
        encoded = self._shard(shard).read(slot, part)
        pixels = cv2.imdecode(encoded, flags | cv2.IMREAD_IGNORE_ORIENTATION) if encoded.size else None
        if pixels is None or pixels.shape[:2] != (height, width):
            found = "no image" if pixels is None else f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
            raise BrokenSegmentError(
                f"{shard_path(self.root, shard)}: row {slot}: {part} of segment {segment}: "
                f"expected {width} x {height} pixels, found {found}"
            )
        return np.asarray(pixels, np.uint8)

    def _shard(self, shard: int) -> PixelShard:
        if shard not in self._shards:
            try:
                self._shards[shard] = PixelShard(shard_path(self.root, shard))
            except LibraryError as error:
                raise BrokenSegmentError(str(error)) from None
        return self._shards[shard]

    def _check_row(self, segment: int) -> None:
        # a negative row would silently be counted from the end
        if not 0 <= segment < len(self):
            raise IndexError(f"segment {segment}: the library has {len(self)}, numbered from 0")

    def _value(self, column: str, segment: int, lowest: int, highest: int) -> int:
        """A value of the index, which is too large to be checked when it is opened."""
        self._check_row(segment)
        value = int(self._columns[column][segment])
        if not lowest <= value <= highest:
            raise BrokenSegmentError(
                f"{self.root / INDEX}: row {segment}: {column} is {value}, expected {lowest} … {highest}"
            )
        return value
