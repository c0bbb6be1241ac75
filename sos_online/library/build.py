"""Building a library: units of work into shards, in parallel, each shard whole or not there; then one index.

A build that was stopped goes on where it was when it is called again with the same arguments, and its result is the
same to the byte: what is in a shard depends on the list of units alone, never on timing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.library.chunk import Chunk, ChunkTask, build_chunk
from sos_online.library.encode import Encoding
from sos_online.library.finish import merge_parts, part_is_written
from sos_online.library.folder_lock import only_builder
from sos_online.library.format import FORMAT_VERSION, MANIFEST, Manifest
from sos_online.library.reader import SegmentLibrary
from sos_online.library.sources import Source, Unit
from sos_online.library.worker_pool import run_tasks
from sos_online.library.workspace import PARTS, claim, is_finished, refuse_folders_of_others, sweep

SEGMENTS_PER_SHARD = 1024

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

    Sources are recognised by their settings and by the name, size and time of change of every file: after a file was
    changed, or the files were copied without their times, it is another build. Processes that build into one folder at
    once take turns: the others wait, then open what the first has built.

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
        LibraryError: the folder holds something else, no segment could be taken, or a worker died.
        SourceError: a source cannot be read at all. A single file that cannot be read is left out and counted.
    """
    root = Path(out).absolute()
    encoding = encoding or Encoding()
    _check_sources(sources)
    chunks = list(_chunks(sources))
    fingerprint = _fingerprint(sources, chunks, name, licence, encoding)
    if is_finished(root):
        return _open_finished(root, fingerprint)
    refuse_folders_of_others(root)
    with only_builder(root):
        if (root / MANIFEST).exists():
            # finished by the one that was waited for, or killed while it cleaned up
            library = _open_finished(root, fingerprint)
            sweep(root)
            return library
        claim(root, fingerprint)
        _build_chunks([ChunkTask(root, sources[chunk.source], chunk, encoding) for chunk in chunks], workers, progress)
        merge_parts(
            root,
            [chunk.source for chunk in chunks],
            source_names=[source.name for source in sources],
            name=name or root.resolve().name,
            licence=licence,
            encoding=encoding,
            build_fingerprint=fingerprint,
        )
        sweep(root)
    return SegmentLibrary.open(root)


def build_fingerprint(
    sources: Sequence[Source], *, name: str = "", licence: str = "unknown", encoding: Encoding | None = None
) -> str:
    """Hash of all that a build depends on: the arguments, and every unit's name, size, time of change and payload.

    It says which build a folder holds, never what came of it: that is ``Manifest.fingerprint``.
    """
    return _fingerprint(sources, list(_chunks(sources)), name, licence, encoding or Encoding())


def _open_finished(root: Path, fingerprint: str) -> SegmentLibrary:
    if Manifest.read(root).build_fingerprint != fingerprint:
        raise LibraryError(
            f"{root}: holds a finished library of other sources or settings "
            "(or its sources' files have changed since); name another folder"
        )
    return SegmentLibrary.open(root)


def _build_chunks(tasks: Sequence[ChunkTask], workers: int, progress: Progress | None) -> None:
    todo = [task for task in tasks if not part_is_written(task.root / PARTS, task.chunk.number)]
    total = sum(len(task.chunk.units) for task in tasks)
    done = total - sum(len(task.chunk.units) for task in todo)
    if progress:
        progress(done, total)
    for finished in run_tasks(build_chunk, todo, workers):
        done += finished
        if progress:
            progress(done, total)


def _chunks(sources: Sequence[Source]) -> Iterator[Chunk]:
    number = 0
    for position, source in enumerate(sources):
        units: list[Unit] = []
        segments = 0
        for unit in source.units():
            if units and segments + unit.segments > SEGMENTS_PER_SHARD:
                yield Chunk(number, position, tuple(units))
                number, units, segments = number + 1, [], 0
            units.append(unit)
            segments += unit.segments
        if units:
            yield Chunk(number, position, tuple(units))
            number += 1


def _check_sources(sources: Sequence[Source]) -> None:
    if not sources:
        raise LibraryError("a library needs at least one source")
    names = [source.name for source in sources]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise LibraryError(f"two sources are named {sorted(twice)[0]!r}; give each a name of its own")


def _fingerprint(
    sources: Sequence[Source], chunks: Sequence[Chunk], name: str, licence: str, encoding: Encoding
) -> str:
    digest = hashlib.sha256()

    def add(*values: object) -> None:
        digest.update(json.dumps(values, default=_plain, sort_keys=True).encode() + b"\n")

    add(FORMAT_VERSION, SEGMENTS_PER_SHARD, name, licence, encoding.model_dump())
    for source in sources:
        add(type(source).__name__, source.name, source.settings())
    for chunk in chunks:
        for unit in chunk.units:
            add(chunk.number, chunk.source, unit.name, unit.size, unit.mtime_ns, unit.segments, unit.payload)
    return digest.hexdigest()


def _plain(value: object) -> object:
    return asdict(value)  # type: ignore[call-overload]  # payloads are plain data and dataclasses
