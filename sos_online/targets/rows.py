"""Some of a target's rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.tv_tensors import BoundingBoxes, Mask, wrap

from sos_online.types import Expression, Target

# tensors that are of the whole image, however many entries they have
OF_THE_IMAGE = frozenset({"neg_category_ids", "not_exhaustive_category_ids", "image_id"})
# of ids for which OpenCV looks up a table, and how many entries that has
_LOOKED_UP = {np.dtype(np.uint8): 2**8, np.dtype(np.int16): 2**16}


def keep_rows(target: Target, rows: Sequence[int]) -> Target:
    """A target with ``rows`` of it, in the order given; their ids in the instance map are numbered anew.

    What belongs to rows is every tensor with as many entries as there are labels, but for ``OF_THE_IMAGE``. The
    pixels of rows that go become background. Rows that follow each other are views of the target's, not copies. An
    expression of which a row goes goes too: it would mean others than it does.

    Raises:
        IndexError: there is no such row, or the instance map has the id of one that is not there.
    """
    count, rows = len(target["labels"]), list(rows)
    if rows == list(range(count)):
        return dict(target)
    if rows and not 0 <= min(rows) <= max(rows) < count:
        raise IndexError(f"rows: expected 0 … {count - 1}, found {min(rows)} … {max(rows)}")
    index = torch.tensor(rows, dtype=torch.int64)
    # masks are large, and a view costs nothing
    run = slice(rows[0], rows[-1] + 1) if rows and rows == list(range(rows[0], rows[-1] + 1)) else None
    kept: Target = {}
    for key, value in target.items():
        if not isinstance(value, Tensor):
            kept[key] = _meant(value, rows) if key == "expressions" else value
            continue
        plain = value.as_subclass(Tensor)  # whose shape costs nothing to ask for
        if key == "instance_map":
            kept[key] = Mask(torch.from_numpy(_renumbered(plain.numpy(), rows, count)))
        elif key not in OF_THE_IMAGE and plain.shape[:1] == (count,):
            # index_select takes a sixteenth of the time of plain[index]
            chosen = plain.index_select(0, index) if run is None else plain[run]
            kept[key] = wrap(chosen, like=value) if isinstance(value, BoundingBoxes | Mask) else chosen
        else:
            kept[key] = value
    return kept


def _meant(expressions: Sequence[Expression], rows: list[int]) -> list[Expression]:
    """The expressions that mean kept rows only (or nothing in the image), with the rows' new numbers."""
    places = {row: place for place, row in enumerate(rows)}
    return [
        {**expression, "rows": sorted(places[row] for row in expression["rows"])}
        for expression in expressions
        if places.keys() >= set(expression["rows"])
    ]


def _renumbered(ids: npt.NDArray[Any], rows: list[int], count: int) -> npt.NDArray[Any]:
    """An instance map in which the id of ``rows[i]`` is ``i + 1``."""
    unsigned = ids.view(f"u{ids.itemsize}")  # in which what is below 0 is above all else
    if ids.size and int(unsigned.max()) > count:
        raise IndexError(f"instance_map: expected 0 … {count}, found {int(ids.min())} … {int(ids.max())}")
    if not rows:
        return np.zeros_like(ids)
    entries = _LOOKED_UP.get(ids.dtype)
    numbers = np.zeros(entries or count + 1, ids.dtype)
    numbers[np.array(rows, np.int64) + 1] = np.arange(1, len(rows) + 1)
    if entries and ids.size:  # a fifth of the time of numbers[ids]
        return cv2.LUT(unsigned, numbers)
    renumbered: npt.NDArray[Any] = numbers[ids]
    return renumbered
