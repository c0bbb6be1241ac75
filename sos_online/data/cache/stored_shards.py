"""The shards of a cache as a reader knows them: how many samples each has, and any sample of any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from sos_online.data.cache.codec import StoredSample
from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CARD, CacheManifest, SampleEntry, ShardCard, ShardEntry
from sos_online.errors import BrokenSampleError, CacheError


class StoredShards:
    """A list of shards whose cards are read when they are needed, and some of them kept.

    Args:
        folder: of the cache.
        manifest: of the cache.
        entries: the shards, in their order.
        skipped: of a shard by its number, the samples on its card that are on another's before it.
        kept_cards: how many cards of one thousand samples, about 0.3 MB each, are kept.
    """

    def __init__(
        self,
        folder: CacheFolder,
        manifest: CacheManifest,
        entries: Sequence[ShardEntry],
        skipped: dict[int, frozenset[int]],
        kept_cards: int,
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._entries = entries
        self._skipped = skipped
        self._kept_cards = kept_cards
        self._load = lru_cache(kept_cards)(self._load_now)

    @staticmethod
    def open(folder: CacheFolder, manifest: CacheManifest, kept_cards: int) -> StoredShards:
        """The shards that the manifest lists; of a cache that still grows, those that are there.

        Raises:
            CacheError: the cache is not complete, or holds nothing yet.
        """
        if manifest.complete:
            return StoredShards(folder, manifest, manifest.shards, {}, kept_cards)
        names = folder.shard_names()
        if manifest.samples is not None:
            raise CacheError(
                f"{folder.where('')}: is not complete: {len(names)} shards are there; write the rest of its "
                f"{manifest.samples} samples first, by what has begun it"
            )
        entries, skipped = _listed(folder, names)
        if not entries:
            raise CacheError(f"{folder.where('')}: holds no sample yet")
        return StoredShards(folder, manifest, entries, skipped, kept_cards)

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_load"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._load = lru_cache(self._kept_cards)(self._load_now)

    @property
    def sizes(self) -> list[int]:
        """Samples in each shard."""
        return [entry.samples for entry in self._entries]

    def fingerprint(self) -> str:
        """Hash of all samples and their order."""
        state = hashlib.sha256()
        for entry in self._entries:
            state.update(f"{entry.name} {entry.samples} {entry.sha256}\n".encode())
        return state.hexdigest()

    def read(self, shard: int, sample: int) -> StoredSample:
        """A sample of a shard, both by number; one read of one file.

        Raises:
            BrokenSampleError: it is damaged, or its shard is missing; names both.
            SOSError: the place cannot be read at the moment.
        """
        entry = self._entry(shard, sample)
        return self._folder.sample(self._manifest, self._entries[shard].name, entry)

    def _entry(self, shard: int, sample: int) -> SampleEntry:
        loaded = self._load(shard)
        if isinstance(loaded, CacheError):
            raise BrokenSampleError(f"{loaded} (of its samples, number {sample} was asked for)")
        return loaded[sample]

    def _load_now(self, shard: int) -> Sequence[SampleEntry] | CacheError:
        """What is on a shard's card; or, kept like it, what is wrong with it."""
        entry = self._entries[shard]
        try:
            card = self._folder.card(entry.name)
            self._check(card, entry)
        except CacheError as error:
            return error
        skipped = self._skipped.get(shard, frozenset())
        return [sample for number, sample in enumerate(card.samples) if number not in skipped]

    def _check(self, card: ShardCard, entry: ShardEntry) -> None:
        for key in ("size", "sha256"):
            expected, found = getattr(entry, key), getattr(card, key)
            if found != expected:
                where = self._folder.where(entry.name + CARD)
                raise CacheError(f"{where}: {key}: expected {expected}, as when it was listed, found {found}")


def _listed(folder: CacheFolder, names: Sequence[str]) -> tuple[list[ShardEntry], dict[int, frozenset[int]]]:
    """Entries of all shards that have a sample of their own, and what is skipped in them."""
    entries: list[ShardEntry] = []
    skipped: dict[int, frozenset[int]] = {}
    seen: set[tuple[int, int]] = set()
    for name in names:
        card = folder.card(name)
        again = frozenset(number for number, sample in enumerate(card.samples) if (sample.epoch, sample.index) in seen)
        seen.update((sample.epoch, sample.index) for sample in card.samples)
        samples = len(card.samples) - len(again)
        if not samples:
            continue
        if again:
            skipped[len(entries)] = again
        entries.append(ShardEntry(name=name, samples=samples, size=card.size, sha256=card.sha256))
    return entries, skipped
