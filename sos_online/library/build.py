"""Building a library: units of work into shards, in parallel, each shard whole or not there; then the tables.

A build that was stopped goes on where it was when it is called again with the same arguments, and its result is the
same to the byte: what is in a shard depends on the list of units alone, never on timing. Sources are listed twice, once
to know which build it is and once to do it, and never held: memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sos_online.library.arguments import check_settings, check_sources
from sos_online.library.chunk import ChunkTask, build_chunk
from sos_online.library.encode import Encoding
from sos_online.library.finish import Settled, finish
from sos_online.library.once import make_once
from sos_online.library.reader import SegmentLibrary
from sos_online.library.rows import shard_is_written
from sos_online.library.shard_plan import Listing, chunks_as_listed, list_sources
from sos_online.library.sources import Source
from sos_online.library.vocabulary import Vocabulary
from sos_online.library.worker_pool import Progress, run_tasks


def build_library(
    out: str | Path,
    sources: Sequence[Source],
    *,
    name: str = "",
    licence: str = "unknown",
    encoding: Encoding | None = None,
    vocabulary: Vocabulary | None = None,
    workers: int = 0,
    progress: Progress | None = None,
) -> SegmentLibrary:
    """Write a library of one or more sources, and open it.

    Sources are recognised by their settings and by the name, size and time of change of every file: after a file was
    changed, or the files were copied without their times, it is another build. Processes that build into one folder at
    once take turns: the others wait, then open what the first has built.

    Args:
        out: folder to write; may hold an unfinished build of the same arguments, which is then gone on with, or the
            finished library of the same arguments (and of what was appended to it since), which is then left as it is.
        sources: in the order in which they are numbered.
        name: of the library; the folder's name if empty.
        licence: under which the segments may be used; stored, shown, never interpreted.
        encoding: how pixels are stored.
        vocabulary: names that are one category, and ids that are settled; see :func:`read_vocabulary`.
        workers: processes; 0 builds in this one.
        progress: called with (0, units found so far) while sources are listed, then with (units done, units in
            all) after every shard.

    Raises:
        LibraryError: the folder holds something else, no segment could be taken, a worker died, or an argument is of
            another type.
        SourceError: a source cannot be read at all. A single file that cannot be read is left out and counted.
    """
    check_sources(sources)
    check_settings(workers, encoding, vocabulary)
    root = Path(out).absolute()
    encoding, vocabulary = encoding or Encoding(), vocabulary or Vocabulary()
    settings = build_settings(name, licence, encoding, vocabulary)
    listing = list_sources(sources, settings, progress)

    def make() -> None:
        build_shards(root, sources, settings, listing, 0, encoding, workers, progress)
        settled = Settled(
            name=name or root.resolve().name,
            licence=licence,
            encoding=encoding,
            source_names=tuple(source.name for source in sources),
            vocabulary=vocabulary,
            facts=tuple(source.categories() for source in sources),
            build_fingerprints=(listing.fingerprint,),
        )
        finish(root, listing.shards, settled)

    return make_once(root, listing.fingerprint, make)


def build_settings(
    name: str = "", licence: str = "unknown", encoding: Encoding | None = None, vocabulary: Vocabulary | None = None
) -> dict[str, object]:
    """What a build depends on besides its sources, as plain values."""
    encoded, settled = encoding or Encoding(), vocabulary or Vocabulary()
    return {"name": name, "licence": licence, "encoding": encoded.model_dump(), "vocabulary": settled.settings()}


def build_shards(
    root: Path,
    sources: Sequence[Source],
    settings: Mapping[str, object],
    listing: Listing,
    first: int,
    encoding: Encoding,
    workers: int,
    progress: Progress | None,
) -> None:
    """Write the shards that are not there yet, the first of them with number ``first``."""
    done = 0

    def advance(units: int) -> None:
        nonlocal done
        done += units
        if progress:
            progress(done, listing.units)

    def tasks() -> Iterator[ChunkTask]:
        for chunk in chunks_as_listed(sources, settings, listing):
            shard = first + chunk.number
            if shard_is_written(root, shard):
                advance(len(chunk.units))
            else:
                yield ChunkTask(root, shard, sources[chunk.source], chunk.units, encoding)

    advance(0)
    for units in run_tasks(build_chunk, tasks(), min(workers, listing.shards)):
        advance(units)
