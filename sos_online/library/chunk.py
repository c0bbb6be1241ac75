"""One chunk of a build: the units that go into one shard, read, measured, encoded and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2

from sos_online.errors import SOSError, SourceError
from sos_online.library.encode import EncodedLevel, Encoding, crop_to_alpha, encode_segment
from sos_online.library.format import left_out_path, shard_path
from sos_online.library.left_out import LeftOutCounts
from sos_online.library.measure import border_contact, measure
from sos_online.library.rows import ShardRow, write_rows
from sos_online.library.shards import write_shard
from sos_online.library.sources import LeftOut, RawSegment, Source, Unit
from sos_online.ops.names import as_key
from sos_online.storage import flush_folder


@dataclass(frozen=True, slots=True)
class Chunk:
    """The units that go into one shard; ``source`` is the position of the source they come from."""

    number: int
    source: int
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class ChunkTask:
    """A chunk and all that is needed to build it in another process; ``shard`` is its number in the library."""

    root: Path
    shard: int
    source: Source
    units: tuple[Unit, ...]
    encoding: Encoding


@dataclass
class _Shard:
    """What has been taken so far, and what was left out."""

    encoding: Encoding
    rows: list[ShardRow] = field(default_factory=list)
    levels: list[EncodedLevel] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def add(self, item: RawSegment | LeftOut) -> None:
        if isinstance(item, LeftOut):
            self.left_out.append(item)
            return
        crop = crop_to_alpha(item.rgba)
        if crop is None:
            self.left_out.append(LeftOut(item.key, "alpha is zero everywhere"))
            return
        encoded = encode_segment(crop, self.encoding)
        if encoded.opaque == 0:
            # labels are made of pixels of alpha >= 128: it would never have one
            self.left_out.append(LeftOut(item.key, "never opaque"))
            return
        row = ShardRow(
            item.key,
            item.category,
            item.words,
            encoded.size_wh,
            slot=len(self.levels),
            opaque=encoded.opaque,
            at_border=border_contact(item.rgba) if item.at_border is None else int(item.at_border),
            measures=measure(crop),
            flags=dict(item.flags),
        )
        self.rows.append(row)
        self.levels += encoded.levels

    def leave_out(self, unit: Unit, given: int, reason: str) -> None:
        """The rest of a unit, of which so many segments were given."""
        self.left_out += [LeftOut(unit.name, reason)] * max(1, unit.segments - given)


def build_chunk(task: ChunkTask) -> int:
    """Write one shard: its pixels, what was left out, and last its rows. Returns its units."""
    shard = _Shard(task.encoding)
    for unit in task.units:
        given = 0
        try:
            for item in task.source.read(unit):
                shard.add(item)
                given += 1
        except OSError as error:
            shard.leave_out(unit, given, f"cannot be read: {error.strerror or type(error).__name__}")
        except cv2.error:
            shard.leave_out(unit, given, "cannot be read: refused by OpenCV")
        except SOSError:
            raise
        except Exception as error:
            raise SourceError(
                f"source {task.source.name!r}: {as_key(unit.name)}: cannot be read: {type(error).__name__}: {error}"
            ) from error
    pixels_crc = write_shard(shard_path(task.root, task.shard), shard.levels)
    LeftOutCounts(shard.left_out).write(left_out_path(task.root, task.shard))
    flush_folder(task.root / "pixels")
    write_rows(task.root, task.shard, task.source.name, shard.rows, pixels_crc)
    return len(task.units)
