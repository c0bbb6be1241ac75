"""Joining what the processes of a distributed run have measured."""

from __future__ import annotations

from typing import TypeVar

from torch import distributed

Part = TypeVar("Part")


def gather_parts(part: Part, *, all_ranks: bool) -> list[Part]:
    """This rank's part alone; or, if asked for and there are several, each rank's in order: then each must call it."""
    if not all_ranks or not distributed.is_available() or not distributed.is_initialized():
        return [part]
    parts: list[Part] = [part] * distributed.get_world_size()
    distributed.all_gather_object(parts, part)
    return parts
