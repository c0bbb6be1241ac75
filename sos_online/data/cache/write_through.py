"""A cache that is written while a model trains on it."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from sos_online.data.cache.description import SampleDescription
from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CacheSettings, SampleEntry, sample_key
from sos_online.data.cache.growing_shards import GrowingShards
from sos_online.data.cache.order import ShardOrder
from sos_online.data.cache.pictures import decode_picture, encode_picture
from sos_online.data.cache.shard_filler import ShardFiller
from sos_online.data.cache.stream_manifest import stream_manifest
from sos_online.data.map_stream import as_stream
from sos_online.data.sample_iterator import Sample, SampleIterator
from sos_online.data.shard import Rounds
from sos_online.data.stream import SampleStream, place_among_workers, require
from sos_online.data.transforms import Transforms, transform_sample
from sos_online.errors import BrokenSampleError
from sos_online.ops.heap import keep_freed_memory
from sos_online.recipe import Recipe
from sos_online.rng import Purpose, sample_generator
from sos_online.types import Target

_GROUP = 16
_SAMPLES_PER_SHARD = 250  # less than when written ahead: what was gathered and not committed is lost in a crash


def cached(
    stream: Any,
    folder: str | Path,
    *,
    settings: CacheSettings | None = None,
    keep: int | None = None,
    fresh: float = 0.0,
    seed: int = 0,
    transforms: Transforms | None = None,
) -> WriteThrough:
    """A stream whose samples are made once: the first epoch writes them into a cache, later ones read them there.

    Epoch 0 serves the samples of the stream's epoch 0 in their order. Epoch ``e`` serves as many, shuffled, of a window
    that has moved on by ``e * fresh`` epochs over the stream's epochs 0, 1, 2 … laid end to end. So with ``fresh=0``
    all epochs have the same samples; with 0.25, a quarter of each is new, and each is served in four epochs.

    What is served is a function of the stream, of ``settings``, ``fresh`` and ``seed``, and not of what is on disk: a
    sample that is missing there, or damaged, is made anew on the spot, and is the same to the bit (pictures are served
    as the cache gives them back, also when they were just made).

    Every process writes shards of its own: when one is full, and at the end of its pass. A run that was killed loses
    what was gathered since; the next pass writes it. One run at a time may write into a folder.

    Args:
        stream: what is cached, a map-style dataset too. Its own ``transforms`` are stored with the samples. Light that
            the stream leaves to the device stage is left to it here too, in every epoch.
        folder: where to: a path, or a URL.
        settings: how samples are stored; JPEG and 250 samples a shard if None.
        keep: bytes that the cache may take, and each process one shard more while it is written. Shards give way to
            those of later epochs of the stream, the oldest first; if there is none older, no more are written.
            Processes of one machine look for room one at a time; over a network, several may find the same room.
        fresh: 0 … 1, see above.
        seed: of the order, and of ``transforms``.
        transforms: as a :class:`CachedDataset` has them: after reading, anew every epoch.

    Raises:
        CacheError: the folder holds another cache, or cannot be written.
        StreamError: an argument is out of range.
    """
    source = as_stream(stream)
    require("settings", settings, settings is None or isinstance(settings, CacheSettings), "CacheSettings(…)")
    return WriteThrough(
        source, CacheFolder(folder), settings=settings, keep=keep, fresh=fresh, seed=seed, transforms=transforms
    )


class WriteThrough(SampleStream):
    """What :func:`cached` gives. ``failures`` are those of the stream, and of samples that were read."""

    writes_when_served = True

    def __init__(
        self,
        stream: SampleStream,
        folder: CacheFolder,
        *,
        settings: CacheSettings | None,
        keep: int | None,
        fresh: float,
        seed: int,
        transforms: Transforms | None,
    ) -> None:
        require("keep", keep, keep is None or (isinstance(keep, int) and keep >= 1), "bytes, from 1 on, or None")
        require("fresh", fresh, isinstance(fresh, int | float) and 0 <= fresh <= 1, "0 … 1")
        require("seed", seed, isinstance(seed, int) and 0 <= seed < 2**63, "an integer in 0 … 2**63 - 1")
        recipe = stream.device_recipe
        on_device = recipe is not None and recipe.device.composite
        require("stream", stream, not on_device, "one that paints objects itself (device.composite: false)")
        super().__init__(stream.length, block_size=stream.block_size, ranks=stream.ranks)
        self.stream = stream
        self.failures = stream.failures
        self.settings = settings or CacheSettings(samples_per_shard=_SAMPLES_PER_SHARD)
        self.keep = keep
        self.fresh = fresh
        self.seed = seed
        self.transforms = transforms
        self._folder = folder
        self._step = round(fresh * stream.length)
        self._known_order: tuple[int, ShardOrder] | None = None
        self._manifest = folder.begin(
            stream_manifest(stream, self.settings, samples=None, light_pending=recipe is not None)
        )
        folder.remove_leftovers()
        self._open()

    def _open(self) -> None:
        self._shards = GrowingShards(self._folder, self.length)
        describe = SampleDescription(self.stream, scene=self.settings.scene)
        self._filler = ShardFiller(self._folder, self._shards, self.settings, describe, self.keep)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in super().__getstate__().items() if key not in ("_shards", "_filler")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def __repr__(self) -> str:
        return f"WriteThrough({self.stream!r}, {self._folder.place.url!r}, epoch={self.epoch})"

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        """The sample at place ``index`` of an epoch's order, always the same; ``epoch`` is the dataset's if None.

        It is read, or made and not written: a pass over the stream writes.

        Raises:
            StreamError: the index is not in the epoch.
            SOSError: the sample cannot be made, or the place cannot be read at the moment.
        """
        return self.serve_sample(index, self.epoch if epoch is None else epoch, write=False)

    def place(self, index: int, epoch: int) -> tuple[int, int]:
        """Epoch and index in the stream of what is served at place ``index`` of an epoch."""
        self.check_index(index)
        if epoch:
            piece, sample = self._order(epoch)[index]
            index = piece * self.settings.samples_per_shard + sample
        return divmod(epoch * self._step + index, self.length)

    def serve(self, epoch: int, rounds: Rounds, rank: int) -> SampleIterator:
        worker, workers = place_among_workers()
        self._shards.refresh()
        self._filler.begin_pass(rank, worker)
        return _CommittingIterator(self, epoch, rounds, rank, worker, workers)

    @property
    def source_names(self) -> Sequence[str]:
        return self.stream.source_names

    def annotated_labels(self, target: Target) -> Collection[int]:
        return self.stream.annotated_labels(target)

    def identity(self) -> dict[str, Any]:
        """What a position in this stream depends on."""
        return {
            "cached": self._manifest.stream,
            "length": self.length,
            "settings": self.settings.model_dump(),
            "fresh": self._step,
            "seed": self.seed,
        }

    @property
    def parts(self) -> Sequence[SampleStream]:
        return (self.stream,)

    def origin(self, index: int, epoch: int) -> tuple[SampleStream, int, int]:
        its_epoch, its_index = self.place(index, epoch)
        return self.stream.origin(its_index, its_epoch)

    @property
    def category_names(self) -> Sequence[str]:
        return self.stream.category_names

    @property
    def device_recipe(self) -> Recipe | None:
        return self.stream.device_recipe

    def serve_sample(self, index: int, epoch: int, *, write: bool) -> Sample:
        """As :meth:`sample`; what is made is written too, if ``write``."""
        keep_freed_memory()
        image, target = self._read_or_make(*self.place(index, epoch), write=write)
        if self.transforms is None:
            return image, target
        rng = sample_generator(self.seed, epoch, index, purpose=Purpose.TRANSFORMS)
        return transform_sample(self.transforms, image, target, rng)

    def commit(self) -> None:
        """Let what this process has gathered appear in the cache. Raises ``CacheError`` if it cannot be written."""
        self._filler.commit()

    def _read_or_make(self, epoch: int, index: int, *, write: bool) -> Sample:
        found = self._shards.find(epoch, index)
        stored = None if found is None else self._read(*found)
        if stored is not None:
            return stored
        image, target = self.stream.sample(index, epoch)
        where, settings = sample_key(epoch, index), self.settings
        encoded = None
        if write and found is None and self._filler.wants(epoch, index):
            encoded = self._filler.add(image, target, epoch=epoch, index=index)[settings.suffix]
        if settings.lossless:
            return image, target
        encoded = encoded or encode_picture(image, settings, where)
        return decode_picture(encoded, (image.shape[1], image.shape[2]), settings.suffix, where), target

    def _read(self, shard: str, entry: SampleEntry) -> Sample | None:
        """A sample that was there at the last look; None if it is not any more, or is damaged."""
        try:
            stored = self._folder.sample(self._manifest, shard, entry)
        except BrokenSampleError as error:
            if not self._shards.has_gone(shard):
                self.failures.count(error)
                warnings.warn(f"made anew: {error}", RuntimeWarning, stacklevel=2)
            return None
        return stored.image, stored.target

    def _order(self, epoch: int) -> ShardOrder:
        """Of pieces of the epoch's window as long as shards: what really is in which shard depends on the past."""
        if self._known_order is None or self._known_order[0] != epoch:
            whole, rest = divmod(self.length, self.settings.samples_per_shard)
            sizes = [self.settings.samples_per_shard] * whole + [rest] * (rest > 0)
            self._known_order = epoch, ShardOrder(sizes, seed=self.seed, epoch=epoch, group=_GROUP)
        return self._known_order[1]


class _Pass:
    """A pass of one rank: it writes the samples that are its own, not those that it serves to even out the ranks."""

    def __init__(self, dataset: WriteThrough, rounds: Rounds, rank: int) -> None:
        self._dataset = dataset
        self._rounds = rounds
        self._rank = rank

    def sample(self, index: int, epoch: int) -> Sample:
        return self._dataset.serve_sample(index, epoch, write=self._rounds.owner(index) == self._rank)

    def identity(self) -> dict[str, Any]:
        return self._dataset.identity()


class _CommittingIterator(SampleIterator):
    """Commits what was gathered when the pass is at its end."""

    def __init__(self, dataset: WriteThrough, epoch: int, rounds: Rounds, rank: int, worker: int, workers: int) -> None:
        super().__init__(_Pass(dataset, rounds, rank), epoch, rounds, rank, worker, workers)
        self._commit = dataset.commit

    def __next__(self) -> Sample:
        try:
            return super().__next__()
        except StopIteration:
            self._commit()
            raise
