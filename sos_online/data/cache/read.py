"""Reading a cache: the samples that were stored, as a stream."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from sos_online.data.cache.codec import StoredSample
from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CacheManifest
from sos_online.data.cache.order import ShardOrder
from sos_online.data.cache.stored_shards import StoredShards
from sos_online.data.sample_iterator import Sample
from sos_online.data.shard import Ranks
from sos_online.data.stream import SampleStream, require
from sos_online.data.transforms import Transforms, transform_sample
from sos_online.errors import BrokenSampleError
from sos_online.ops.heap import keep_freed_memory
from sos_online.recipe import Recipe
from sos_online.rng import Purpose, sample_generator
from sos_online.types import Target

OnBrokenSample = Literal["raise", "warn", "replace"]
_GROUP = 16
_REPLACEMENTS = 100_000


class CachedDataset(SampleStream):
    """The samples of a cache, each once an epoch; made by :meth:`open`.

    A sample costs one read of one file, of its bytes alone, and is checked against its checksum before it is decoded.
    ``target["image_id"]`` and all else are as they were stored. Pictures whose light was left for later
    (``target["light"]``) are lit by the device stage, as those of the stream were; ``make_loader`` and
    ``make_device_stage(dataset.device_recipe)`` see to it.
    """

    def __init__(
        self,
        folder: CacheFolder,
        manifest: CacheManifest,
        *,
        shuffle: bool,
        seed: int,
        transforms: Transforms | None,
        on_error: OnBrokenSample,
        group: int,
        block_size: int,
        ranks: Ranks | None,
    ) -> None:
        require("seed", seed, isinstance(seed, int) and 0 <= seed < 2**63, "an integer in 0 … 2**63 - 1")
        require("on_error", on_error, on_error in get_args(OnBrokenSample), " or ".join(get_args(OnBrokenSample)))
        require("group", group, isinstance(group, int) and group >= 1, "an integer from 1 on")
        shards = StoredShards.open(folder, manifest, kept_cards=2 * group)
        super().__init__(sum(shards.sizes), block_size=block_size, ranks=ranks)
        self.shuffle = shuffle
        self.seed = seed
        self.transforms = transforms
        self.on_error = on_error
        self.group = group
        self.manifest = manifest
        self._folder = folder
        self._shards = shards
        self._fingerprint = shards.fingerprint()
        self._known_order: tuple[int, ShardOrder] | None = None
        self._recipe = None
        if manifest.light_pending:
            self._recipe = Recipe.parse(manifest.recipe, f"{folder.where('manifest.json')}: recipe")

    @staticmethod
    def open(
        where: str | Path,
        *,
        shuffle: bool = True,
        seed: int = 0,
        transforms: Transforms | None = None,
        on_error: OnBrokenSample = "raise",
        group: int = _GROUP,
        block_size: int = 1,
        ranks: Ranks | None = None,
    ) -> CachedDataset:
        """Open a cache.

        Args:
            where: its folder: a path, or a URL.
            shuffle: a new order every epoch: the shards are shuffled, then the samples of ``group`` consecutive shards
                among each other. If not, every epoch is in the order in which the samples lie.
            seed: of the order and of ``transforms``, in ``[0, 2**63)``.
            transforms: ``(image, target) -> (image, target)``, such as ``transforms.v2``. It runs under global
                generators seeded from the sample's numbers in this epoch; rows that lose all pixels go, and boxes are
                refitted to the moved instance map.
            on_error: what a damaged sample, or one of a missing shard, does. ``raise``: stop. ``warn``: warn, and serve
                the next good one of the order in its place. ``replace``: the same without a word. Both are counted in
                ``failures.samples``, and give the same every time.
            group: shards that are read at the same time: the more, the better shuffled; each rank and worker reads from
                all of them.
            block_size, ranks: see :class:`SampleStream`.

        Raises:
            CacheError: there is no cache, or it is damaged, of another version, or not complete.
            StreamError: an argument is out of range.
            SOSError: a URL cannot be read.
        """
        folder = CacheFolder(where)
        return CachedDataset(
            folder,
            folder.manifest(),
            shuffle=shuffle,
            seed=seed,
            transforms=transforms,
            on_error=on_error,
            group=group,
            block_size=block_size,
            ranks=ranks,
        )

    def __repr__(self) -> str:
        return f"CachedDataset({self._folder.place.url!r}, length={self.length:,}, epoch={self.epoch})"

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        """The sample at place ``index`` of an epoch's order, always the same; ``epoch`` is the dataset's if None.

        Raises:
            StreamError: the index is not in the epoch.
            BrokenSampleError: under ``on_error="raise"``; names the shard and the sample.
            SOSError: the place cannot be read at the moment.
        """
        keep_freed_memory()
        epoch = self.epoch if epoch is None else epoch
        stored = self.stored(index, epoch)
        if self.transforms is None:
            return stored.image, stored.target
        rng = sample_generator(self.seed, epoch, index, purpose=Purpose.TRANSFORMS)
        return transform_sample(self.transforms, stored.image, stored.target, rng)

    def stored(self, index: int, epoch: int | None = None) -> StoredSample:
        """As :meth:`sample`, before transforms, and with all else that was stored: names, words, the scene."""
        self.check_index(index)
        epoch = self.epoch if epoch is None else epoch
        order = self._order(epoch)
        try:
            return self._shards.read(*order[index])
        except BrokenSampleError as error:
            self._on_broken(error)
            broken = error
        for step in range(1, min(self.length, _REPLACEMENTS)):
            try:
                return self._shards.read(*order[(index + step) % self.length])
            except BrokenSampleError:
                continue
        raise BrokenSampleError(f"{broken} (and so are all that could be served in its place)")

    def identity(self) -> dict[str, Any]:
        """What a position in this stream depends on: the shards, and what decides their order."""
        return {
            "cache": self._fingerprint,
            "length": self.length,
            "shuffle": self.shuffle,
            "seed": self.seed,
            "group": self.group,
        }

    @property
    def category_names(self) -> Sequence[str]:
        return self.manifest.category_names

    @property
    def source_names(self) -> Sequence[str]:
        return self.manifest.source_names

    def annotated_labels(self, target: Target) -> Collection[int]:
        """What the stream that was written said of its samples, as far as the cache knows it."""
        annotated = self.manifest.annotated
        if not annotated:  # all labels were looked for, or an older version has written the cache
            return super().annotated_labels(target)
        if "source" not in target:
            return set.intersection(*map(set, annotated))
        known = range(len(self.manifest.source_names))
        return annotated[int(target["source"])] if target["source"] in known else ()

    @property
    def device_recipe(self) -> Recipe | None:
        return self._recipe

    def _order(self, epoch: int) -> ShardOrder:
        if self._known_order is None or self._known_order[0] != epoch:
            order = ShardOrder(self._shards.sizes, seed=self.seed, epoch=epoch, group=self.group, shuffle=self.shuffle)
            self._known_order = epoch, order
        return self._known_order[1]

    def _on_broken(self, error: BrokenSampleError) -> None:
        """Count, then go on with another under ``warn`` and ``replace``, else raise."""
        self.failures.count(error)
        if self.on_error == "raise":
            raise error
        if self.on_error == "warn":
            warnings.warn(f"replaced: {error}", RuntimeWarning, stacklevel=2)
