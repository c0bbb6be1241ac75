"""The compact batch: how samples travel from a worker to the training process.

A worker sends every tensor through a file descriptor of its own, so sixteen targets of ten tensors would cost 160 of
them; here all rows of a batch are one tensor a key. Dense masks never travel: the instance map does, and amodal masks
go as bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask

from sos_online.compose import PatchBatch, collate_patches
from sos_online.types import LightSpec, Target

_BOXES = ("boxes", "amodal_boxes")
_MAPS = "instance_map"
_MASKS = "amodal_masks"
_LIGHT = "light"
_PATCHES = "patches"


@dataclass(frozen=True)
class Batch:
    """Samples of one batch.

    Attributes:
        images: uint8 ``[B, 3, H, W]``, or a list where sizes differ.
        instance_maps: integer ``[B, H, W]``, or a list.
        counts: rows of each sample.
        rows: the row-wise tensors of all targets, one after the other, ``[sum(counts), …]`` each.
        packed_masks: amodal masks as bits along the width, uint8 ``[rows, H, ceil(W / 8)]`` a sample; None if not asked
            for.
        others: whatever else targets hold, one value a sample.
        patches: the objects that are still to be painted on the images; None if they are there.
        lights: how each image is still to be lit; None if they are.
    """

    images: Tensor | list[Tensor]
    instance_maps: Tensor | list[Tensor]
    counts: list[int]
    rows: dict[str, Tensor]
    packed_masks: list[Tensor] | None
    others: dict[str, list[Any]]
    patches: PatchBatch | None = None
    lights: list[LightSpec] | None = None

    def __len__(self) -> int:
        return len(self.counts)

    def map_tensors(self, function: Callable[[Tensor], Tensor]) -> Batch:
        """A batch with ``function`` applied to every tensor but those in ``others``."""

        def apply(value: Any) -> Any:
            if isinstance(value, Tensor):
                return function(value)
            if isinstance(value, PatchBatch):
                return value.map_tensors(function)
            if isinstance(value, list) and value and isinstance(value[0], Tensor):
                return [function(tensor) for tensor in value]
            return value

        changed = {field.name: apply(getattr(self, field.name)) for field in fields(self)}
        changed["rows"] = {key: function(tensor) for key, tensor in self.rows.items()}
        changed["others"] = self.others
        return Batch(**changed)

    def pin_memory(self) -> Batch:
        return self.map_tensors(Tensor.pin_memory)

    def to(self, device: torch.device | str) -> Batch:
        """On another device; a copy from pinned memory does not wait."""
        return self.map_tensors(lambda tensor: tensor.to(device, non_blocking=True))

    def targets(self) -> list[Target]:
        """The samples' targets again, as views."""
        per_key = {key: torch.split(tensor, self.counts) for key, tensor in self.rows.items()}
        targets: list[Target] = []
        for sample in range(len(self)):
            instance_map = self.instance_maps[sample]
            size_hw = (instance_map.shape[0], instance_map.shape[1])
            target: Target = {
                key: _as_boxes(parts[sample], size_hw) if key in _BOXES else parts[sample]
                for key, parts in per_key.items()
            }
            target[_MAPS] = Mask(instance_map)
            if self.packed_masks is not None:
                target[_MASKS] = Mask(_unpack(self.packed_masks[sample], size_hw[1]))
            target.update({key: values[sample] for key, values in self.others.items()})
            targets.append(target)
        return targets


def collate(samples: Sequence[tuple[Tensor, Target]]) -> Batch:
    """Samples as :class:`SOSDataset` serves them, as one compact batch. All targets must hold the same keys."""
    images = [image.as_subclass(Tensor) for image, _ in samples]
    targets = [target for _, target in samples]
    counts = [len(target["labels"]) for target in targets]
    rows: dict[str, Tensor] = {}
    others: dict[str, list[Any]] = {}
    for key in targets[0]:
        if key in (_MAPS, _MASKS, _LIGHT, _PATCHES):
            continue
        values = [target[key] for target in targets]
        if all(
            isinstance(value, Tensor) and value.ndim and len(value) == n
            for value, n in zip(values, counts, strict=True)
        ):
            rows[key] = torch.cat([value.as_subclass(Tensor) for value in values])
        else:
            others[key] = values
    packed = [_pack(target[_MASKS]) for target in targets] if _MASKS in targets[0] else None
    return Batch(
        images=_stacked(images),
        instance_maps=_stacked([target[_MAPS].as_subclass(Tensor) for target in targets]),
        counts=counts,
        rows=rows,
        packed_masks=packed,
        others=others,
        patches=collate_patches([target[_PATCHES] for target in targets]) if _PATCHES in targets[0] else None,
        lights=[target[_LIGHT] for target in targets] if _LIGHT in targets[0] else None,
    )


def _stacked(tensors: list[Tensor]) -> Tensor | list[Tensor]:
    return torch.stack(tensors) if len({tensor.shape for tensor in tensors}) == 1 else tensors


def _as_boxes(boxes: Tensor, size_hw: tuple[int, int]) -> BoundingBoxes:
    return BoundingBoxes(boxes, format=BoundingBoxFormat.XYXY, canvas_size=size_hw)


def _pack(masks: Tensor) -> Tensor:
    return torch.from_numpy(np.packbits(masks.as_subclass(Tensor).numpy(), axis=-1, bitorder="little"))


def _unpack(packed: Tensor, width: int) -> Tensor:
    shifts = torch.arange(8, dtype=torch.uint8, device=packed.device)
    bits = (packed[..., None] >> shifts) & 1
    return bits.flatten(-2)[..., :width].contiguous()
