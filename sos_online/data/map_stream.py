"""Any map-style dataset of annotated images as a stream."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, get_args

import torch

from sos_online.data.dataset import OnError
from sos_online.data.real.annotated_images import AnnotatedImages
from sos_online.data.real.complete import complete_sample
from sos_online.data.real.transforms import transform_annotated
from sos_online.data.sample_iterator import Sample
from sos_online.data.shard import Ranks
from sos_online.data.stream import SampleStream, require
from sos_online.data.transforms import Transforms
from sos_online.errors import BrokenSampleError, StreamError
from sos_online.ops.permutation import Permutation
from sos_online.rng import Purpose, global_generators_from, sample_generator

_REPLACEMENTS = 16


class MapStream(SampleStream):
    """The samples of a map-style dataset, each once an epoch, each a pure function of seed, epoch and index.

    ``dataset`` is any with a length and ``[i]`` that gives ``(image, target)``: a :class:`CocoDataset`, one of
    torchvision's in ``wrap_dataset_for_transforms_v2``, or one of yours in the style of its tutorials. Images may be
    PIL images or tensors; a target holds ``boxes`` (XYXY, or ``BoundingBoxes`` of any format) and ``labels`` from 1
    on, and perhaps ``masks``, ``area``, ``iscrowd``, ``image_id``. What is missing is completed: ``image_id`` is the
    item's number. A target without masks has no ``masks`` and no ``instance_map`` here either, as they are not known
    (unless it has no object: then they are). ``area`` is int64, in whole pixels, as in all streams.

    All of the dataset's own random numbers, and those of ``transforms``, come from ``torch``'s, ``numpy``'s and
    Python's global generators, which are seeded from the sample meanwhile: they are the same on any worker.

    Args:
        dataset: see above.
        seed: in ``[0, 2**63)``.
        shuffle: a new order every epoch; the dataset's own if False.
        transforms: ``(image, target) -> (image, target)``, such as ``transforms.v2``, after the dataset's own;
            afterwards rows without pixels (or with empty boxes) go, and boxes agree with masks.
        category_names: name of label ``i + 1`` at position ``i``; the dataset's attribute of that name if None. A
            stream without them can be served, not mixed.
        on_error: what a sample does that cannot be read (``BrokenSampleError``, or an ``OSError`` of the dataset, such
            as a missing file or an image that is none). ``raise``: stop. ``warn``: serve another in its place, and
            warn. ``replace``: the same silently. All are counted in ``failures``, and all give the same every time.
        block_size, ranks: see :class:`SampleStream`.

    Raises:
        StreamError: an argument is not what it should be.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        seed: int = 0,
        shuffle: bool = True,
        transforms: Transforms | None = None,
        category_names: Sequence[str] | None = None,
        on_error: OnError = "raise",
        block_size: int = 1,
        ranks: Ranks | None = None,
    ) -> None:
        is_map = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
        require("dataset", dataset, is_map, "a map-style dataset, with a length and [i]")
        require("dataset", dataset, len(dataset) > 0, "at least one sample")
        require("seed", seed, isinstance(seed, int) and 0 <= seed < 2**63, "an integer in 0 … 2**63 - 1")
        require("on_error", on_error, on_error in get_args(OnError), " or ".join(get_args(OnError)))
        names = getattr(dataset, "category_names", None) if category_names is None else category_names
        is_names = names is None or (not isinstance(names, str) and all(isinstance(name, str) for name in names))
        require("category_names", names, is_names, "a sequence of names")
        super().__init__(len(dataset), block_size=block_size, ranks=ranks)
        self.dataset = dataset
        self.seed = seed
        self.shuffle = shuffle
        self.transforms = transforms
        self.on_error = on_error
        self._names = None if names is None else list(names)
        self._order: tuple[int, Permutation] | None = None

    def __repr__(self) -> str:
        return f"MapStream({self.dataset!r}, seed={self.seed}, epoch={self.epoch})"

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        """Any sample of any epoch, at any time, always the same.

        Raises:
            StreamError: the index is not in the epoch, or the dataset gave what is no sample; says what is wrong.
            BrokenSampleError: under ``on_error="raise"``.
        """
        return self._readable(index, self.epoch if epoch is None else epoch, ())[0]

    def sample_for(self, index: int, epoch: int, unwanted: Collection[int]) -> tuple[Sample, int]:
        """See :class:`SampleStream`: masks of unwanted rows are not drawn, unless a transform or a subclass would see
        the rows."""
        if type(self).sample is not MapStream.sample:
            return super().sample_for(index, epoch, unwanted)
        return self._readable(index, epoch, unwanted)

    def _readable(self, index: int, epoch: int, unwanted: Collection[int]) -> tuple[Sample, int]:
        """A sample, or the first that can be read of those that may stand for it."""
        self.check_index(index)
        item = self.item(index, epoch)
        for attempt in range(1, _REPLACEMENTS + 1):
            try:
                return self._make(item, index, epoch, unwanted)
            except BrokenSampleError as error:
                self.failures.count(error)
                if self.on_error == "raise":
                    raise
                if self.on_error == "warn":
                    warnings.warn(f"replaced by another sample: {error}", RuntimeWarning, stacklevel=3)
            draw = sample_generator(self.seed, epoch, index, attempt=attempt, purpose=Purpose.ORDER)
            item = int(draw.integers(self.length))
        raise StreamError(f"sample {index} of epoch {epoch}: {_REPLACEMENTS} samples in a row could not be read")

    def item(self, index: int, epoch: int | None = None) -> int:
        """Which of the dataset's items a sample is."""
        if not self.shuffle:
            return index
        epoch = self.epoch if epoch is None else epoch
        if self._order is None or self._order[0] != epoch:
            generator = sample_generator(self.seed, epoch, 0, purpose=Purpose.ORDER)
            keys = generator.integers(2**64, size=Permutation.KEYS, dtype="u8").tolist()
            self._order = epoch, Permutation(self.length, keys)
        return self._order[1][index]

    def identity(self) -> dict[str, Any]:
        """Seed, length, order, and which dataset it is: by its ``fingerprint()`` if it has one, else its class."""
        fingerprint = getattr(self.dataset, "fingerprint", None)
        return {
            "dataset": fingerprint() if callable(fingerprint) else type(self.dataset).__qualname__,
            "seed": self.seed,
            "length": self.length,
            "shuffle": self.shuffle,
        }

    @property
    def category_names(self) -> Sequence[str]:
        """Name of label ``i + 1`` at position ``i``. Raises ``StreamError`` if nobody said."""
        if self._names is None:
            raise StreamError(
                f"category_names: {type(self.dataset).__name__} says none; give them: "
                "MapStream(dataset, category_names=[…]), the name of label i + 1 at position i"
            )
        return self._names

    @property
    def category_other_names(self) -> Sequence[Sequence[str]] | None:
        """What else the categories are called, if the dataset says."""
        return getattr(self.dataset, "category_other_names", None)

    def _make(self, item: int, index: int, epoch: int, unwanted: Collection[int]) -> tuple[Sample, int]:
        place = f"{type(self.dataset).__name__}[{item}]"
        with self._random_numbers(index, epoch):
            left_out = 0
            try:
                if unwanted and self._draws_nothing and type(self.dataset).__getitem__ is AnnotatedImages.__getitem__:
                    given, left_out = self.dataset.before_transforms(item, unwanted)
                else:
                    given = self.dataset[item]
            except (OSError, SyntaxError) as error:  # what Pillow raises of files that are no images
                raise BrokenSampleError(f"{place}: cannot be read: {error}") from error
            if isinstance(self.dataset, AnnotatedImages):
                image, target = given
                target["area"] = target["area"].round().to(torch.int64)
            else:
                categories = None if self._names is None else len(self._names)
                image, target = complete_sample(place, given, item, categories)
            if self.transforms is not None:
                image, target = transform_annotated(self.transforms, image, target)
            return (image, target), left_out

    @property
    def _draws_nothing(self) -> bool:
        return self.transforms is None and isinstance(self.dataset, AnnotatedImages) and self.dataset.transforms is None

    def _random_numbers(self, index: int, epoch: int) -> AbstractContextManager[None]:
        if self._draws_nothing:
            return nullcontext()  # seeding takes a tenth of a millisecond
        return global_generators_from(sample_generator(self.seed, epoch, index, purpose=Purpose.TRANSFORMS))


def as_stream(dataset: Any) -> SampleStream:
    """A stream as it is; a map-style dataset as a :class:`MapStream` with its defaults, shuffled.

    Raises:
        StreamError: it is neither.
    """
    if isinstance(dataset, SampleStream):
        return dataset
    is_map = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    require("dataset", dataset, is_map, "a dataset of the package, or a map-style one, with a length and [i]")
    return MapStream(dataset)
