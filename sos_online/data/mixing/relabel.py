"""Targets of one source in the joined vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.tv_tensors import Mask

from sos_online.data.mixing.names import LEFT_OUT, Match
from sos_online.errors import StreamError
from sos_online.targets import flatten_masks, keep_rows
from sos_online.targets.masks import show_beneath
from sos_online.types import Target

NEGATIVE, NOT_EXHAUSTIVE = "neg_category_ids", "not_exhaustive_category_ids"


class Relabelling:
    """A source's labels, and LVIS' lists of categories, as those of the joined vocabulary.

    Args:
        source: its name, for messages.
        matches: what became of each of its categories.

    Attributes:
        unwanted: the source's labels that the joined vocabulary has not; rows with them are left out.
    """

    def __init__(self, source: str, matches: Sequence[Match]) -> None:
        self._source = source
        self._table = np.array([0, *(match.label for match in matches)], np.int64)
        self.unwanted = frozenset(np.flatnonzero(self._table == LEFT_OUT).tolist())
        self._parts: dict[int, set[int]] = {}
        for category, match in enumerate(matches, start=1):
            if match.label != LEFT_OUT:
                self._parts.setdefault(match.label, set()).add(category)
        self._of_several = {label: parts for label, parts in self._parts.items() if len(parts) > 1}

    @property
    def labels(self) -> list[int]:
        """Labels of the joined vocabulary that this source has, ascending."""
        return sorted(self._parts)

    def __call__(self, target: Target) -> tuple[Target, int]:
        """A target with joined labels, and how many rows were left out as their category has none."""
        # few numbers: NumPy takes a fifth of a tensor's time
        labels = target["labels"].numpy()
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(self._table):
            raise StreamError(
                f"source {self._source!r}: labels: expected 0 … {len(self._table) - 1}, the source's categories, "
                f"found {int(labels.min())} … {int(labels.max())}"
            )
        joined = self._table[labels]
        rows = target
        left_out = int((joined == LEFT_OUT).sum()) if self.unwanted else 0
        if left_out:
            kept = joined != LEFT_OUT
            joined = joined[kept]
            rows = _without(target, kept)
        changed: Target = {**rows, "labels": torch.from_numpy(joined)}
        of_image = {key: target[key] for key in (NEGATIVE, NOT_EXHAUSTIVE) if key in target}
        if of_image:
            changed.update(self._lists(of_image, set(labels.tolist())))
        return changed, left_out

    def _lists(self, of_image: Target, present: set[int]) -> Target:
        """LVIS' lists. A joined category is verified to be absent if all its parts are; and where one part is there
        and nobody looked for another, not all of it is annotated."""
        absent = _as_set(of_image.get(NEGATIVE, ()))
        lists = {key: self._joined(_as_set(value)) for key, value in of_image.items()}
        for label, parts in self._of_several.items():
            if NEGATIVE in lists and not parts <= absent:
                lists[NEGATIVE].discard(label)
            if NOT_EXHAUSTIVE in lists and parts & present and not parts <= present | absent:
                lists[NOT_EXHAUSTIVE].add(label)
        return {key: as_given(sorted(lists[key]), of_image[key]) for key in of_image}

    def _joined(self, categories: Iterable[int]) -> set[int]:
        known = (category for category in categories if 0 < category < len(self._table))
        return {int(self._table[category]) for category in known} - {LEFT_OUT}


def _without(target: Target, kept: npt.NDArray[np.bool_]) -> Target:
    """The rows of a target that are kept; what lay beneath one that is gone shows in the map again."""
    rows = keep_rows(target, np.flatnonzero(kept).tolist())
    if "masks" not in rows:
        return rows
    masks = rows["masks"].numpy()
    if "instance_map" not in rows:
        rows["instance_map"] = Mask(torch.from_numpy(flatten_masks(masks)))
    elif len(masks):
        ids = rows["instance_map"].numpy()
        show_beneath(ids, masks, (target["instance_map"].numpy() > 0) & (ids == 0))
    return rows


def as_given(labels: list[int], like: Any) -> Any:
    """Labels as a tensor or a list, whichever ``like`` is."""
    return torch.tensor(labels, dtype=torch.int64) if isinstance(like, Tensor) else labels


def _as_set(categories: Any) -> set[int]:
    return set(categories.tolist() if isinstance(categories, Tensor) else categories)
