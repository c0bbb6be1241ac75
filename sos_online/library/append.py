"""Adding sources to a finished library: new shards beside the old, which stay as they are, and new tables of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.library.arguments import check_settings, check_sources
from sos_online.library.build import build_shards
from sos_online.library.finish import Settled, finish
from sos_online.library.folder_lock import only_builder
from sos_online.library.format import Manifest
from sos_online.library.reader import SegmentLibrary
from sos_online.library.shard_plan import list_sources
from sos_online.library.sources import Source
from sos_online.library.vocabulary import Vocabulary
from sos_online.library.worker_pool import Progress
from sos_online.library.workspace import Mark, claim, sweep


def append_to_library(
    root: str | Path,
    sources: Sequence[Source],
    *,
    vocabulary: Vocabulary | None = None,
    workers: int = 0,
    progress: Progress | None = None,
) -> SegmentLibrary:
    """Add sources to a finished library, and open it.

    No shard that is there is written again. Category ids stay as they are; new names get the ids after them. Segments
    are numbered anew, so that it is another library for positions saved in a stream. Until the last step the library
    can be opened as it was; a call that was stopped goes on when it is called again with the same arguments, and one
    that was finished changes nothing.

    Args:
        root: folder of the library. Its encoding, name and licence stay.
        sources: with names that no source of the library has.
        vocabulary: more names that are one category; it cannot join what are two categories of the library.
        workers, progress: as for :func:`build_library`.

    Raises:
        LibraryError: there is no library, it has a source of that name, an append of other sources was not finished,
            the vocabularies contradict each other, or an argument is of another type.
    """
    check_sources(sources)
    check_settings(workers, vocabulary=vocabulary)
    folder = Path(root).absolute()
    manifest = Manifest.read(folder)
    settings = {"append": True, "vocabulary": (vocabulary or Vocabulary()).settings()}
    listing = list_sources(sources, settings, progress)
    with only_builder(folder):
        manifest = Manifest.read(folder)  # another process may have appended
        if listing.fingerprint in manifest.build_fingerprints[1:]:
            sweep(folder, manifest)
            return SegmentLibrary.open(folder)
        names = [source.name for source in manifest.sources]
        twice = [source.name for source in sources if source.name in names]
        if twice:
            raise LibraryError(f"{folder}: has a source named {twice[0]!r} already; give the new one another name")
        settled = Settled.of_library(folder, manifest)
        extended = settled.vocabulary.extended(vocabulary or Vocabulary())
        claim(folder, Mark(listing.fingerprint, manifest.shards))
        build_shards(folder, sources, settings, listing, manifest.shards, manifest.encoding, workers, progress)
        finish(
            folder,
            manifest.shards + listing.shards,
            replace(
                settled,
                source_names=(*names, *(source.name for source in sources)),
                vocabulary=extended,
                facts=(*settled.facts, *(source.categories() for source in sources)),
                build_fingerprints=(*manifest.build_fingerprints, listing.fingerprint),
            ),
        )
        sweep(folder, Manifest.read(folder))
    return SegmentLibrary.open(folder)
