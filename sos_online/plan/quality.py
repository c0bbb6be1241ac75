"""Which segments are good enough: a filter by what is known of their quality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sos_online.errors import RecipeError
from sos_online.plan.groups import Groups
from sos_online.plan.selection import Bools, Selection
from sos_online.types import FLAGS, Flag, Measure, Section, SegmentIndex
from sos_online.types.values import NonNegative, Share

Preset = Literal["filter_0", "filter_1", "filter_2", "filter_3", "filter_4"]
PRESETS: dict[Preset, tuple[Flag, ...]] = {
    "filter_0": (),
    "filter_1": ("IsInstance",),
    "filter_2": ("Integrity",),
    "filter_3": ("QualityAndRegularity",),
    "filter_4": FLAGS,
}
"""The filters of the SOS paper (arXiv 2510.09110)."""

KeepOrDrop = Literal["keep", "drop"]


class QualityFilter(Section):
    """What a segment must be to be drawn; it must pass all of it. The measures are explained in ``types.quality``.

    Attributes:
        preset: flags that must hold, as published: none, ``IsInstance``, ``Integrity``, ``QualityAndRegularity``, all.
        flags: further flags that must hold.
        unknown_flags: what becomes of a segment whose source says nothing of a flag that must hold: ``error`` refuses
            the library, ``keep`` and ``drop`` decide. A library that has the flag nowhere is refused in any case.
        min_opaque: fewest opaque pixels.
        at_border: of a segment that reaches the border of the picture that it was cut from, and may be cut off. Where
            that is not known it is kept: cut-outs that were cropped to their alpha would all be gone.
        min_component_share: smallest share of the opaque pixels in the largest piece.
        min_edge_sharpness: smallest sharpness of the outline.
        min_laplacian_variance: smallest variance of the Laplacian; less is blurred, or plain.
        near_duplicates: of a segment that nearly repeats an earlier one of its category. The earlier one may be dropped
            for another reason; this one is not kept in its place. Plain objects are never taken for repeated.
    """

    preset: Preset = "filter_0"
    flags: tuple[Flag, ...] = ()
    unknown_flags: Literal["error", "keep", "drop"] = "error"
    min_opaque: NonNegative = 0
    at_border: KeepOrDrop = "keep"
    min_component_share: Share = 0.0
    min_edge_sharpness: Share = 0.0
    min_laplacian_variance: Annotated[float, Field(ge=0)] = 0.0
    near_duplicates: KeepOrDrop = "keep"

    @property
    def required_flags(self) -> tuple[Flag, ...]:
        return tuple(flag for flag in FLAGS if flag in PRESETS[self.preset] or flag in self.flags)

    def criteria(self) -> list[Criterion]:
        """What a segment must pass, one by one; none if all pass."""
        found = [_flag_holds(flag, self.unknown_flags) for flag in self.required_flags]
        lowest: dict[str, tuple[Measure, float]] = {
            "min_opaque": ("opaque", self.min_opaque),
            "min_component_share": ("component_share", self.min_component_share),
            "min_edge_sharpness": ("edge_sharpness", self.min_edge_sharpness),
            "min_laplacian_variance": ("laplacian_variance", self.min_laplacian_variance),
        }
        found += [_at_least(name, measure, least) for name, (measure, least) in lowest.items() if least > 0]
        if self.at_border == "drop":
            found.append(Criterion("at_border: drop", ("at_border",), lambda at_border: at_border != 1))
        if self.near_duplicates == "drop":
            found.append(Criterion("near_duplicates: drop", ("duplicate_of",), lambda duplicate_of: duplicate_of < 0))
        return found


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a segment must pass.

    Attributes:
        name: as a recipe states it, such as ``min_opaque: 1024``.
        measures: what it looks at.
        passes: of a range of rows of these measures, which pass.
    """

    name: str
    measures: tuple[Measure, ...]
    passes: Callable[..., Bools]


def _flag_holds(flag: Flag, unknown: Literal["error", "keep", "drop"]) -> Criterion:
    bit = 1 << FLAGS.index(flag)
    if unknown == "keep":
        return Criterion(
            f"flag: {flag}", ("flags", "flags_known"), lambda flags, known: ((flags & bit) | (~known & bit)) != 0
        )
    return Criterion(f"flag: {flag}", ("flags", "flags_known"), lambda flags, known: (flags & known & bit) != 0)


def _at_least(name: str, measure: Measure, least: float) -> Criterion:
    return Criterion(f"{name}: {least}", (measure,), lambda values: values >= least)


