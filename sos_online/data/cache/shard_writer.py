"""Writing one shard, sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import BinaryIO

from sos_online.data.cache.codec import CheckedSample
from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import TAR, SampleEntry, ShardCard, sample_key
from sos_online.data.cache.tar_file import END_BYTES, TarWriter
from sos_online.errors import CacheError


class ShardWriter:
    """A shard that is being written, under a name that no reader looks at, until it is committed.

    Used in a ``with`` block: what was not committed inside is removed at its end.

    Args:
        folder: of the cache.
        shard: name of the shard, without suffix.
    """

    def __init__(self, folder: CacheFolder, shard: str) -> None:
        self.shard = shard
        self._folder = folder
        self._samples: list[SampleEntry] = []
        self._path = folder.temporary(shard + TAR)
        try:
            self._file: BinaryIO = self._path.open("wb")
        except OSError as error:
            raise self._cannot(error) from None
        self._tar = TarWriter(self._file)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def __len__(self) -> int:
        """Samples so far."""
        return len(self._samples)

    @property
    def size(self) -> int:
        """Bytes that its tar and its card take, if it is committed now; a few of the card's may be missing."""
        card = ShardCard(size=self._tar.size + END_BYTES, sha256="0" * 64, samples=tuple(self._samples))
        return card.size + len(card.to_bytes())

    def add(self, sample: CheckedSample) -> Mapping[str, bytes]:
        """Encode and add a sample, each epoch and index once; its members, as they are stored, are returned.

        Raises:
            CacheError: it cannot be encoded, or there is no room for it.
        """
        members = sample.encode()
        try:
            offset, size, crc = self._tar.add(sample_key(sample.epoch, sample.index), members)
            self._file.flush()  # so that a process which is forked between two samples holds no bytes of this file
        except OSError as error:
            raise self._cannot(error) from None
        self._samples.append(SampleEntry(sample.epoch, sample.index, offset, size, crc))
        return members

    def commit(self) -> ShardCard:
        """End the archive and let it appear in the folder with its card, which is returned.

        Raises:
            CacheError: it holds no sample, or there is no room for it.
        """
        if not self._samples:
            raise CacheError(f"{self._folder.where(self.shard + TAR)}: expected samples, found none")
        try:
            size, sha256 = self._tar.close()
            self._file.close()
            card = ShardCard(size=size, sha256=sha256, samples=tuple(self._samples))
            self._folder.commit(self.shard, self._path, card)
        except OSError as error:
            raise self._cannot(error) from None
        return card

    def discard(self) -> None:
        """Remove what was not committed."""
        try:
            self._file.close()  # on a full disk this fails too, in what was not flushed
        except OSError:
            pass
        finally:
            self._path.unlink(missing_ok=True)

    def _cannot(self, error: OSError) -> CacheError:
        return CacheError(f"{self._folder.where(self.shard + TAR)}: cannot be written: {error.strerror or error}")
