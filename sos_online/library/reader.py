"""Opening a segment library and reading from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sos_online.errors import BrokenSegmentError, LibraryError
from sos_online.library.columns import column_crc
from sos_online.library.encode import level_sizes
from sos_online.library.entries import Entry, entry_at
from sos_online.library.format import INDEX, QUALITY, Manifest, shard_path, tables_folder
from sos_online.library.rows import ShardRows
from sos_online.library.shards import Part, PixelShard
from sos_online.library.tables import Tables, open_tables
from sos_online.types import Measure, Pixels, Words

_RECENT_ENTRIES, _RECENT_ROWS = 1024, 256


class SegmentLibrary:
    """Object segments on disk: cut-outs with a category, at several sizes, and what is known of them in words.

    Opening reads what grows with the categories (9 MB for 47,000) and maps what grows with the segments, so that
    processes on one machine share it; pixels are read when they are asked for. A library crosses process borders by its
    path. Rows are segments, sorted by category; category ids begin at 1.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()  # so that it stays the same folder wherever the process goes
        self.manifest, tables = _open_whole(self.root)
        self.category_names = tables.category_names
        self.category_starts: npt.NDArray[np.int64] = tables.category_starts
        self._category_images = tables.category_images
        self._names = tables.names
        self._groups = tables.groups
        self._columns, self._quality = tables.index, tables.quality
        self._quality_crc = tables.quality_crc
        self._rows_crc, self._pixels_crc = tables.rows_crc, tables.pixels_crc
        self._checked: set[Measure] = set()
        self._shards: dict[int, PixelShard] = {}
        # one object's entry is asked for by the plan, by its alpha and by its colours
        self._entry = lru_cache(maxsize=_RECENT_ENTRIES)(self._read_entry)
        # rows stay mapped, of which a process may have only so many
        self._rows = lru_cache(maxsize=_RECENT_ROWS)(self._open_rows)

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
        return _open_unchanged, (str(self.root), self.manifest.fingerprint)

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
        return self._entry(segment).category

    def source_of(self, segment: int) -> int:
        """Position of a segment's source in ``source_names``."""
        return self._entry(segment).source

    def key(self, segment: int) -> str:
        """Where a segment came from: its file (and annotation) in its source."""
        rows, row = self._row_of(segment)
        return rows.key(row)

    def words(self, segment: int) -> Words:
        """What is known of a segment in words; empty where its source says nothing."""
        rows, row = self._row_of(segment)
        return rows.words(row)

    # what planning needs

    def group_starts(self, source: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """See ``types.SegmentIndex``."""
        return self._groups[source]

    def size_wh(self, segment: int) -> tuple[int, int]:
        """Width and height of a segment's crop at its largest level, pixels."""
        entry = self._entry(segment)
        return entry.width, entry.height

    @property
    def category_image_shares(self) -> npt.NDArray[np.float64]:
        """See ``types.SegmentIndex``."""
        images, of_images = self._category_images.T
        shares: npt.NDArray[np.float64] = np.full(len(images), np.nan)
        np.divide(images, of_images, out=shares, where=of_images > 0)
        return shares

    def categories_by_name(self) -> Mapping[str, Sequence[int]]:
        """See ``types.SegmentIndex``. Raises ``LibraryError`` if a table of names is damaged."""
        return self._names.ids()

    def opaque(self, segment: int) -> int:
        """Pixels of alpha >= 128 of a segment at its largest level."""
        self._check_row(segment)
        return int(self.quality("opaque")[segment])

    def quality(self, measure: Measure) -> npt.NDArray[Any]:
        """A measure of every segment, ``[len(self)]``, mapped and read-only; see ``types.quality``.

        All of it is compared with its checksum when it is first asked for. Raises ``LibraryError`` if it is damaged.
        """
        if measure not in self._checked:
            if str(column_crc(self._quality[measure])).encode() != self._quality_crc[measure]:
                path = tables_folder(self.root, self.manifest.generation) / QUALITY
                raise LibraryError(f"{path}: {measure}: does not match its checksum: damaged")
            self._checked.add(measure)
        return self._quality[measure]

    # what compositing needs

    def level_sizes(self, segment: int) -> Sequence[tuple[int, int]]:
        """(width, height) of a segment's stored levels, small to large."""
        return level_sizes(self.size_wh(segment), self.manifest.encoding.ladder)

    def alpha(self, segment: int, level: int) -> Pixels:
        """uint8 ``[h, w]`` of one level, numbered from 0, small to large. Raises ``BrokenSegmentError``."""
        return self._decode(segment, level, "alpha", cv2.IMREAD_GRAYSCALE)

    def colour(self, segment: int, level: int) -> Pixels:
        """uint8 ``[h, w, 3]`` of one level: RGB, straight, bled under the edge. As :meth:`alpha`."""
        return self._decode(segment, level, "colour", cv2.IMREAD_COLOR_RGB)

    def _decode(self, segment: int, level: int, part: Part, flags: int) -> Pixels:
        sizes = self.level_sizes(segment)
        if not 0 <= level < len(sizes):  # counted from the end it would be a level of another segment
            raise IndexError(f"level {level}: segment {segment} has {len(sizes)}, numbered from 0")
        width, height = sizes[level]
        entry = self._entry(segment)
        shard, slot = entry.shard, entry.slot + level
        encoded = self._shard(shard).read(slot, part)
        pixels = cv2.imdecode(encoded, flags | cv2.IMREAD_IGNORE_ORIENTATION) if encoded.size else None
        if pixels is None or pixels.shape[:2] != (height, width):
            found = "no image" if pixels is None else f"{pixels.shape[1]} x {pixels.shape[0]} pixels"
            raise BrokenSegmentError(
                f"{shard_path(self.root, shard)}: row {slot}: {part} of segment {segment}: "
                f"expected {width} x {height} pixels, found {found}"
            )
        return np.asarray(pixels, np.uint8)

    def _row_of(self, segment: int) -> tuple[ShardRows, int]:
        entry = self._entry(segment)
        return self._rows(entry.shard), entry.row

    def _open_rows(self, shard: int) -> ShardRows:
        try:
            return ShardRows(self.root, shard, int(self._rows_crc[shard]))
        except LibraryError as error:
            raise BrokenSegmentError(str(error)) from None

    def _shard(self, shard: int) -> PixelShard:
        if shard not in self._shards:
            try:
                self._shards[shard] = PixelShard(shard_path(self.root, shard), int(self._pixels_crc[shard]))
            except LibraryError as error:
                raise BrokenSegmentError(str(error)) from None
        return self._shards[shard]

    def _read_entry(self, segment: int) -> Entry:
        self._check_row(segment)
        entry = entry_at(self._columns, segment)
        if entry is None:
            path = tables_folder(self.root, self.manifest.generation) / INDEX
            raise BrokenSegmentError(f"{path}: row {segment}: does not match its checksum")
        return entry

    def _check_row(self, segment: int) -> None:
        # a negative row would silently be counted from the end
        if not 0 <= segment < len(self):
            raise IndexError(f"segment {segment}: the library has {len(self)}, numbered from 0")


def _open_whole(root: Path) -> tuple[Manifest, Tables]:
    """What ``library.json`` says, and the tables that it names: an append may just have put others in their place."""
    manifest = Manifest.read(root)
    try:
        return manifest, open_tables(root, manifest)
    except LibraryError:
        now = Manifest.read(root)
        if now.generation == manifest.generation:
            raise
        return now, open_tables(root, now)


def _open_unchanged(root: str, fingerprint: str) -> SegmentLibrary:
    """In another process, the library that was opened in this one."""
    library = SegmentLibrary(root)
    if library.manifest.fingerprint != fingerprint:
        raise LibraryError(f"{root}: has changed since it was opened; open it anew")
    return library
