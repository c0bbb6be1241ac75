"""What is known of a segment's quality: flags that its source states, and measures taken when a library is built."""

from __future__ import annotations

from typing import Literal, get_args

Flag = Literal["IsInstance", "Integrity", "QualityAndRegularity"]
FLAGS: tuple[Flag, ...] = get_args(Flag)  # in the order of their bits
"""Flags of the released sets: is it an object of its category, is it whole, is it clear and of a usual shape."""

Measure = Literal[
    "flags",
    "flags_known",
    "opaque",
    "at_border",
    "component_share",
    "edge_sharpness",
    "laplacian_variance",
    "duplicate_of",
]
"""Columns of a library's segments.

flags               uint8: bit ``i`` is set where flag ``FLAGS[i]`` holds
flags_known         uint8: bit ``i`` is set where the source says something of flag ``FLAGS[i]``
opaque              uint32: pixels of alpha >= 128 at the largest stored level
at_border           uint8: 1 where the object reaches the border of the picture that it was cut from, 0 where it does
                    not, 2 where that is not known: of a cut-out that was cropped to its alpha before
component_share     float32, 0 … 1: share of the opaque pixels that hang together in the largest piece
edge_sharpness      float32, 0 … 1: mean step of alpha across the outline over three pixels; 1 is a hard edge
laplacian_variance  float32, grey levels squared: variance of the Laplacian inside the object at a longer side of 256
                    pixels at most; low is blurred (Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy)
duplicate_of        int32: the row of the near-duplicate that is kept, -1 where there is none; plain objects, of a
                    Laplacian variance below 25, are never marked nor taken for what others repeat: nothing tells a red
                    disc from a blue one
"""
