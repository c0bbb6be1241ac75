"""The stream: a dataset whose samples are made when they are asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Literal, get_args

import cv2
import torch
from torch.utils.data import IterableDataset, get_worker_info
from torchvision.tv_tensors import Image

from sos_online.compose import compose, paint_background
from sos_online.data.backgrounds import Backgrounds
from sos_online.data.failures import FailureCounts
from sos_online.data.shard import Ranks, Rounds
from sos_online.errors import BrokenPhotoError, BrokenSegmentError, StreamError
from sos_online.library import SegmentLibrary
from sos_online.plan import Planner
from sos_online.recipe import Recipe
from sos_online.rng import Purpose, global_generators_from, sample_generator
from sos_online.targets import build_target, refit_target
from sos_online.types import Composite, Pixels, Scene, SolidBackground, Target

Sample = tuple[Image, Target]
OnError = Literal["raise", "warn", "replace"]
_REPLACEMENTS = 16
_GREY = (127, 127, 127)


class SOSDataset(IterableDataset[Sample]):
    """Synthetic samples ``(image, target)``, each a pure function of recipe, library, seed, epoch and index.

    ``image`` is uint8 ``[3, H, W]`` RGB, ``target`` as ``sos_online.targets.build_target`` says: torchvision's
    detection convention, as ``transforms.v2`` takes it. Models take what ``make_loader`` or ``DeviceStage`` make of it.

    Args:
        library: where segments come from.
        recipe: what the stream looks like; the published setting if None.
        seed: in ``[0, 2**63)``.
        length: samples in an epoch.
        backgrounds: photos, if the recipe uses them.
        transforms: ``(image, target) -> (image, target)``, such as ``transforms.v2``. It runs under global generators
            seeded from the sample; rows that lose all pixels go, and boxes are refitted to the moved instance map.
        on_error: what a broken segment or photo does. ``raise``: stop. ``warn``: leave the segment out (a photo
            becomes plain grey) and warn. ``replace``: plan the sample anew from numbers of its own. All are counted in
            ``failures``, and all give the same sample every time.
        block_size: consecutive indices that a worker serves before the next worker's turn. Set it to the batch size
            when you use your own ``DataLoader``, and batches do not depend on the number of workers (``make_loader``
            does so).
        ranks: this process among those that train together, for your own ``DataLoader``; found in
            ``torch.distributed`` or in the environment (RANK, WORLD_SIZE) if None.

    With a ``DataLoader`` of your own, call ``set_epoch`` before each epoch (it knows of none), and pass
    ``collate_fn=sos_online.collate`` and a :class:`DeviceStage` behind it, or a collate function of yours.
    Making a dataset switches OpenCV's own threads off in this process, see ``_one_opencv_thread``.

    Raises:
        RecipeError: the recipe wants photos and there are none.
    """

    def __init__(
        self,
        library: SegmentLibrary,
        recipe: Recipe | None = None,
        *,
        seed: int = 0,
        length: int = 100_000,
        backgrounds: Backgrounds | None = None,
        transforms: Callable[[Any, Any], tuple[Any, Any]] | None = None,
        on_error: OnError = "raise",
        block_size: int = 1,
        ranks: Ranks | None = None,
    ) -> None:
        _check("library", library, hasattr(library, "manifest"), "a SegmentLibrary, such as SegmentLibrary.open(path)")
        _check("recipe", recipe, recipe is None or isinstance(recipe, Recipe), "a Recipe, such as Recipe.load(path)")
        is_photos = backgrounds is None or hasattr(backgrounds, "read")
        _check("backgrounds", backgrounds, is_photos, "Backgrounds, such as Backgrounds.open(folder)")
        for name, number in (("seed", seed), ("length", length), ("block_size", block_size)):
            _check(name, number, isinstance(number, int), "an integer")
        _check("seed", seed, 0 <= seed < 2**63, "0 … 2**63 - 1")
        _check("length", length, length >= 1, "at least 1")
        _check("block_size", block_size, block_size >= 1, "at least 1")
        _check("on_error", on_error, on_error in get_args(OnError), " or ".join(get_args(OnError)))
        self.library = library
        self.recipe = recipe or Recipe()
        self.seed = seed
        self.length = length
        self.backgrounds = backgrounds
        self.transforms = transforms
        self.on_error = on_error
        self.block_size = block_size
        self.ranks = ranks
        self.failures = FailureCounts()
        self._planner = Planner(
            index=library,
            num_photos=0 if backgrounds is None else len(backgrounds),
            count=self.recipe.objects,
            choice=self.recipe.choice,
            layout=self.recipe.layout,
            rules=self.recipe.placement,
            background=self.recipe.background,
        )
        self._planner.check()
        _one_opencv_thread()
        # epoch, and how often it was set; in shared memory, so that it reaches workers that are kept between epochs
        self._epoch = torch.zeros(2, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    @property
    def epoch(self) -> int:
        """The epoch that the next pass serves."""
        return int(self._epoch[0])

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next pass serves; reaches persistent workers too."""
        _check("epoch", epoch, 0 <= epoch < 2**63, "0 … 2**63 - 1")
        self._epoch[0] = epoch
        self._epoch[1] += 1

    @property
    def times_set(self) -> int:
        """How often the epoch was set; by this a loader notices that it was, even if to the same value."""
        return int(self._epoch[1])

    def scene(self, index: int, epoch: int | None = None) -> Scene:
        """The plan of a sample; ``epoch`` is the dataset's if None. Under ``on_error="replace"``, the first plan."""
        return self._plan(index, self.epoch if epoch is None else epoch, attempt=0)

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        """Any sample of any epoch, at any time, always the same. ``target["image_id"]`` is its index.

        Raises:
            StreamError: the index is not in the epoch.
            BrokenSegmentError, BrokenPhotoError: under ``on_error="raise"``.
        """
        epoch = self.epoch if epoch is None else epoch
        composite = self._render(index, epoch)
        image = Image(torch.from_numpy(composite.image))
        target = build_target(composite, self.recipe.target, image_id=index)
        if self.transforms is None:
            return image, target
        with global_generators_from(sample_generator(self.seed, epoch, index, purpose=Purpose.TRANSFORMS)):
            transformed = self.transforms(image, dict(target))
        if not (isinstance(transformed, tuple) and len(transformed) == 2):
            raise StreamError(f"transforms: expected (image, target), found {type(transformed).__name__}")
        return refit_target(*transformed, before=target)

    def identity(self) -> dict[str, Any]:
        """What a position in this stream depends on: plain values, equal for equal streams."""
        return {
            "recipe": self.recipe.fingerprint(),
            "library": self.library.manifest.fingerprint,
            "seed": self.seed,
            "length": self.length,
            "photos": None if self.backgrounds is None else self.backgrounds.fingerprint(),
        }

    def __len__(self) -> int:
        """Samples that this rank serves in an epoch."""
        rounds = Rounds(self.length, self.block_size, (self.ranks or Ranks.detect()).world)
        return sum(map(rounds.size, range(rounds.full, len(rounds))), start=rounds.full * self.block_size)

    def __iter__(self) -> SampleIterator:
        ranks = self.ranks or Ranks.detect()
        return self.serve(self.epoch, Rounds(self.length, self.block_size, ranks.world), ranks.rank)

    def __getstate__(self) -> dict[str, Any]:
        # a worker that is spawned, not forked, sees no process group: tell it the ranks that are seen here
        return {**self.__dict__, "ranks": self.ranks or Ranks.detect()}

    def serve(self, epoch: int, rounds: Rounds, rank: int) -> SampleIterator:
        """This process' part (of the rank's, if it is a ``DataLoader`` worker) of what is left of an epoch."""
        worker = get_worker_info()
        if worker is None:
            return SampleIterator(self, epoch, rounds, rank, worker=0, workers=1)
        _one_opencv_thread()
        return SampleIterator(self, epoch, rounds, rank, worker.id, worker.num_workers)

    def _plan(self, index: int, epoch: int, attempt: int) -> Scene:
        if not 0 <= index < self.length:
            raise StreamError(f"index {index} is not in an epoch of {self.length} samples")
        sizes = self.recipe.canvas.sizes
        if len(sizes) == 1:
            size_hw = sizes[0]
        else:
            group = index // self.recipe.canvas.same_for
            rng = sample_generator(self.seed, epoch, group, purpose=Purpose.CANVAS_SIZE)
            size_hw = sizes[int(rng.integers(len(sizes)))]
        return self._planner.plan(size_hw, sample_generator(self.seed, epoch, index, attempt=attempt))

    def _render(self, index: int, epoch: int) -> Composite:
        for attempt in range(_REPLACEMENTS):
            try:
                scene = self._plan(index, epoch, attempt)
                canvas = self._paint_background(scene)
                return compose(scene, self.library, canvas, self.recipe.visibility, self._on_broken)
            except (BrokenSegmentError, BrokenPhotoError):
                if self.on_error != "replace":
                    raise
        raise StreamError(
            f"sample {index} of epoch {epoch}: {_REPLACEMENTS} plans in a row met broken segments or photos"
        )

    def _paint_background(self, scene: Scene) -> Pixels:
        try:
            return paint_background(scene.background, scene.size_hw, self.backgrounds)
        except BrokenPhotoError as error:
            self._on_broken(error)
            return paint_background(SolidBackground(_GREY), scene.size_hw, None)

    def _on_broken(self, error: BrokenSegmentError | BrokenPhotoError) -> None:
        """Count, then go on without what is broken under ``warn``, else raise."""
        self.failures.count(error)
        if self.on_error != "warn":
            raise error
        warnings.warn(f"left out: {error}", RuntimeWarning, stacklevel=2)


