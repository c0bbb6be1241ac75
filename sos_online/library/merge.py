"""Merging libraries that were built on several machines: their shards side by side, and new tables of all."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sos_online.errors import LibraryError
from sos_online.library.arguments import check_paths
from sos_online.library.arrow_files import map_bytes
from sos_online.library.finish import Settled, finish
from sos_online.library.format import Manifest, left_out_path, rows_path, shard_path
from sos_online.library.once import make_once
from sos_online.library.reader import SegmentLibrary
from sos_online.library.rows import ShardRows, shard_is_written
from sos_online.library.vocabulary import Vocabulary
from sos_online.library.worker_pool import Progress
from sos_online.library.workspace import NothingToKeepError
from sos_online.storage import write_atomically


@dataclass(frozen=True)
class _Part:
    """One of the libraries."""

    root: Path
    manifest: Manifest
    settled: Settled


def merge_libraries(
    out: str | Path,
    libraries: Sequence[str | Path],
    *,
    name: str = "",
    licence: str = "",
    progress: Progress | None = None,
) -> SegmentLibrary:
    """Write a library that holds all segments of several, and open it.

    Shards are linked where the file system can, and else copied; none is encoded again. Sources of the same name become
    one, as when machines have each taken a part of it. Category ids are those of the first library, then what the
    others add. A call that was stopped goes on when it is called again; one that was finished changes nothing.

    Args:
        out: folder to write.
        libraries: their folders, at least two, all of one encoding.
        name: of the new library; the folder's name if empty.
        licence: of the new library; may be empty where all have the same.
        progress: called with (shards done, shards in all).

    Raises:
        LibraryError: their encodings, licences or vocabularies contradict each other, or a segment is in two of them.
    """
    check_paths("libraries", libraries)
    root = Path(out).absolute()
    parts = _open_parts([Path(path).absolute() for path in libraries])
    settled = _settle(parts, name or root.resolve().name, licence)

    def make() -> None:
        _refuse_repeated_keys(parts)
        shards = sum(part.manifest.shards for part in parts)
        for number, (source, shard) in enumerate(_shards(parts)):
            if not shard_is_written(root, number):
                for path in (shard_path, left_out_path, rows_path):  # rows last: they say that the shard is there
                    _link_or_copy(path(source, shard), path(root, number))
            if progress:
                progress(number + 1, shards)
        finish(root, shards, settled)

    return make_once(root, settled.build_fingerprints[0], make)


def _open_parts(roots: Sequence[Path]) -> list[_Part]:
    if len(roots) < 2:
        raise LibraryError(f"merging takes at least two libraries, found {len(roots)}")
    parts: list[_Part] = []
    for root in roots:
        manifest = Manifest.read(root)
        parts.append(_Part(root, manifest, Settled.of_library(root, manifest)))
        first = parts[0]
        if manifest.encoding != first.manifest.encoding:
            raise LibraryError(
                f"{root}: its encoding is {manifest.encoding!r}, that of {first.root} is {first.manifest.encoding!r}"
            )
        twice = [part.root for part in parts[:-1] if part.manifest.fingerprint == manifest.fingerprint]
        if twice:
            raise LibraryError(f"{root}: holds the same as {twice[0]}")
    return parts


def _settle(parts: Sequence[_Part], name: str, licence: str) -> Settled:
    licences = list(dict.fromkeys(part.manifest.licence for part in parts))
    if not licence and len(licences) > 1:
        raise LibraryError(f"licences differ ({', '.join(licences)}): state one for the new library")
    vocabulary = Vocabulary()
    for part in parts:
        try:
            vocabulary = vocabulary.extended(part.settled.vocabulary)
        except LibraryError as error:
            raise LibraryError(f"{part.root}: {error}; build it anew with the same synonyms") from None
    fingerprints = [part.manifest.fingerprint for part in parts]
    identity = json.dumps(["merge", fingerprints, name, licence]).encode()
    return Settled(
        name=name,
        licence=licence or licences[0],
        encoding=parts[0].manifest.encoding,
        source_names=tuple(dict.fromkeys(source for part in parts for source in part.settled.source_names)),
        vocabulary=vocabulary,
        facts=tuple(facts for part in parts for facts in part.settled.facts),
        build_fingerprints=(hashlib.sha256(identity).hexdigest(),),
        rows_crc=[crc for part in parts for crc in part.settled.rows_crc],
    )


def _shards(parts: Sequence[_Part]) -> Iterator[tuple[Path, int]]:
    """Of each shard its library and its number there, in the order of the new numbers."""
    for part in parts:
        for shard in range(part.manifest.shards):
            yield part.root, shard


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    except FileExistsError:
        pass  # of a call that was killed: shards never change
    except FileNotFoundError:
        raise LibraryError(f"{source}: this file of the library is missing") from None
    except OSError:  # another file system, or one without links
        write_atomically(target, lambda copy: copy.write(map_bytes(source)), LibraryError)


def _refuse_repeated_keys(parts: Sequence[_Part]) -> None:
    """Raise ``NothingToKeepError`` if a source that several have gave them the same segment."""
    owners = Counter(source for part in parts for source in part.settled.source_names)
    for source in [name for name, count in owners.items() if count > 1]:
        seen: list[npt.NDArray[np.uint64]] = []
        for part in parts:
            seen.append(np.unique(np.fromiter(map(_hash, _keys(part, source)), np.uint64)))
            both = np.intersect1d(seen[-1], np.concatenate([np.empty(0, np.uint64), *seen[:-1]]))
            repeated = next((key for key in _keys(part, source) if _hash(key) in both), None) if len(both) else None
            if repeated is not None:
                raise NothingToKeepError(
                    f"{part.root}: {repeated} of source {source!r} is in another of the libraries too"
                )


def _keys(part: _Part, source: str) -> Iterator[str]:
    for shard in range(part.manifest.shards):
        rows = ShardRows(part.root, shard, part.settled.rows_crc[shard])
        if rows.source == source:
            yield from rows.batch.column("key").to_pylist()


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")
