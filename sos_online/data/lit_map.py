"""Which pixels of a sample are objects in the eyes of light."""

from __future__ import annotations

import torch
from torch import Tensor

from sos_online.types import Target

# in a target whose light is still to come: rows without a segment are a part of the photo, and no objects of that light
SEGMENTS_ONLY = "light_on_segments"


def lit_map(target: Target) -> Tensor:
    """The instance map ``[H, W]`` that light takes; rows without a segment are background in it if the target says so.

    Asks the device for nothing.
    """
    instance_map: Tensor = target["instance_map"].as_subclass(Tensor)
    if SEGMENTS_ONLY not in target:
        return instance_map
    pasted: Tensor = target["segment_ids"].as_subclass(Tensor) >= 0
    kept = torch.cat([pasted.new_zeros(1), pasted]).to(instance_map.dtype)
    return instance_map * kept[instance_map.long()]
