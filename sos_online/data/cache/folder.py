"""A cache's folder: what is in it, and how shards appear in it whole or not at all."""

from __future__ import annotations

import os
import platform
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

from sos_online.data.cache.codec import StoredSample, decode_sample, suffixes
from sos_online.data.cache.format import (
    CARD,
    MANIFEST,
    TAR,
    CacheManifest,
    CacheSettings,
    SampleEntry,
    ShardCard,
    ShardEntry,
)
from sos_online.data.cache.tar_file import read_members
from sos_online.errors import BrokenSampleError, CacheError
from sos_online.storage import Place, open_place

_HOST = re.sub("[^A-Za-z0-9-]", "-", platform.node()) or "here"
_TEMPORARY = re.compile(r"^\..*\.(?P<host>[A-Za-z0-9-]+)\.(?P<process>\d+)\.tmp$")


class CacheFolder:
    """The files of a cache, in any place; see ``sos_online.data.cache.format`` for what they are.

    Args:
        place: the folder; a path or a URL is opened.
    """

    def __init__(self, place: Place | str | Path) -> None:
        self.place = open_place(place) if isinstance(place, str | Path) else place
        if not hasattr(self.place, "scratch"):
            raise CacheError(f"folder: expected a path or a URL, found {place!r}")

    def __repr__(self) -> str:
        return f"CacheFolder({self.place.url!r})"

    def where(self, name: str) -> str:
        """A file of the folder as a user would write it."""
        return f"{self.place.url.rstrip('/')}/{name}"

    # what is there

    def manifest(self) -> CacheManifest:
        """Raises ``CacheError`` if the folder is no cache, or its manifest is damaged."""
        found = self._manifest()
        if found is None:
            raise CacheError(f"{self.where(MANIFEST)}: not a cache (no such file); `sos-online cache` writes one")
        return found

    def shard_names(self) -> list[str]:
        """Sorted names of the shards that have a card."""
        names = self.place.names(CARD)
        return [name.removesuffix(CARD) for name in names if name != MANIFEST]

    def card(self, shard: str) -> ShardCard:
        """Raises ``CacheError`` if it is missing or damaged."""
        try:
            return ShardCard.parse(self.place.read(shard + CARD), self.where(shard + CARD))
        except FileNotFoundError:
            raise CacheError(f"{self.where(shard + CARD)}: expected the card of a shard, found no such file") from None

    def has_shard(self, shard: str) -> bool:
        """Whether a shard has a card, and a tar of the size that it states."""
        return self._card_of_whole(shard) is not None

    def region(self, shard: str, entry: SampleEntry) -> bytes:
        """A sample's bytes in its tar, in one read. Raises ``BrokenSampleError`` if they are not all there."""
        where = self.where_sample(shard, entry)
        try:
            region = self.place.read(shard + TAR, entry.offset, entry.size)
        except FileNotFoundError:
            raise BrokenSampleError(f"{where}: no such file") from None
        if len(region) != entry.size:
            raise BrokenSampleError(f"{where}: expected {entry.size} bytes, found {len(region)}: the file is cut off")
        return region

    def check(self, shard: str, entry: SampleEntry, region: bytes, settings: CacheSettings) -> dict[str, bytes]:
        """A sample's members by their suffixes. Raises ``BrokenSampleError`` if they are damaged."""
        where = self.where_sample(shard, entry)
        if zlib.crc32(region) != entry.crc32:
            raise BrokenSampleError(f"{where}: does not match its checksum: damaged")
        return read_members(region, entry.key, suffixes(settings), where)

    def decode(self, manifest: CacheManifest, shard: str, entry: SampleEntry, region: bytes) -> StoredSample:
        """A sample of its bytes. Raises ``BrokenSampleError`` if one of them has changed, or they are no sample."""
        return decode_sample(
            self.check(shard, entry, region, manifest.settings),
            manifest.settings,
            epoch=entry.epoch,
            index=entry.index,
            categories=len(manifest.category_names),
            where=self.where_sample(shard, entry),
        )

    def sample(self, manifest: CacheManifest, shard: str, entry: SampleEntry) -> StoredSample:
        """A sample, decoded.

        Raises:
            BrokenSampleError: it is damaged; names the shard and the sample.
            SOSError: the shard cannot be read at the moment.
        """
        return self.decode(manifest, shard, entry, self.region(shard, entry))

    def where_sample(self, shard: str, entry: SampleEntry) -> str:
        return f"{self.where(shard + TAR)}: sample {entry.key}"

    # how it grows

    def begin(self, manifest: CacheManifest) -> CacheManifest:
        """Write the manifest, or check that the one that is there is of the same cache; the one that is there then.

        Raises:
            CacheError: the folder holds another cache, or something else, or cannot be written.
        """
        found = self._manifest()
        if found is None:
            others = [name for name in self.place.names() if not name.startswith(".")]
            if others and self._manifest() is None:  # else another process has begun it just now
                raise CacheError(
                    f"{self.where(MANIFEST)}: no such file, and there is {others[0]} already; give another folder"
                )
            self._put(MANIFEST, manifest.to_bytes())
            found = self.manifest()  # another's, if one began at the same time
        manifest.check_same(found, self.where(MANIFEST))
        return found

    def commit(self, shard: str, tar: Path, card: ShardCard) -> None:
        """Give a finished tar its name, and then its card; ``tar`` is a file from :meth:`temporary`, gone afterwards.

        A shard that another process has put there meanwhile stays.
        """
        if self.has_shard(shard):
            tar.unlink()
            return
        self.place.remove(shard + CARD)  # of a tar that is gone or cut off: it must not speak for this one
        self.place.upload(shard + TAR, tar)
        self._put(shard + CARD, card.to_bytes())

    def finish(self, shards: Iterable[str]) -> bool:
        """List the shards in the manifest if all of them are there; whether they are.

        Several processes may do so at once: all write the same.
        """
        manifest, wanted = self.manifest(), sorted(shards)
        if not set(wanted) <= set(self.shard_names()):  # one listing, before many cards are read
            return False
        entries: list[ShardEntry] = []
        for shard in wanted:
            card = self._card_of_whole(shard)
            if card is None:
                return False
            entries.append(ShardEntry(name=shard, samples=len(card.samples), size=card.size, sha256=card.sha256))
        whole = CacheManifest(**{**dict(manifest), "complete": True, "shards": tuple(entries)})
        if whole != manifest:
            self._put(MANIFEST, whole.to_bytes())
        return True

    def temporary(self, name: str) -> Path:
        """A local path for a file that is still being written; from its name others see whose it is."""
        try:
            return self.place.scratch() / f".{name}.{_HOST}.{os.getpid()}.tmp"
        except OSError as error:
            raise CacheError(f"{self.place.url}: cannot be written: {error.strerror or error}") from None

    def remove_leftovers(self) -> None:
        """Remove the temporary files of processes of this machine that have died."""
        for path in self.place.scratch().iterdir():
            found = _TEMPORARY.match(path.name)
            if found and found["host"] == _HOST and not _is_alive(int(found["process"])):
                path.unlink(missing_ok=True)

    def _card_of_whole(self, shard: str) -> ShardCard | None:
        """A shard's card, if there is one and a tar of the size that it states."""
        try:
            card = self.card(shard)
        except CacheError:
            return None
        return card if self.place.size(shard + TAR) == card.size else None

    def _manifest(self) -> CacheManifest | None:
        try:
            return CacheManifest.parse(self.place.read(MANIFEST), self.where(MANIFEST))
        except FileNotFoundError:
            return None

    def _put(self, name: str, content: bytes) -> None:
        path = self.temporary(name)
        try:
            path.write_bytes(content)
            self.place.upload(name, path)
        except OSError as error:
            raise CacheError(f"{self.where(name)}: cannot be written: {error.strerror or error}") from None
        finally:
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's
        return True
    return True
