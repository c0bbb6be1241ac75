"""Which units go into which shard: settled by the list of units alone, never by timing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sos_online.errors import LibraryError
from sos_online.library.chunk import Chunk
from sos_online.library.format import FORMAT_VERSION
from sos_online.library.sources import Source, Unit
from sos_online.library.worker_pool import Progress

SEGMENTS_PER_SHARD = 1024
_SHARDS_BETWEEN = 4  # calls of progress while listing: a few a second


@dataclass(frozen=True, slots=True)
class Listing:
    """What listing the sources once has found.

    Attributes:
        fingerprint: hash of the settings, the sources' settings, and every unit's name, size, time of change and
            payload. It says which build a folder holds, never what came of it: that is ``Manifest.fingerprint``.
        units: how many.
        shards: into which they go.
    """

    fingerprint: str
    units: int
    shards: int


def list_sources(
    sources: Sequence[Source], settings: Mapping[str, object], progress: Progress | None = None
) -> Listing:
    """List all units once, holding none. Raises ``LibraryError`` if two sources have one name.

    ``progress`` is called with (0, units found so far) now and then.
    """
    _check_names(sources)
    digest = _Digest(sources, settings)
    units = shards = 0
    for chunk in chunks(sources):
        digest.add(chunk)
        units, shards = units + len(chunk.units), shards + 1
        if progress and shards % _SHARDS_BETWEEN == 0:
            progress(0, units)
    return Listing(digest.hexdigest(), units, shards)


def chunks_as_listed(sources: Sequence[Source], settings: Mapping[str, object], listing: Listing) -> Iterator[Chunk]:
    """The chunks of a listing, once more. Raises ``LibraryError`` at the end if the sources have changed since."""
    digest = _Digest(sources, settings)
    for chunk in chunks(sources):
        digest.add(chunk)
        yield chunk
    if digest.hexdigest() != listing.fingerprint:
        raise LibraryError("the sources' files have changed while they were read; remove the folder and build anew")


def chunks(sources: Sequence[Source]) -> Iterator[Chunk]:
    """Consecutive units of one source, of :data:`SEGMENTS_PER_SHARD` segments together if they are small enough."""
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


class _Digest:
    def __init__(self, sources: Sequence[Source], settings: Mapping[str, object]) -> None:
        self._digest = hashlib.sha256()
        self._add(FORMAT_VERSION, SEGMENTS_PER_SHARD, dict(settings))
        for source in sources:
            self._add(type(source).__name__, source.name, source.settings())

    def add(self, chunk: Chunk) -> None:
        for unit in chunk.units:
            self._add(chunk.number, chunk.source, unit.name, unit.size, unit.mtime_ns, unit.segments, unit.payload)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()

    def _add(self, *values: Any) -> None:
        self._digest.update(json.dumps(values, default=_plain, sort_keys=True).encode() + b"\n")


def _plain(value: object) -> object:
    # not asdict, which copies all that lies below: payloads are plain data and dataclasses
    return {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type]


def _check_names(sources: Sequence[Source]) -> None:
    if not sources:
        raise LibraryError("a library needs at least one source")
    names = [source.name for source in sources]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise LibraryError(f"two sources are named {sorted(twice)[0]!r}; give each a name of its own")
