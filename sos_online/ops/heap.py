"""The process' heap: what is needed again for every image is not given back to the system in between."""

from __future__ import annotations

from functools import cache

import numpy as np

_BLOCK = 31 * 2**20  # bytes; glibc learns nothing from a block of more than 32 MiB


@cache
def keep_freed_memory() -> None:
    """Once in a process: have glibc keep up to 62 MiB that was freed.

    It gives free memory back beyond twice the largest block that was ever freed, and takes blocks larger than that
    straight from the system. Images are such blocks, and faulting their pages in anew costs a fifth of the time of a
    sample of 1024 x 1024 pixels. Other C libraries do nothing here.
    """
    np.empty(_BLOCK, np.uint8)
