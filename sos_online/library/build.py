"""Building a library: units of work into shards, in parallel, each shard whole or not there; then one index.

A build that was stopped goes on where it was when it is called again with the same arguments, and its result is the
same to the byte: what is in a shard depends on the list of units alone, never on timing.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.library.arrow_files import write_atomically
from sos_online.library.encode import EncodedLevel, Encoding, crop_to_alpha, encode_segment
from sos_online.library.finish import PartRow, merge_parts, part_is_written, write_part
from sos_online.library.format import FORMAT_VERSION, MANIFEST, Manifest, shard_path
from sos_online.library.reader import SegmentLibrary
from sos_online.library.shards import write_shard
from sos_online.library.sources import LeftOut, RawSegment, Source, Unit

SEGMENTS_PER_SHARD = 1024
_BUILDING = "building.json"

Progress = Callable[[int, int], object]


def build_library(
    out: str | Path,
    sources: Sequence[Source],
    *,
    name: str = "",
    licence: str = "unknown",
    encoding: Encoding | None = None,
    workers: int = 0,
    progress: Progress | None = None,
) -> SegmentLibrary:
    """Write a library of one or more sources, and open it.

    Args:
        out: folder to write; may hold an unfinished build of the same arguments, which is then gone on with, or the
            finished library of the same arguments, which is then left as it is.
        sources: in the order in which they are numbered.
        name: of the library; the folder's name if empty.
        licence: under which the segments may be used; stored, shown, never interpreted.
        encoding: how pixels are stored.
        workers: processes; 0 builds in this one.
        progress: called with (units done, units in all) after every shard.

    Raises:
        LibraryError: the folder holds something else, or no segment could be taken.
        SourceError: a source cannot be read.
    """
    root = Path(out)
    encoding = encoding or Encoding()
    _check_sources(sources)
    chunks = list(_chunks(sources))
    total = sum(len(chunk.units) for chunk in chunks)
    fingerprint = _fingerprint(sources, chunks, name, licence, encoding)
    if (root / MANIFEST).exists():
        if Manifest.read(root).fingerprint != fingerprint:
            raise LibraryError(f"{root}: holds a finished library of other sources or settings; name another folder")
        return SegmentLibrary.open(root)
    _claim(root, fingerprint)

    parts = root / "parts"
    todo = [chunk for chunk in chunks if not part_is_written(parts, chunk.number)]
    done = total - sum(len(chunk.units) for chunk in todo)
    if progress:
        progress(done, total)
    for finished in _run([(root, sources[chunk.source], chunk, encoding) for chunk in todo], workers):
        done += finished
        if progress:
            progress(done, total)
    merge_parts(
        root,
        [chunk.source for chunk in chunks],
        source_names=[source.name for source in sources],
        name=name or root.resolve().name,
        licence=licence,
        encoding=encoding,
        fingerprint=fingerprint,
    )
    shutil.rmtree(parts)
    (root / _BUILDING).unlink()
    return SegmentLibrary.open(root)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The units that go into one shard."""

    number: int
    source: int
    units: tuple[Unit, ...]


def _chunks(sources: Sequence[Source]) -> Iterator[_Chunk]:
    number = 0
    for position, source in enumerate(sources):
        units: list[Unit] = []
        segments = 0
        for unit in source.units():
            if units and segments + unit.segments > SEGMENTS_PER_SHARD:
                yield _Chunk(number, position, tuple(units))
                number, units, segments = number + 1, [], 0
            units.append(unit)
            segments += unit.segments
        if units:
            yield _Chunk(number, position, tuple(units))
            number += 1


def _build_chunk(task: tuple[Path, Source, _Chunk, Encoding]) -> int:
    """Write one shard, then its part of the index: a part on disk says that its shard is whole."""
    root, source, chunk, encoding = task
    rows: list[PartRow] = []
    levels: list[EncodedLevel] = []
    left_out: list[LeftOut] = []
    for unit in chunk.units:
        for item in source.read(unit):
            crop = crop_to_alpha(item.rgba) if isinstance(item, RawSegment) else None
            if isinstance(item, LeftOut):
                left_out.append(item)
            elif crop is None:
                left_out.append(LeftOut(item.key, "alpha is zero everywhere"))
            else:
                encoded = encode_segment(crop, encoding)
                row = PartRow(item.key, item.category, item.words, encoded.size_wh, encoded.opaque, slot=len(levels))
                rows.append(row)
                levels += encoded.levels
    write_shard(shard_path(root, chunk.number), levels)
    write_part(root / "parts", chunk.number, rows, left_out)
    return len(chunk.units)


def _run(tasks: list[tuple[Path, Source, _Chunk, Encoding]], workers: int) -> Iterable[int]:
    if workers == 0 or len(tasks) < 2:
        yield from map(_build_chunk, tasks)
        return
    # spawn: forking a process that runs threads (OpenCV's, torch's) can deadlock
    with multiprocessing.get_context("spawn").Pool(min(workers, len(tasks)), _leave_ctrl_c_to_the_parent) as pool:
        yield from pool.imap_unordered(_build_chunk, tasks)


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _check_sources(sources: Sequence[Source]) -> None:
    if not sources:
        raise LibraryError("a library needs at least one source")
    names = [source.name for source in sources]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise LibraryError(f"two sources are named {sorted(twice)[0]!r}; give each a name of its own")


def _fingerprint(
    sources: Sequence[Source], chunks: Sequence[_Chunk], name: str, licence: str, encoding: Encoding
) -> str:
    """Hash of all that a build depends on: settings, and every unit's name, size and payload."""
    digest = hashlib.sha256()

    def add(*values: object) -> None:
        digest.update(json.dumps(values, default=_plain, sort_keys=True).encode() + b"\n")

    add(FORMAT_VERSION, SEGMENTS_PER_SHARD, name, licence, encoding.model_dump())
    for source in sources:
        add(type(source).__name__, source.name, source.settings())
    for chunk in chunks:
        for unit in chunk.units:
            add(chunk.number, chunk.source, unit.name, unit.size, unit.segments, unit.payload)
    return digest.hexdigest()


def _plain(value: object) -> object:
    return asdict(value)  # type: ignore[call-overload]  # payloads are plain data and dataclasses


def _claim(root: Path, fingerprint: str) -> None:
    """Mark the folder as this build's, or find that it is."""
    mark = root / _BUILDING
    if mark.is_file():
        if json.loads(mark.read_bytes()).get("fingerprint") != fingerprint:
            raise LibraryError(
                f"{mark}: an unfinished build of other sources or settings; name another folder or remove this one"
            )
        return
    if root.is_dir() and any(root.iterdir()):
        raise LibraryError(f"{root}: is not empty and holds no build; name another folder")
    if root.exists() and not root.is_dir():
        raise LibraryError(f"{root}: is a file; name a folder")
    write_atomically(mark, lambda file: file.write(json.dumps({"fingerprint": fingerprint}).encode()))
