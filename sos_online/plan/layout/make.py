"""The layouts that a recipe may ask for, and from its settings the layout that draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field

from sos_online.errors import RecipeError
from sos_online.plan.layout.box_table import FromTable, TableSampler
from sos_online.plan.layout.laid_out import BoxesAlone, Layout
from sos_online.plan.layout.learned import FromLearned, LearnedSampler
from sos_online.plan.layout.matching import DrawableCategories
from sos_online.plan.layout.mixture import Mixture, MixtureSampler, SingleLayout, with_its_kind
from sos_online.plan.layout.random_boxes import RandomBoxes, random_boxes
from sos_online.plan.layout.random_centres import RandomCentres, random_centres
from sos_online.plan.layout.size_prior import SizePrior, size_prior_boxes
from sos_online.types import BoxTable, LayoutData, LearnedLayout

AnyLayout = SizePrior | RandomBoxes | RandomCentres | FromTable | FromLearned | Mixture

LayoutChoice = Annotated[Annotated[AnyLayout, Field(discriminator="kind")], BeforeValidator(with_its_kind)]

FromFile = FromTable | FromLearned
FileKey = tuple[str, str]
"""Kind of a layout, and path as the recipe has it."""


def layouts_of_files(choice: AnyLayout) -> Iterator[FromFile]:
    """The layouts that are drawn from a file, in the recipe's order."""
    for one in [part.layout for part in choice.drawn] if isinstance(choice, Mixture) else [choice]:
        if isinstance(one, FromTable | FromLearned):
            yield one


def make_layout(
    choice: AnyLayout, files: Mapping[FileKey, LayoutData], known: DrawableCategories | None = None
) -> Layout:
    """The layout that a recipe describes.

    Args:
        choice: ``layout`` of the recipe.
        files: what the files of :func:`layouts_of_files` hold.
        known: the library's categories; None if a layout's categories are to be ignored.

    Raises:
        RecipeError: a file was not given, or the library has none of the categories that a layout asks for.
    """
    if isinstance(choice, Mixture):
        weights = [part.weight for part in choice.drawn]
        return MixtureSampler(weights, [_make_one(part.layout, files, known) for part in choice.drawn])
    return _make_one(choice, files, known)


def _make_one(choice: SingleLayout, files: Mapping[FileKey, LayoutData], known: DrawableCategories | None) -> Layout:
    if isinstance(choice, SizePrior):
        return BoxesAlone(partial(size_prior_boxes, choice))
    if isinstance(choice, RandomBoxes):
        return BoxesAlone(partial(random_boxes, choice))
    if isinstance(choice, RandomCentres):
        return BoxesAlone(partial(random_centres, choice))
    data = files.get((choice.kind, choice.path))
    if isinstance(choice, FromTable) and isinstance(data, BoxTable):
        return TableSampler(choice, data, known)
    if isinstance(choice, FromLearned) and isinstance(data, LearnedLayout):
        return LearnedSampler(choice, data, known)
    raise RecipeError(f"layout {choice.kind}: what is in {choice.path} was not given to the planner")
