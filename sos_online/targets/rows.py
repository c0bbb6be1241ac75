"""Some of a target's rows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.tv_tensors import BoundingBoxes, Mask, wrap

from sos_online.types import Target

# tensors that are of the whole image, however many entries they have
OF_THE_IMAGE = frozenset({"neg_category_ids", "not_exhaustive_category_ids", "image_id"})


def keep_rows(target: Target, rows: Sequence[int]) -> Target:
    """A target with ``rows`` of it, in the order given; their ids in the instance map are numbered anew.

    What belongs to rows is every tensor with as many entries as there are labels, but for ``OF_THE_IMAGE``. The
    pixels of rows that go become background.
    """
    count = len(target["labels"])
    if list(rows) == list(range(count)):
        return dict(target)
    index = torch.tensor(list(rows), dtype=torch.int64)
    kept: Target = {}
    for key, value in target.items():
        if key == "instance_map":
            ids = value.as_subclass(Tensor)
            numbers = torch.zeros(count + 1, dtype=ids.dtype)
            numbers[index + 1] = torch.arange(1, len(index) + 1, dtype=ids.dtype)
            kept[key] = Mask(numbers[ids.long()])
        elif key not in OF_THE_IMAGE and isinstance(value, Tensor) and value.ndim and len(value) == count:
            chosen = value.as_subclass(Tensor)[index]
            kept[key] = wrap(chosen, like=value) if isinstance(value, BoundingBoxes | Mask) else chosen
        else:
            kept[key] = value
    return kept
