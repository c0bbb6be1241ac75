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
from sos_online.library.files import open_local, open_mirrored
from sos_online.library.format import INDEX, QUALITY, rows_path, shard_path, tables_folder
from sos_online.library.open_files import OpenFiles
from sos_online.library.rows import ShardRows
from sos_online.library.shards import Part, PixelShard
from sos_online.storage import Place, is_url, open_place
from sos_online.types import Measure, Pixels, Words

_RECENT_ENTRIES, _RECENT_ROWS = 1024, 256


class SegmentLibrary:
    """Object segments on disk: cut-outs with a category, at several sizes, and what is known of them in words.

    Opening reads what grows with the categories (9 MB for 47,000) and maps what grows with the segments, so that
    processes on one machine share it; pixels are read when they are asked for. A library crosses process borders by its
    path or URL. Rows are segments, sorted by category; category ids begin at 1.

    Attributes:
        root: its folder; of a library behind a URL, that of the local copies of its files.
        where: its path or URL.
        category_names: name of category ``i + 1`` at position ``i``.
        supercategories: likewise what each category belongs to, such as ``vehicle``; empty where no source says so, or
            two say different things.
    """

    def __init__(self, where: str | Path | Place) -> None:
        if isinstance(where, str | Path):
            # an absolute path stays the same folder wherever the process goes
            opened = open_mirrored(open_place(where)) if is_url(where) else open_local(Path(where).absolute())
        else:
            opened = open_mirrored(where)
        self._files, self.manifest, tables = opened
        self.root, self.where = self._files.root, self._files.where
        self.category_names = tables.category_names
        self.supercategories = tables.supercategories
        self.category_starts: npt.NDArray[np.int64] = tables.category_starts
        self._category_images = tables.category_images
        self._names = tables.names
        self._groups = tables.groups
        self._columns, self._quality = tables.index, tables.quality
        self._quality_crc = tables.quality_crc
        self._rows_crc, self._pixels_crc = tables.rows_crc, tables.pixels_crc
        self._checked: set[Measure] = set()
        self._shards: dict[int, PixelShard] = {}
        self._open_files = OpenFiles(self._files.kept_open)
        # one object's entry is asked for by the plan, by its alpha and by its colours
        self._entry = lru_cache(maxsize=_RECENT_ENTRIES)(self._read_entry)
        # rows stay mapped, of which a process may have only so many
        self._rows = lru_cache(maxsize=_RECENT_ROWS)(self._open_rows)

    @staticmethod
    def open(path: str | Path | Place) -> SegmentLibrary:
        """Open a library: its folder, or a URL (``s3://…``, ``gs://…``, ``https://…``) behind which that folder is.

        ``storage.RemoteFolder(url, **options)`` is for URLs that need options of their own. Of a library elsewhere, the
        tables are fetched now and shards when they are first used, see ``storage.Mirror``.

        Raises:
            LibraryError: names the file that is missing or damaged.
            SOSError: what is behind the URL cannot be reached.
        """
        return SegmentLibrary(path)

    @staticmethod
    def demo() -> SegmentLibrary:
        """The embedded demo library: drawn by code at first use (seconds) into the user's cache folder."""
        from sos_online.library.demo_library import open_demo

        return open_demo()

    def __reduce__(self) -> tuple[Any, ...]:
        return _open_unchanged, (self._files.address, self.manifest.fingerprint)

    def __repr__(self) -> str:
        return (
            f"SegmentLibrary({self.manifest.name!r}: {len(self):,} segments, {self.num_categories:,} categories, "
            f"{self.num_sources} source{'s' * (self.num_sources != 1)}, at {self.where!r})"
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
        encoded = self._encoded(shard, slot, part)
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
        crc = int(self._rows_crc[shard])
        try:
            return self._files.use(rows_path(self.root, shard), lambda _: ShardRows(self.root, shard, crc))
        except LibraryError as error:
            raise BrokenSegmentError(str(error)) from None

    def _encoded(self, shard: int, slot: int, part: Part) -> Pixels:
        try:
            return self._files.use(shard_path(self.root, shard), lambda path: self._shard(shard, path).read(slot, part))
        except LibraryError as error:
            raise BrokenSegmentError(str(error)) from None

    def _shard(self, shard: int, path: Path) -> PixelShard:
        if shard not in self._shards:
            self._shards[shard] = PixelShard(path, int(self._pixels_crc[shard]), self._open_files)
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


def _open_unchanged(where: str | Place, fingerprint: str) -> SegmentLibrary:
    """In another process, the library that was opened in this one."""
    library = SegmentLibrary(where)
    if library.manifest.fingerprint != fingerprint:
        raise LibraryError(f"{library.where}: has changed since it was opened; open it anew")
    return library
