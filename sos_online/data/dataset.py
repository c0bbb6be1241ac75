"""The stream: a dataset whose samples are made when they are asked for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import torch
from torchvision.tv_tensors import Image

from sos_online.compose import Patches, compose, compose_patches, paint_background
from sos_online.data.backgrounds import Backgrounds
from sos_online.data.expressions import FactFinder, Speaker
from sos_online.data.layout_files import read_layout_files
from sos_online.data.sample_iterator import Sample
from sos_online.data.shard import Ranks
from sos_online.data.stream import SampleStream, require
from sos_online.data.transforms import Transforms, transform_sample
from sos_online.errors import BrokenPhotoError, BrokenSegmentError, StreamError
from sos_online.library import SegmentLibrary
from sos_online.ops.heap import keep_freed_memory
from sos_online.plan import Planner
from sos_online.recipe import Recipe
from sos_online.relight import Lighting
from sos_online.rng import Purpose, sample_generator
from sos_online.targets import build_target
from sos_online.types import (
    Composite,
    Expression,
    PhotoBackground,
    Pixels,
    Scene,
    SceneExpressions,
    SegmentWords,
    SolidBackground,
    Target,
)

OnError = Literal["raise", "warn", "replace"]
_REPLACEMENTS = 16
_GREY = (127, 127, 127)


class SOSDataset(SampleStream):
    """Synthetic samples ``(image, target)``, each a pure function of recipe, library, seed, epoch and index.

    ``image`` is uint8 ``[3, H, W]`` RGB, ``target`` as ``sos_online.targets.build_target`` says: torchvision's
    detection convention, as ``transforms.v2`` takes it. What the recipe leaves to the device stage is in the target
    until it is done: ``light``, the ``LightSpec`` of an image that is still to be lit; ``patches``, the objects that
    are still to be painted on it. ``make_loader`` and ``DeviceStage`` do both and give what models take.

    Args:
        library: where segments come from.
        recipe: what the stream looks like; the published setting if None.
        seed: in ``[0, 2**63)``.
        length: samples in an epoch.
        backgrounds: photos, if the recipe uses them.
        transforms: ``(image, target) -> (image, target)``, such as ``transforms.v2``. It runs under global generators
            seeded from the sample; rows that lose all pixels go, and boxes are refitted to the moved instance map.
        words: of segments of which the library has none, such as ``AnsweredWords``; for the recipe's expressions.
        answered: expressions that were made before, such as ``AnsweredExpressions``; they follow the recipe's own.
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

    Raises:
        RecipeError: the recipe wants photos and there are none, or what the library cannot give.
        SourceError: a file that the recipe's layout is read from is missing or wrong.
    """

    def __init__(
        self,
        library: SegmentLibrary,
        recipe: Recipe | None = None,
        *,
        seed: int = 0,
        length: int = 100_000,
        backgrounds: Backgrounds | None = None,
        transforms: Transforms | None = None,
        words: SegmentWords | None = None,
        answered: SceneExpressions | None = None,
        on_error: OnError = "raise",
        block_size: int = 1,
        ranks: Ranks | None = None,
    ) -> None:
        require("library", library, hasattr(library, "manifest"), "a SegmentLibrary, such as SegmentLibrary.open(path)")
        require("recipe", recipe, recipe is None or isinstance(recipe, Recipe), "a Recipe, such as Recipe.load(path)")
        is_photos = backgrounds is None or hasattr(backgrounds, "read")
        require("backgrounds", backgrounds, is_photos, "Backgrounds, such as Backgrounds.open(folder)")
        require("seed", seed, isinstance(seed, int) and 0 <= seed < 2**63, "an integer in 0 … 2**63 - 1")
        require("on_error", on_error, on_error in get_args(OnError), " or ".join(get_args(OnError)))
        super().__init__(length, block_size=block_size, ranks=ranks)
        self.library = library
        self.recipe = recipe or Recipe()
        no_transforms = transforms is None or not self.recipe.device.composite
        require(
            "transforms", transforms, no_transforms, "none, as recipe.device.composite leaves objects to the device"
        )
        self.seed = seed
        self.backgrounds = backgrounds
        self.transforms = transforms
        self._words, self._answered = words, answered
        self.on_error = on_error
        layout_files = read_layout_files(self.recipe.layout)
        self._layout_hashes = [data.fingerprint() for data in layout_files.values()]
        self._planner = Planner(
            index=library,
            num_photos=0 if backgrounds is None else len(backgrounds),
            count=self.recipe.objects,
            choice=self.recipe.choice,
            layout=self.recipe.layout,
            rules=self.recipe.placement,
            background=self.recipe.background,
            light=self.recipe.light,
            layout_files=layout_files,
        )
        self._planner.check()
        self._lighting = Lighting()
        choice = self.recipe.expressions
        self._speaker = None if choice is None else Speaker(FactFinder(library, words, self._on_broken), choice)

    def __repr__(self) -> str:
        return f"SOSDataset({self.library!r}, seed={self.seed}, length={self.length:,}, epoch={self.epoch})"

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
        for attempt in range(_REPLACEMENTS):
            try:
                scene = self._plan(index, epoch, attempt)
                if self.transforms is None:
                    return self.render(scene, image_id=index)
                image, target, _ = self._render(scene, index)
                rng = sample_generator(self.seed, epoch, index, purpose=Purpose.TRANSFORMS)
                image, target = transform_sample(self.transforms, image, target, rng)
                return image, self._with_words(scene, target, None)
            except (BrokenSegmentError, BrokenPhotoError):
                if self.on_error != "replace":
                    raise
        raise StreamError(
            f"sample {index} of epoch {epoch}: {_REPLACEMENTS} plans in a row met broken segments or photos"
        )

    def render(self, scene: Scene, image_id: int = 0) -> Sample:
        """A scene as a sample, before transforms: one of this stream, or one that was stored (``Scene.from_json``).

        Raises:
            BrokenSegmentError, BrokenPhotoError: unless ``on_error`` is ``warn``.
        """
        image, target, composite = self._render(scene, image_id)
        return image, self._with_words(scene, target, composite)

    def _render(self, scene: Scene, image_id: int) -> tuple[Image, Target, Composite]:
        keep_freed_memory()
        given = scene, self.library, self._paint_background(scene), self.recipe.visibility, self._on_broken
        patches: Patches | None = None
        if self.recipe.device.composite:
            composite, patches = compose_patches(*given)
        else:
            composite = compose(*given)
        image = Image(torch.from_numpy(composite.image))
        target = build_target(composite, self.recipe.target, image_id)
        if patches is not None:
            target["patches"] = patches
        if scene.light is not None and self.recipe.device.light:
            target["light"] = scene.light
        elif scene.light is not None:
            ids, count = target["instance_map"], len(target["labels"])
            image = Image(self._lighting.light_one(image, ids, count, scene.light))
        return image, target, composite

    def _with_words(self, scene: Scene, target: Target, composite: Composite | None) -> Target:
        """A finished target with its expressions; ``composite`` is None if transforms have moved what is in it."""
        expressions: list[Expression] = []
        if self._speaker is not None and scene.words_seed is not None:
            is_photo = isinstance(scene.background, PhotoBackground)
            expressions = self._speaker.speak(target, composite, scene.words_seed, is_photo=is_photo)
        elif self._answered is None:
            return target
        if self._answered is not None:
            said = {expression["text"] for expression in expressions}
            more = self._answered.for_scene(scene, target) or []
            expressions += [expression for expression in more if expression["text"] not in said]
        return {**target, "expressions": expressions}

    def identity(self) -> dict[str, Any]:
        """What a position in this stream depends on: plain values, equal for equal streams."""
        return {
            "recipe": self.recipe.fingerprint(),
            "library": self.library.manifest.fingerprint,
            "layout_files": self._layout_hashes,
            "seed": self.seed,
            "length": self.length,
            "photos": None if self.backgrounds is None else self.backgrounds.fingerprint(),
            "words": None if self._words is None else self._words.fingerprint(),
            "answered": None if self._answered is None else self._answered.fingerprint(),
        }

    @property
    def category_names(self) -> Sequence[str]:
        return self.library.category_names

    @property
    def device_recipe(self) -> Recipe | None:
        return self.recipe

    @property
    def same_size_for(self) -> int | None:
        canvas = self.recipe.canvas
        return canvas.same_for if len(canvas.sizes) > 1 else None

    def _plan(self, index: int, epoch: int, attempt: int) -> Scene:
        self.check_index(index)
        sizes = self.recipe.canvas.sizes
        if len(sizes) == 1:
            size_hw = sizes[0]
        else:
            group = index // self.recipe.canvas.same_for
            rng = sample_generator(self.seed, epoch, group, purpose=Purpose.CANVAS_SIZE)
            size_hw = sizes[int(rng.integers(len(sizes)))]
        scene = self._planner.plan(size_hw, sample_generator(self.seed, epoch, index, attempt=attempt))
        if self._speaker is None:
            return scene
        # numbers of their own, so that a recipe has the same scenes with words and without
        rng = sample_generator(self.seed, epoch, index, attempt=attempt, purpose=Purpose.WORDS)
        return replace(scene, words_seed=int(rng.integers(2**63)))

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