class SampleIterator:
    """One pass of one process over its part of an epoch; its state is one count, see ``state_dict``.

    ``torchdata.stateful_dataloader.StatefulDataLoader`` saves and restores it.
    """

    def __init__(self, dataset: SOSDataset, epoch: int, rounds: Rounds, rank: int, worker: int, workers: int) -> None:
        self._dataset = dataset
        self._epoch = epoch
        self._rounds = rounds
        self._rank = rank
        self._worker = worker
        self._workers = workers
        self._served = 0

    def __iter__(self) -> SampleIterator:
        return self

    def __next__(self) -> Sample:
        turn, offset = divmod(self._served, self._rounds.block)
        number = self._worker + turn * self._workers
        if number >= len(self._rounds) or offset >= self._rounds.size(number):
            raise StopIteration
        sample = self._dataset.sample(self._rounds.index(number, self._rank, offset), self._epoch)
        self._served += 1
        return sample

    def state_dict(self) -> dict[str, Any]:
        """The epoch, how many samples this process has served of its part, and what that is a part of."""
        return {"epoch": self._epoch, "served": self._served, **self._identity()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken. Raises ``StreamError`` if it is of another stream, rank or worker."""
        check_identity(state, self._identity())
        self._epoch, self._served = state["epoch"], state["served"]

    def _identity(self) -> dict[str, Any]:
        part = {"rank": self._rank, "world": self._rounds.world, "worker": self._worker, "workers": self._workers}
        return {**self._dataset.identity(), **part, "block_size": self._rounds.block}


def check_identity(state: dict[str, Any], expected: dict[str, Any]) -> None:
    """Raise ``StreamError`` naming the first key in which a saved state is of something else."""
    for key, value in expected.items():
        if state.get(key) != value:
            raise StreamError(f"state: {key}: expected {value!r}, as this stream has it, found {state.get(key)!r}")


def _one_opencv_thread() -> None:
    """Switch OpenCV's thread pool off in this process.

    Workers are the parallelism. More than that, a pool that exists when ``DataLoader`` forks reaches the worker without
    its threads, and the worker's first use of it waits for ever; so it must be gone in the parent before.
    """
    if cv2.getNumThreads() > 1:
        cv2.setNumThreads(0)


def _check(name: str, value: object, valid: bool, expected: str) -> None:
    if not valid:
        raise StreamError(f"{name}: expected {expected}, found {value!r}")
