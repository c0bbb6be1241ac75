"""Weights of categories: the user's, or by how frequent each is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field, field_validator, model_validator

from sos_online.errors import RecipeError
from sos_online.ops.names import fold
from sos_online.plan.weighted import Weight, expected_names
from sos_online.types import Section, SegmentIndex

Floats = npt.NDArray[np.float64]
CountedBy = Literal["segments", "images"]


class EvenWeights(Section):
    """Every category has the weight 1."""

    kind: Literal["uniform"] = "uniform"


class InverseFrequency(Section):
    """``w_c = f_c ** -power``.

    Attributes:
        power: 1 makes up for the frequency wholly, 0.5 by its square root.
        counted_by: what ``f_c`` is the share of: of the ``segments`` that can be drawn, or of the ``images`` of the
            annotation files, as the library has it from its sources.
    """

    kind: Literal["inverse_frequency"] = "inverse_frequency"
    power: float = Field(default=1.0, gt=0, le=4)
    counted_by: CountedBy = "segments"


class RepeatFactor(Section):
    """``w_c = max(1, sqrt(threshold / f_c))``: rare categories first, the others as they come (Gupta et al., LVIS: A
    dataset for large vocabulary instance segmentation, 2019; there with images, and this threshold).

    Attributes:
        threshold: the frequency below which a category is rare.
        counted_by: see :class:`InverseFrequency`.
    """

    kind: Literal["repeat_factor"] = "repeat_factor"
    threshold: float = Field(default=0.001, gt=0, le=1)
    counted_by: CountedBy = "segments"


class NamedWeights(Section):
    """The user's own weights.

    Attributes:
        names: weight by the name of a category, or by one that is joined in it, but for case, blanks and underscores. A
            synonym that a source states will do if it is that of one category alone.
        others: weight of each category that is not named; 0 draws the named ones alone.
    """

    kind: Literal["named"] = "named"
    names: Annotated[dict[str, Weight], Field(min_length=1)]
    others: Weight = 1.0

    @field_validator("names")
    @classmethod
    def _in_one_order(cls, names: dict[str, float]) -> dict[str, float]:
        if len(set(map(fold, names))) < len(names):
            raise ValueError("two of the names are those of one category")
        return dict(sorted(names.items()))

    @model_validator(mode="after")
    def _draws_something(self) -> NamedWeights:
        if self.others == 0 and not any(self.names.values()):
            raise ValueError(f"expected a weight above 0, found {self.names} and 0 for the others")
        return self


def _by_its_kind(value: object) -> object:
    """``repeat_factor`` is short for ``{kind: repeat_factor}``."""
    return {"kind": value} if isinstance(value, str) else value


CategoryWeights = Annotated[
    Annotated[EvenWeights | InverseFrequency | RepeatFactor | NamedWeights, Field(discriminator="kind")],
    BeforeValidator(_by_its_kind),
]


def category_weights(
    weights: CategoryWeights, index: SegmentIndex, segments: npt.NDArray[np.int64], why_none: Callable[[int], str]
) -> Floats:
    """Weight of each category, float64 ``[num_categories]``; what it says of one without segments has no meaning.

    Args:
        weights: ``choice.weights`` of a recipe.
        index: the library.
        segments: ``[num_categories]``, how many segments of each category can be drawn.
        why_none: why no segment of a category can be drawn, by its id.

    Raises:
        RecipeError: a category that is named does not exist or has no segment, or frequencies are not known.
    """
    if isinstance(weights, NamedWeights):
        return _named(weights, index, segments, why_none)
    if isinstance(weights, EvenWeights):
        return np.ones(index.num_categories)
    shares = segments / segments.sum() if weights.counted_by == "segments" else _image_shares(index, segments)
    shares = np.where(segments > 0, shares, 1.0)
    if isinstance(weights, RepeatFactor):
        result: Floats = np.maximum(1.0, np.sqrt(weights.threshold / shares))
    else:
        result = (shares / shares.min()) ** -weights.power  # over the rarest, so that no number is too large
    return result


def _named(
    weights: NamedWeights, index: SegmentIndex, segments: npt.NDArray[np.int64], why_none: Callable[[int], str]
) -> Floats:
    by_name = index.categories_by_name()
    result = np.full(index.num_categories, weights.others)
    named: dict[int, str] = {}
    for name, weight in weights.names.items():
        where = f"choice.weights.names.{name}"
        ids = by_name.get(fold(name), ())
        if not ids:
            raise RecipeError(f"{where}: the library has no such category: {_nearest(name, index, by_name)}")
        if len(ids) > 1:
            several = ", ".join(repr(index.category_names[number - 1]) for number in ids)
            raise RecipeError(f"{where}: expected the name of one category, found a synonym of {several}")
        (number,) = ids
        if number in named:
            raise RecipeError(
                f"{where}: is the category {index.category_names[number - 1]!r}, and so is {named[number]!r}: "
                "expected one weight for it"
            )
        if weight > 0 and segments[number - 1] == 0:
            raise RecipeError(f"{where}: has the weight {weight:g}, and {why_none(number)}")
        named[number] = name
        result[number - 1] = weight
    return result


def _nearest(name: str, index: SegmentIndex, by_name: Mapping[str, Sequence[int]]) -> str:
    """What there is instead of a category's name, to end a message; for a synonym its category is shown."""
    if index.num_categories <= 10:
        return expected_names(name, index.category_names)
    near = (
        index.category_names[number - 1] for one in get_close_matches(fold(name), by_name) for number in by_name[one]
    )
    shown = ", ".join(dict.fromkeys(near))
    return f"it has {index.num_categories:,}" + (f", such as {shown}" if shown else "")


def _image_shares(index: SegmentIndex, segments: npt.NDArray[np.int64]) -> Floats:
    shares = index.category_image_shares
    unknown = np.flatnonzero((segments > 0) & ~(shares > 0))
    if len(unknown):
        raise RecipeError(
            f"choice.weights.counted_by: images: the library does not know in how many images {len(unknown):,} of its "
            f"{np.count_nonzero(segments):,} categories are, such as {index.category_names[unknown[0]]!r}: expected "
            "sources with annotation files for all, or counted_by: segments"
        )
    return shares


def source_weights(sources: dict[str, float] | None, index: SegmentIndex) -> Floats:
    """Weight of each source, float64 ``[num_sources]``: 1 each, or 0 for those that are not named.

    Raises:
        RecipeError: the library has no source of that name.
    """
    if sources is None:
        return np.ones(index.num_sources)
    for name in sources:
        if name not in index.source_names:
            raise RecipeError(
                f"choice.sources.{name}: the library has no such source: {expected_names(name, index.source_names)}"
            )
    return np.array([sources.get(name, 0.0) for name in index.source_names])
