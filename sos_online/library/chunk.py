"""One chunk of a build: the units that go into one pixel shard, read, encoded and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2

from sos_online.errors import SOSError, SourceError
from sos_online.library.encode import EncodedLevel, Encoding, crop_to_alpha, encode_segment
from sos_online.library.finish import PartRow, write_part
from sos_online.library.format import shard_path
from sos_online.library.shards import write_shard
from sos_online.library.sources import LeftOut, RawSegment, Source, Unit
from sos_online.library.workspace import PARTS


@dataclass(frozen=True, slots=True)
class Chunk:
    """The units that go into one shard; ``source`` is the position of the source they come from."""

    number: int
    source: int
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class ChunkTask:
    """A chunk and all that is needed to build it in another process."""

    root: Path
    source: Source
    chunk: Chunk
    encoding: Encoding


def build_chunk(task: ChunkTask) -> int:
    """Write one shard, then its part of the index: a part on disk says that its shard is whole. Returns its units."""
    rows: list[PartRow] = []
    levels: list[EncodedLevel] = []
    left_out: list[LeftOut] = []
    for unit in task.chunk.units:
        try:
            for item in task.source.read(unit):
                _take(item, task.encoding, rows, levels, left_out)
        except OSError as error:
            left_out.append(LeftOut(unit.name, f"cannot be read: {error.strerror or type(error).__name__}"))
        except cv2.error:
            left_out.append(LeftOut(unit.name, "cannot be read: refused by OpenCV"))
        except SOSError:
            raise
        except Exception as error:
            raise SourceError(
                f"source {task.source.name!r}: {unit.name}: cannot be read: {type(error).__name__}: {error}"
            ) from error
    write_shard(shard_path(task.root, task.chunk.number), levels)
    write_part(task.root / PARTS, task.chunk.number, rows, left_out)
    return len(task.chunk.units)


def _take(
    item: RawSegment | LeftOut,
    encoding: Encoding,
    rows: list[PartRow],
    levels: list[EncodedLevel],
    left_out: list[LeftOut],
) -> None:
    """Add an item of a source to the rows and levels of a shard, or to what is left out."""
    if isinstance(item, LeftOut):
        left_out.append(item)
        return
    crop = crop_to_alpha(item.rgba)
    if crop is None:
        left_out.append(LeftOut(item.key, "alpha is zero everywhere"))
        return
    encoded = encode_segment(crop, encoding)
    if encoded.opaque == 0:
        # labels are made of pixels of alpha >= 128: it would never have one
        left_out.append(LeftOut(item.key, "never opaque"))
        return
    rows.append(PartRow(item.key, item.category, item.words, encoded.size_wh, encoded.opaque, slot=len(levels)))
    levels += encoded.levels
