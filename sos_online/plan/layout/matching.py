"""The categories of a layout and those of a library, joined by their names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sos_online.errors import RecipeError
from sos_online.ops.names import fold
from sos_online.types import SegmentIndex

Ints = npt.NDArray[np.int64]


class DrawableCategories:
    """Categories of a library that have segments to draw, by name.

    Args:
        index: the library.
        can_draw: bool ``[num_categories + 1]``, whether category ``c`` has a segment that may come.
    """

    def __init__(self, index: SegmentIndex, can_draw: npt.NDArray[np.bool_]) -> None:
        self._ids = {
            fold(name): category for category, name in enumerate(index.category_names, 1) if can_draw[category]
        }

    def ids_of(self, names: Sequence[str], instances: Ints, layout: str) -> Ints:
        """Category id of each of a layout's categories, int64 ``[len(names)]``; 0 for what the library does not have.

        Warns if less than half of the layout's objects are of categories that are left.

        Args:
            names: case-folded.
            instances: ``[len(names)]``, objects of each in the layout's data.
            layout: begins messages, such as ``layout box_table (boxes.csv)``.

        Raises:
            RecipeError: none is left.
        """
        ids = np.array([self._ids.get(name, 0) for name in names], np.int64)
        found = f"{np.count_nonzero(ids):,} of its {len(names):,} categories can be drawn from the library"
        advice = "`categories: choice` takes its boxes alone, and lets the recipe's choice say what is in them"
        if not ids.any():
            known = ", ".join(sorted(self._ids)[:3])
            raise RecipeError(f"{layout}: {found} (such as {names[0]!r}; the library has {known}): {advice}")
        share = instances[ids > 0].sum() / max(instances.sum(), 1)
        if share < 0.5:
            warnings.warn(
                f"{layout}: {found}, {share:.0%} of its objects; no other category comes: {advice}",
                RuntimeWarning,
                stacklevel=2,
            )
        return ids
