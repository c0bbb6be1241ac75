"""Copy-paste: annotated photos with objects of a library pasted into them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor
from torchvision.tv_tensors import Image

from sos_online.compose import compose
from sos_online.data.dataset import OnError
from sos_online.data.layout_files import read_layout_files
from sos_online.data.lit_map import SEGMENTS_ONLY, lit_map
from sos_online.data.map_stream import as_stream
from sos_online.data.mixing.mixture import Synonyms, as_table
from sos_online.data.mixing.names import LEFT_OUT, join_categories
from sos_online.data.mixing.relabel import Relabelling
from sos_online.data.mixing.report import RowsLeftOut, VocabularyReport, vocabulary_report
from sos_online.data.mixing.sources import JoinedFailures, categories_of, check_is_read, library_categories
from sos_online.data.paste_target import paste_target
from sos_online.data.sample_iterator import Sample
from sos_online.data.shard import Ranks
from sos_online.data.stream import SampleStream, require
from sos_online.errors import BrokenSegmentError, StreamError
from sos_online.library import SegmentLibrary
from sos_online.ops.heap import keep_freed_memory
from sos_online.plan import BackgroundChoice, Planner
from sos_online.recipe import Recipe
from sos_online.relight import Lighting
from sos_online.rng import Purpose, sample_generator
from sos_online.targets import build_target
from sos_online.types import Scene, Target

_REPLACEMENTS = 16
_SOURCES = ("photos", "library")


class CopyPaste(SampleStream):
    """Annotated photos as canvases: sample ``i`` is photo ``i`` with segments pasted into it, at the photo's own size.

    Pasted objects lie on top, and their rows come first: those with ``segment_ids`` from 0 on; a photo's rows have -1.
    What the photo had annotated is brought up to date, see ``sos_online.data.paste_target``. Light falls on pasted
    objects alone; the photo's own are background to it.

    Args:
        photos: annotated photos: a map-style dataset, such as :class:`CocoDataset`, or a stream. Their pictures are
            finished, uint8 ``[3, H, W]``, their targets have masks, and their transforms are run before.
        library: where segments come from.
        recipe: how many, which, where, how lit; its canvas and backgrounds are not used. The published setting if None.
        seed: in ``[0, 2**63)``.
        names, synonyms: of the vocabulary that joins both, the photos' names first, see :func:`mix`. With fixed
            ``names``, segments of other categories are not pasted.
        on_error: what a broken segment does, see :class:`SOSDataset`. Broken photos are their own dataset's matter.
        block_size, ranks: see :class:`SampleStream`.

    Raises:
        StreamError: an argument is wrong.
        RecipeError: the recipe wants what the library cannot give.
    """

    def __init__(
        self,
        photos: Any,
        library: SegmentLibrary,
        recipe: Recipe | None = None,
        *,
        seed: int = 0,
        names: Sequence[str] | None = None,
        synonyms: Synonyms | None = None,
        on_error: OnError = "raise",
        block_size: int = 1,
        ranks: Ranks | None = None,
    ) -> None:
        self.photos = photos = as_stream(photos)
        check_is_read("photos", photos, "CopyPaste")
        require("photos", photos, not _waits(photos.device_recipe), "finished pictures, not ones that wait for light")
        require("library", library, hasattr(library, "manifest"), "a SegmentLibrary, such as SegmentLibrary.open(path)")
        require("recipe", recipe, recipe is None or isinstance(recipe, Recipe), "a Recipe, such as Recipe.load(path)")
        require("seed", seed, isinstance(seed, int) and 0 <= seed < 2**63, "an integer in 0 … 2**63 - 1")
        require("on_error", on_error, on_error in get_args(OnError), " or ".join(get_args(OnError)))
        super().__init__(photos.length, block_size=block_size, ranks=ranks)
        self.library = library
        self.recipe = recipe or Recipe()
        _check_recipe(self.recipe)
        self.seed = seed
        self.on_error = on_error
        self.failures = JoinedFailures([photos.failures])
        self._vocabulary = join_categories(
            [categories_of(_SOURCES[0], photos), library_categories(_SOURCES[1], library)],
            names=names,
            synonyms=as_table(synonyms),
        )
        self._relabel_photo = Relabelling(_SOURCES[0], self._vocabulary.matches[0])
        self._segment_labels = torch.tensor([0, *(match.label for match in self._vocabulary.matches[1])])
        self._rows_left_out = RowsLeftOut(len(_SOURCES))
        layout_files = read_layout_files(self.recipe.layout)
        self._layout_hashes = [data.fingerprint() for data in layout_files.values()]
        self._planner = Planner(
            index=library,
            num_photos=0,
            count=self.recipe.objects,
            choice=self.recipe.choice,
            layout=self.recipe.layout,
            rules=self.recipe.placement,
            background=BackgroundChoice(),
            light=self.recipe.light,
            layout_files=layout_files,
        )
        self._planner.check()
        self._lighting = Lighting()

    def __repr__(self) -> str:
        return f"CopyPaste({self.photos!r}, {self.library!r}, seed={self.seed}, epoch={self.epoch})"

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        """Any sample of any epoch, at any time, always the same. ``target["image_id"]`` is the photo's.

        Raises:
            StreamError: the index is not in the epoch, or the photo's target lacks what pasting needs.
            BrokenSegmentError: under ``on_error="raise"``.
        """
        self.check_index(index)
        epoch = self.epoch if epoch is None else epoch
        image, target = self.photos.sample(index, epoch)
        _check_photo(image)
        target, left_out = self._relabel_photo(target)
        if left_out:
            self._rows_left_out.add(0, left_out)
        size_hw = (image.shape[1], image.shape[2])
        for attempt in range(_REPLACEMENTS):
            # numbers of its own, so that a scene of the same seed is not pasted on itself
            rng = sample_generator(self.seed, epoch, index, attempt=attempt, purpose=Purpose.PASTE)
            scene = self._planner.plan(size_hw, rng)
            try:
                return self._paste(image, target, scene)
            except BrokenSegmentError:
                if self.on_error != "replace":
                    raise
        raise StreamError(f"sample {index} of epoch {epoch}: {_REPLACEMENTS} plans in a row met broken segments")

    def identity(self) -> dict[str, Any]:
        """What a position in this stream depends on: plain values, equal for equal streams."""
        return {
            "photos": self.photos.identity(),
            "recipe": self.recipe.fingerprint(),
            "library": self.library.manifest.fingerprint,
            "layout_files": self._layout_hashes,
            "vocabulary": self._vocabulary.fingerprint(),
            "seed": self.seed,
            "length": self.length,
        }

    @property
    def parts(self) -> Sequence[SampleStream]:
        return (self.photos,)

    @property
    def category_names(self) -> Sequence[str]:
        return self._vocabulary.names

    @property
    def category_other_names(self) -> Sequence[Sequence[str]]:
        """What else each category is called, for a mixture that this stream is a source of."""
        return self._vocabulary.other_names

    @property
    def source_names(self) -> Sequence[str]:
        return self.photos.source_names

    @property
    def device_recipe(self) -> Recipe | None:
        return self.recipe if _waits(self.recipe) else None

    @property
    def same_size_for(self) -> int | None:
        return self.photos.same_size_for

    def annotated_labels(self, target: Target) -> set[int]:
        """Labels that the photos are annotated with; a photo says nothing of the library's other categories."""
        looked_for = set(self.photos.annotated_labels(target))
        matches = enumerate(self._vocabulary.matches[0], start=1)
        return set(self._relabel_photo.labels) - {match.label for part, match in matches if part not in looked_for}

    def vocabulary_report(self) -> VocabularyReport:
        """How the photos' categories and the library's were joined; ``print`` it."""
        return vocabulary_report(self._vocabulary, _SOURCES, self._rows_left_out)

    def _paste(self, image: Image, target: Target, scene: Scene) -> Sample:
        keep_freed_memory()
        canvas = np.ascontiguousarray(image.as_subclass(Tensor).numpy().transpose(1, 2, 0)).copy()
        labels = self._segment_labels
        known = tuple(part for part in scene.placements if int(labels[part.category]) != LEFT_OUT)
        scene = Scene(scene.size_hw, scene.background, known, scene.light)
        composite = compose(scene, self.library, canvas, self.recipe.visibility, self._on_broken)
        pasted = build_target(composite, self.recipe.target, image_id=0)
        pasted["labels"] = labels[pasted["labels"]]
        joined = paste_target(target, pasted, self.recipe.visibility)
        finished = Image(torch.from_numpy(composite.image))
        if scene.light is None:
            return finished, joined
        if self.recipe.device.light:
            return finished, {**joined, "light": scene.light, SEGMENTS_ONLY: True}
        lit = self._lighting.light_one(
            finished, lit_map({**joined, SEGMENTS_ONLY: True}), len(joined["labels"]), scene.light
        )
        return Image(lit), joined

    def _on_broken(self, error: BrokenSegmentError) -> None:
        """Count, then go on without what is broken under ``warn``, else raise."""
        self.failures.count(error)
        if self.on_error != "warn":
            raise error
        warnings.warn(f"left out: {error}", RuntimeWarning, stacklevel=2)


def _waits(recipe: Recipe | None) -> bool:
    """Whether pictures of a recipe are finished in the device stage."""
    return recipe is not None and (recipe.device.composite or (recipe.light is not None and recipe.device.light))


def _check_recipe(recipe: Recipe) -> None:
    require("recipe: device.composite", True, not recipe.device.composite, "false: objects are pasted in the worker")
    require(
        "recipe: reservoir", recipe.reservoir, recipe.reservoir is None, "none: it lights objects, not parts of a photo"
    )


def _check_photo(image: Any) -> None:
    picture = isinstance(image, Tensor) and image.ndim == 3 and len(image) == 3 and image.dtype is torch.uint8
    found = f"{list(image.shape)} {image.dtype}" if isinstance(image, Tensor) else type(image).__name__
    require("photo", found, picture, "uint8 [3, H, W]; leave the scaling to 0 … 1 to the loader")
