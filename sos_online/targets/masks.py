"""Dense masks from an instance map."""

from __future__ import annotations

import torch
from torch import Tensor


def expand_masks(instance_map: Tensor, count: int) -> Tensor:
    """Masks of the ids 1 … ``count``.

    Args:
        instance_map: integer ``[H, W]``, 0 = background.
        count: number of rows N.

    Returns:
        uint8 ``[N, H, W]``, 0 or 1, on the map's device.
    """
    ids = torch.arange(1, count + 1, dtype=instance_map.dtype, device=instance_map.device)
    return (instance_map[None] == ids[:, None, None]).view(torch.uint8)