def flag_known(flag: Flag) -> Criterion:
    """Whether a segment's source says anything of a flag."""
    bit = 1 << FLAGS.index(flag)
    return Criterion(f"known: {flag}", ("flags_known",), lambda known: (known & bit) != 0)


def border_known() -> Criterion:
    """Whether it is known that a segment reaches the border of its picture, or that it does not."""
    return Criterion("known: at_border", ("at_border",), lambda at_border: at_border != 2)


def passing(criteria: Sequence[Criterion], index: SegmentIndex) -> Selection:
    """The rows that pass all of ``criteria``. Reads the columns once, from the first row to the last."""
    columns: dict[Measure, npt.NDArray[Any]] = {
        measure: index.quality(measure) for criterion in criteria for measure in criterion.measures
    }

    def passes(rows: slice) -> Bools:
        result = np.ones(rows.stop - rows.start, np.bool_)
        for criterion in criteria:
            result &= criterion.passes(*(columns[measure][rows] for measure in criterion.measures))
        return result

    return Selection.where(len(index), passes)


def filtered(quality: QualityFilter, index: SegmentIndex, groups: Groups, drawn: Bools) -> Selection | None:
    """The rows that pass a filter; None if all do.

    Args:
        quality: the filter, ``choice.quality`` of a recipe.
        index: the library.
        groups: of the library.
        drawn: ``[num_sources]``, the sources that are drawn from; what others lack does not matter.

    Raises:
        RecipeError: a flag that must hold is not known, or no segment of the sources drawn from passes.
    """
    criteria = quality.criteria()
    if not criteria:
        return None
    check_flags(quality, index, groups, drawn)
    selection = passing(criteria, index)
    if not count_by_source(selection, index, groups)[drawn].any():
        left = _what_is_left(criteria, index, groups, drawn[groups.sources])
        raise RecipeError(f"choice.quality: no segment passes: {left}")
    return selection


def why_none(quality: QualityFilter, index: SegmentIndex, groups: Groups, drawn: Bools, category: int) -> str:
    """Why no segment of a category can be drawn; the other arguments are those of :func:`filtered`."""
    mine = groups.categories == category
    wanted = mine & drawn[groups.sources]
    if not mine.any():
        return "the library has no segment of it"
    if not wanted.any():
        found = ", ".join(index.source_names[source] for source in np.unique(groups.sources[mine]).tolist())
        return f"it has segments of {found} alone: choice.sources gives none of them a weight above 0"
    return f"choice.quality drops all of it: {_what_is_left(quality.criteria(), index, groups, wanted)}"


def check_flags(quality: QualityFilter, index: SegmentIndex, groups: Groups, drawn: Bools) -> None:
    """Raise ``RecipeError`` naming the flag and the sources if a flag that must hold is not known."""
    everything = count_by_source(None, index, groups)
    for flag in quality.required_flags:
        lacking = everything - count_by_source(passing([flag_known(flag)], index), index, groups)
        if (lacking == everything)[drawn].all():
            names = ", ".join(index.source_names[source] for source in np.flatnonzero(drawn).tolist())
            raise RecipeError(
                f"choice.quality: the flag {flag} must hold, and no source says anything of it (of {names}): leave it "
                "out, or build the library from a source that states it"
            )
        if quality.unknown_flags == "error" and lacking[drawn].any():
            where = ", ".join(
                f"{index.source_names[source]} ({lacking[source]:,} of {everything[source]:,} segments)"
                for source in np.flatnonzero(drawn & (lacking > 0)).tolist()
            )
            raise RecipeError(
                f"choice.quality: the flag {flag} must hold, and nothing is known of it in {where}: "
                "expected unknown_flags: keep or unknown_flags: drop, found error"
            )


def _what_is_left(criteria: Sequence[Criterion], index: SegmentIndex, groups: Groups, wanted: Bools) -> str:
    """How many segments each criterion leaves of the ``wanted`` groups."""

    def count(selection: Selection | None) -> int:
        first, behind = groups.bounds(selection)
        return int((behind - first)[wanted].sum())

    alone = ", ".join(f"{one.name} {count(passing([one], index)):,}" for one in criteria)
    return f"of {count(None):,}, each criterion alone leaves: {alone}"


def count_by_source(selection: Selection | None, index: SegmentIndex, groups: Groups) -> npt.NDArray[np.int64]:
    """How many of the selected rows, of all if it is None, each source has: int64 ``[num_sources]``."""
    first, behind = groups.bounds(selection)
    return groups.by_source(behind - first, index.num_sources)
