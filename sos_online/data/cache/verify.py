"""Reading every byte of a cache, and naming what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CARD, MANIFEST, TAR, CacheManifest, ShardCard, ShardEntry
from sos_online.data.cache.tar_file import END_BYTES
from sos_online.errors import CacheError, SOSError
from sos_online.library.worker_pool import run_tasks
from sos_online.storage import Place


@dataclass(frozen=True)
class VerifyReport:
    """What was read, and what is wrong.

    Attributes:
        shards, samples, size: read; size in bytes.
        problems: one line each, naming the file, and the sample where it is one.
        complete: whether the cache says that it is; one that is not may be sound as far as it goes.
    """

    shards: int
    samples: int
    size: int
    problems: tuple[str, ...]
    complete: bool

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify_cache(
    where: Place | str | Path,
    *,
    workers: int = 0,
    progress: Callable[[int, int], object] = lambda *_: None,
) -> VerifyReport:
    """Read a cache from its first byte to its last: every hash is compared, and every sample decoded.

    Args:
        where: folder or URL.
        workers: processes; 0 reads in this one.
        progress: called with shards done and their total.

    Raises:
        CacheError: it is no cache, or its manifest is damaged: nothing more can be said then.
        SOSError: the place cannot be read.
    """
    folder = CacheFolder(where)
    manifest = folder.manifest()
    shards = folder.shard_names()
    problems = list(_of_listing(folder, manifest, shards))
    samples = size = 0
    progress(0, len(shards))
    for done, found in enumerate(run_tasks(_Verifier(folder, manifest), shards, workers, CacheError), start=1):
        samples, size = samples + found.samples, size + found.size
        problems += found.problems
        progress(done, len(shards))
    return VerifyReport(len(shards), samples, size, tuple(sorted(problems)), manifest.complete)


def _of_listing(folder: CacheFolder, manifest: CacheManifest, shards: list[str]) -> Iterator[str]:
    """What is wrong with the names that are there."""
    for name in folder.place.names(TAR):
        if name.removesuffix(TAR) not in shards:
            yield f"{folder.where(name)}: no card {name.removesuffix(TAR) + CARD}: it was not finished"
    listed = [entry.name for entry in manifest.shards]
    for name in sorted(set(listed) - set(shards)):
        yield f"{folder.where(name + CARD)}: expected this shard, which {MANIFEST} lists, found no such file"
    if manifest.complete:
        for name in sorted(set(shards) - set(listed)):
            yield f"{folder.where(name + CARD)}: {MANIFEST} does not list this shard"


@dataclass(frozen=True)
class _Found:
    samples: int
    size: int
    problems: list[str]


class _Verifier:
    """Verifies a shard by its name."""

    def __init__(self, folder: CacheFolder, manifest: CacheManifest) -> None:
        self._folder = folder
        self._manifest = manifest
        self._listed = {entry.name: entry for entry in manifest.shards}

    def __call__(self, shard: str) -> _Found:
        folder, problems = self._folder, []
        try:
            card = folder.card(shard)
        except CacheError as error:
            return _Found(0, 0, [str(error)])
        entry = ShardEntry(name=shard, samples=len(card.samples), size=card.size, sha256=card.sha256)
        if self._listed.get(shard, entry) != entry:
            problems.append(f"{folder.where(shard + CARD)}: is not the card of the shard that {MANIFEST} lists")
        problems += self._of_numbers(shard, card)
        size = folder.place.size(shard + TAR)
        if size != card.size:
            found = "no such file" if size is None else f"{size}"
            problems.append(f"{folder.where(shard + TAR)}: expected {card.size} bytes, found {found}")
        if size is not None:
            problems += self._of_content(shard, card)
        return _Found(len(card.samples), size or 0, problems)

    def _of_numbers(self, shard: str, card: ShardCard) -> Iterator[str]:
        """In a cache of known size, a shard's samples follow from its number."""
        if self._manifest.samples is None:
            return
        whole, length = self._manifest.settings.samples_per_shard, self._manifest.epoch_length
        first = int(shard) * whole if shard.isascii() and shard.isdigit() else self._manifest.samples
        expected = range(first, min(first + whole, self._manifest.samples))
        if [entry.epoch * length + entry.index for entry in card.samples] != list(expected) or any(
            entry.index >= length for entry in card.samples
        ):
            yield (
                f"{self._folder.where(shard + CARD)}: samples: expected {len(expected)} from {first} on, found "
                f"{len(card.samples)} from {card.samples[0].key} on"
            )

    def _of_content(self, shard: str, card: ShardCard) -> Iterator[str]:
        state = hashlib.sha256()
        found_here = False
        for entry in card.samples:
            try:
                region = self._folder.region(shard, entry)
                state.update(region)
                self._folder.decode(self._manifest, shard, entry, region)
            except SOSError as error:
                found_here = True
                yield str(error)
        end = self._folder.place.read(shard + TAR, card.size - END_BYTES, END_BYTES)
        state.update(end)
        where = self._folder.where(shard + TAR)
        if end != bytes(END_BYTES):
            yield f"{where}: expected {END_BYTES} zeros at the end, found others"
        elif not found_here and state.hexdigest() != card.sha256:
            yield f"{where}: sha256: expected {card.sha256}, found {state.hexdigest()}"
