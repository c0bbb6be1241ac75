"""The last step of every build: tables of all shards, then ``library.json``, which makes them the library."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sos_online.errors import LibraryError
from sos_online.library.encode import Encoding
from sos_online.library.fingerprint import content_fingerprint
from sos_online.library.format import (
    FORMAT_VERSION,
    MANIFEST,
    Manifest,
    SourceReport,
    left_out_path,
    tables_folder,
)
from sos_online.library.left_out import LeftOutCounts
from sos_online.library.sources import CategoryFacts
from sos_online.library.tables import open_vocabulary, rows_checksums
from sos_online.library.tabulate import count_rows, tabulate
from sos_online.library.vocabulary import Vocabulary
from sos_online.library.workspace import NothingToKeepError
from sos_online.storage import flush_folder, write_atomically


@dataclass(frozen=True)
class Settled:
    """What a library is made of besides its shards.

    Attributes:
        name, licence, encoding: for ``library.json``.
        source_names: in the order in which they are numbered.
        vocabulary: which names are one category, and which ids are settled.
        facts: what each source says about the names that it uses.
        build_fingerprints: of all that went in.
        generation: number of the last set of tables; 0 if there is none.
        rows_crc: checksums of the rows of the first shards, those that were there before.
    """

    name: str
    licence: str
    encoding: Encoding
    source_names: tuple[str, ...]
    vocabulary: Vocabulary
    facts: Sequence[Mapping[str, CategoryFacts]]
    build_fingerprints: tuple[str, ...]
    generation: int = 0
    rows_crc: Sequence[int] = field(default_factory=tuple)

    @staticmethod
    def of_library(root: Path, manifest: Manifest) -> Settled:
        """As a finished library has it."""
        vocabulary, facts = open_vocabulary(root, manifest)
        return Settled(
            name=manifest.name,
            licence=manifest.licence,
            encoding=manifest.encoding,
            source_names=tuple(source.name for source in manifest.sources),
            vocabulary=vocabulary,
            facts=(facts,),
            build_fingerprints=manifest.build_fingerprints,
            generation=manifest.generation,
            rows_crc=rows_checksums(root, manifest),
        )


def finish(root: Path, shards: int, settled: Settled) -> None:
    """Write the tables of ``shards`` shards, which are complete, then ``library.json``.

    Raises:
        NothingToKeepError: no segment could be taken.
        LibraryError: a shard is damaged.
    """
    generation = settled.generation + 1
    folder = tables_folder(root, generation)
    shutil.rmtree(folder, ignore_errors=True)
    counts = count_rows(root, shards, settled.source_names, settled.rows_crc)
    left_out = [LeftOutCounts() for _ in settled.source_names]
    for shard, (source, *_) in enumerate(counts.shards):
        left_out[source].add_file(left_out_path(root, shard))
    if not counts.of_name:
        reasons = "; ".join(filter(None, map(str, left_out)))
        raise NothingToKeepError(f"{root}: no segment could be taken from the sources ({reasons or 'they are empty'})")
    tabulated = tabulate(root, folder, counts, len(left_out), settled.vocabulary, settled.facts)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name=settled.name,
        licence=settled.licence,
        segments=tabulated.segments,
        categories=tabulated.categories,
        shards=shards,
        sources=tuple(
            SourceReport(
                name=name,
                taken=tabulated.taken[position],
                near_duplicates=tabulated.near_duplicates[position],
                left_out=left_out[position].counts,
                examples=left_out[position].examples,
            )
            for position, name in enumerate(settled.source_names)
        ),
        encoding=settled.encoding,
        generation=generation,
        tables=tabulated.marks,
        fingerprint=content_fingerprint(folder, tabulated.marks, settled.source_names, settled.encoding),
        build_fingerprints=settled.build_fingerprints,
    )
    content = manifest.to_bytes()
    # all names first, then the one that says that they are there
    for path in (root / "pixels", root / "rows", folder, folder.parent, root):
        flush_folder(path)
    write_atomically(root / MANIFEST, lambda file: file.write(content), LibraryError)
    flush_folder(root)
