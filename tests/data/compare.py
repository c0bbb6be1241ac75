"""Comparing samples and batches to the bit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import torch
from torchvision.tv_tensors import Image, TVTensor


def digest(value: Any) -> str:
    """Hash of nested lists, tuples, dicts, numbers and tensors: kind, dtype, shape and bytes.

    An image hashes like the plain tensor that it is in a batch.
    """
    state = hashlib.sha256()

    def add(item: Any) -> None:
        if isinstance(item, torch.Tensor):
            plain = item.as_subclass(torch.Tensor).contiguous()
            kind = type(item).__name__ if isinstance(item, TVTensor) and not isinstance(item, Image) else "Tensor"
            state.update(f"{kind}{plain.dtype}{tuple(plain.shape)}".encode())
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
