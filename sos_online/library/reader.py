"""Opening a segment library and reading from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sos_online.errors import BrokenSegmentError, LibraryError
from sos_online.library.arrow_files import map_table
from sos_online.library.encode import level_sizes
from sos_online.library.format import (
    CATEGORIES,
    CATEGORIES_SCHEMA,
    GROUPS,
    GROUPS_SCHEMA,
    INDEX,
    INDEX_SCHEMA,
    KEYS,
    KEYS_SCHEMA,
    TEXTS,
    TEXTS_SCHEMA,
    Manifest,
    shard_path,
)
from sos_online.library.shards import Part, PixelShard
from sos_online.types import Pixels, Words


class SegmentLibrary:
    """Object segments on disk: cut-outs with a category, at several sizes, and what is known of them in words.

    Opening reads a few kilobytes and maps the rest into memory, so processes on one machine share it. A library crosses
    process borders by its path. Rows are segments, sorted by category; category ids begin at 1.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.manifest = Manifest.read(root)
        categories = map_table(root / CATEGORIES, CATEGORIES_SCHEMA)
        self._names = categories.column("name")
        self.category_starts: npt.NDArray[np.int64] = np.concatenate([[0], categories.column("stop").to_numpy()])
        groups = map_table(root / GROUPS, GROUPS_SCHEMA)
        self._groups = [self._read_group_starts(groups, source) for source in range(self.num_sources)]
        self._index = map_table(root / INDEX, INDEX_SCHEMA)
        self._columns: dict[str, npt.NDArray[Any]] = {
            name: self._index.column(name).to_numpy() for name in INDEX_SCHEMA.names
        }
        for found, file in ((len(self._index), INDEX), (int(self.category_starts[-1]), CATEGORIES)):
            if found != self.manifest.segments:
                raise LibraryError(f"{root / file}: holds {found} segments, library.json says {self.manifest.segments}")
        self._shards: dict[int, PixelShard] = {}

    @staticmethod
    def open(path: str | Path) -> SegmentLibrary:
        """Open a library's folder. Raises ``LibraryError`` naming the file that is missing or damaged."""
        return SegmentLibrary(Path(path))

    @staticmethod
    def demo() -> SegmentLibrary:
        """The embedded demo library: drawn by code at first use (seconds) into the user's cache folder."""
        from sos_online.library.demo_library import open_demo

        return open_demo()

    def __reduce__(self) -> tuple[Any, ...]:
        return SegmentLibrary.open, (str(self.root.absolute()),)

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
        return len(self._names)

    @property
    def num_sources(self) -> int:
        return len(self.manifest.sources)

    @property
    def source_names(self) -> list[str]:
        return [source.name for source in self.manifest.sources]

    @cached_property
    def category_names(self) -> list[str]:
        """Names in the order of the ids: ``category_names[i]`` is category ``i + 1``."""
        names: list[str] = self._names.to_pylist()
        return names

    def category_of(self, segment: int) -> int:
        """Category id of a segment, 1-based."""
        return int(self._columns["category"][segment])

    def source_of(self, segment: int) -> int:
        """Position of a segment's source in ``source_names``."""
        return int(self._columns["source"][segment])

    def key(self, segment: int) -> str:
        """Where a segment came from: its file (and annotation) in its source."""
        return str(self._keys[segment].as_py())

    def words(self, segment: int) -> Words:
        """What is known of a segment in words; empty where its source says nothing."""
        row = int(self._columns["text"][segment])
        if row < 0:
            return Words()
        entry = {name: self._texts.column(name)[row].as_py() for name in TEXTS_SCHEMA.names}
        return Words(**{**entry, "features": tuple(entry["features"])})

    # what planning needs

    def group_starts(self, source: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """See ``types.SegmentIndex``."""
        return self._groups[source]

    def size_wh(self, segment: int) -> tuple[int, int]:
        """Width and height of a segment's crop at its largest level, pixels."""
        return int(self._columns["width"][segment]), int(self._columns["height"][segment])

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
        shard, slot = int(self._columns["shard"][segment]), int(self._columns["slot"][segment]) + level
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

    @cached_property
    def _keys(self) -> Any:
        return map_table(self.root / KEYS, KEYS_SCHEMA).column("key")

    @cached_property
    def _texts(self) -> Any:
        return map_table(self.root / TEXTS, TEXTS_SCHEMA)

    @staticmethod
    def _read_group_starts(groups: Any, source: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        of_source = groups.column("source").to_numpy() == source
        starts = groups.column("start").to_numpy()[of_source]
        sizes = groups.column("stop").to_numpy()[of_source] - starts
        return starts, np.concatenate([[0], np.cumsum(sizes)])
