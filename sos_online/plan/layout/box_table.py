"""Boxes of real pictures as they are: the third ablation layout of the SOS paper (arXiv 2510.09110)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sos_online.errors import RecipeError
from sos_online.plan.layout.laid_out import LaidOut
from sos_online.plan.layout.matching import DrawableCategories
from sos_online.types import BoxTable, Section


class FromTable(Section):
    """The largest boxes of one picture, stretched to the canvas.

    A picture that has at least as many boxes as objects are wanted is drawn uniformly. If none has so many, it is one
    of those that have the most, with all its boxes.

    Attributes:
        path: a COCO-format JSON (crowds are left out), or a table ``.csv``, ``.parquet`` or ``.arrow`` with the columns
            image, x1, y1, x2, y2 (shares of the picture's width and height) and, maybe, category. ``${NAME}`` is an
            environment variable, and ``${NAME:-PATH}`` has what stands for it where it is not set; a relative path
            begins in the working directory.
        categories: ``choice``: segments are drawn by the recipe's choice, as published; ``layout``: each box gets a
            segment of its category, and boxes whose category the library does not have are left out.
        flip_x: probability of mirroring all boxes left to right.
    """

    kind: Literal["box_table"] = "box_table"
    path: str = Field(min_length=1)
    categories: Literal["choice", "layout"] = "choice"
    flip_x: float = Field(default=0.0, ge=0, le=1)


class TableSampler:
    """Draws the layouts of :class:`FromTable`; always two numbers.

    Args:
        settings: of the recipe.
        table: the boxes.
        known: the library's categories, or None if the boxes' own do not matter.

    Raises:
        RecipeError: categories are wanted, and the table has none or none that the library has.
    """

    def __init__(self, settings: FromTable, table: BoxTable, known: DrawableCategories | None) -> None:
        self._flip_x = settings.flip_x
        self._ids: npt.NDArray[np.int64] | None = None
        if settings.categories == "layout" and known is not None:
            where = f"layout box_table ({settings.path})"
            if table.names is None:
                raise RecipeError(f"{where}: categories: layout: expected a table with the column category")
            instances = np.bincount(table.categories, minlength=len(table.names))
            self._ids = known.ids_of(table.names, instances, where)
            table = _with_boxes(table, self._ids[table.categories] > 0)
        self._table = table
        counts = np.diff(table.starts)
        # int32: workers that are spawned get a copy
        self._by_count = np.argsort(counts, kind="stable").astype(np.int32)
        self._counts = counts[self._by_count].astype(np.int32)

    def draw(self, size_hw: tuple[int, int], count: int, rng: np.random.Generator) -> LaidOut:
        u_picture, u_flip = rng.random(2).tolist()
        first = int(np.searchsorted(self._counts, min(count, int(self._counts[-1]))))
        picture = int(self._by_count[first + int(u_picture * (len(self._counts) - first))])
        shares = self._table.boxes(picture)
        largest = np.argsort(-np.prod(shares[:, 2:] - shares[:, :2], 1), kind="stable")[:count]
        shares = shares[largest]
        if u_flip < self._flip_x:
            shares = np.stack([1 - shares[:, 2], shares[:, 1], 1 - shares[:, 0], shares[:, 3]], 1)
        boxes = shares * np.array([size_hw[1], size_hw[0]] * 2)
        return LaidOut(
            [(x1, y1, x2, y2) for x1, y1, x2, y2 in boxes.tolist()],
            None if self._ids is None else self._ids[self._table.categories[self._table.rows(picture)][largest]],
        )


def _with_boxes(table: BoxTable, kept: npt.NDArray[np.bool_]) -> BoxTable:
    """A table without some of its boxes, and without the pictures that then have none."""
    if kept.all():
        return table
    left = np.add.reduceat(kept, table.starts[:-1], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(left[left > 0])])
    x1, y1, x2, y2 = (edge[kept] for edge in table.edges)
    return BoxTable((x1, y1, x2, y2), starts, table.names, table.categories[kept])
