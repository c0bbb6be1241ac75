"""The masks of a target's rows, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np
import numpy.typing as npt
from torch import Tensor

from sos_online.errors import StreamError
from sos_online.types import Target

RowMask = npt.NDArray[np.bool_]


def row_masks(target: Target) -> Iterator[RowMask]:
    """The visible mask of each row, bool ``[H, W]``: of ``masks`` if the target holds them (those of real sets may
    overlap), else of ``instance_map``.

    Raises:
        StreamError: it holds neither: it was annotated with boxes alone.
    """
    masks = target.get("masks")
    if masks is not None:
        return (mask.astype(bool) for mask in masks.as_subclass(Tensor).numpy())
    ids = instance_ids(target)
    return (ids == row + 1 for row in range(len(target["labels"])))


def row_masks_if_known(target: Target) -> Iterator[RowMask | None]:
    """As :func:`row_masks`; None for each row of a target that was annotated with boxes alone."""
    if "masks" in target or "instance_map" in target:
        return iter(row_masks(target))
    return repeat(None, len(target["labels"]))


def instance_ids(target: Target) -> npt.NDArray[np.signedinteger]:
    """The instance map, integer ``[H, W]``. Raises ``StreamError`` if the target has none."""
    instance_map = target.get("instance_map")
    if instance_map is None:
        sample = f"sample {target['image_id']}" if "image_id" in target else "target"
        raise StreamError(f"{sample}: expected masks, which this format is made of; found boxes alone")
    ids: npt.NDArray[np.signedinteger] = instance_map.as_subclass(Tensor).numpy()
    return ids


def without_masks(target: Target) -> Target:
    """A target as if it was annotated with boxes alone, for what needs no masks."""
    return {key: value for key, value in target.items() if key not in ("masks", "instance_map")}
