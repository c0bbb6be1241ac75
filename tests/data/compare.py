"""Comparing samples and batches to the bit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import torch


def digest(value: Any) -> str:
    """Hash of nested lists, tuples, dicts, numbers and tensors: dtype, shape and bytes."""
    state = hashlib.sha256()

    def add(item: Any) -> None:
        if isinstance(item, torch.Tensor):
            plain = item.as_subclass(torch.Tensor).contiguous()
            state.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
            state.update(plain.numpy().tobytes())
        elif isinstance(item, dict):
            for key in sorted(item):
                state.update(key.encode())
                add(item[key])
        elif isinstance(item, list | tuple):
            state.update(f"[{len(item)}".encode())
            for part in item:
                add(part)
        else:
            state.update(repr(item).encode())

    add(value)
    return state.hexdigest()


def digests(items: Iterable[Any]) -> list[str]:
    return [digest(item) for item in items]


def image_ids(loader: Iterable[Any]) -> list[list[int]]:
    return [[target["image_id"] for target in targets] for _, targets in loader]
