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
from sos_online.errors import StreamError
from sos_online.types import LightSpec, Target

_BOXES = ("boxes", "amodal_boxes")
_MAPS = "instance_map"
_MASKS = ("masks", "amodal_masks")
_LIGHT = "light"
_PATCHES = "patches"
_NO_MASKS = torch.zeros(0, 0, 0, dtype=torch.uint8)


@dataclass(frozen=True)
class Batch:
    """Samples of one batch.

    Attributes:
        images: uint8 ``[B, 3, H, W]``, or a list where sizes differ.
        instance_maps: integer ``[B, H, W]``, or a list; zeros where a target holds none (boxes alone are known).
        counts: rows of each sample.
        rows: the row-wise tensors of all targets that hold them, one after the other.
        packed_masks: dense masks as bits along the width, uint8 ``[rows, H, ceil(W / 8)]`` a sample (no rows if the
            sample's target holds none).
        others: whatever else targets hold, one value a sample.
        missing: of keys that not all targets hold, the samples whose targets do not.
        patches: the objects that are still to be painted on the images; None if they are there.
        lights: how each image is still to be lit, None for one that is; None if all are.
    """

    images: Tensor | list[Tensor]
    instance_maps: Tensor | list[Tensor]
    counts: list[int]
    rows: dict[str, Tensor]
    packed_masks: dict[str, list[Tensor]]
    others: dict[str, list[Any]]
    missing: dict[str, frozenset[int]]
    patches: PatchBatch | None = None
    lights: list[LightSpec | None] | None = None

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
        changed["packed_masks"] = {key: [*map(function, tensors)] for key, tensors in self.packed_masks.items()}
        changed["others"] = self.others
        return Batch(**changed)

    def pin_memory(self) -> Batch:
        return self.map_tensors(Tensor.pin_memory)

    def to(self, device: torch.device | str) -> Batch:
        """On another device; a copy from pinned memory does not wait."""
        return self.map_tensors(lambda tensor: tensor.to(device, non_blocking=True))

    def targets(self, *, masks: bool = True) -> list[Target]:
        """The samples' targets again, as views; dense ``masks`` are unpacked only if wanted."""
        per_key = {key: torch.split(tensor, self._counts_of(key)) for key, tensor in self.rows.items()}
        packed = {key: parts for key, parts in self.packed_masks.items() if masks or key != "masks"}
        targets: list[Target] = []
        for sample in range(len(self)):
            instance_map = self.instance_maps[sample]
            size_hw = (instance_map.shape[0], instance_map.shape[1])
            target: Target = {
                key: _as_boxes(parts[sample], size_hw) if key in _BOXES else parts[sample]
                for key, parts in per_key.items()
            }
            target[_MAPS] = Mask(instance_map)
            target.update({key: values[sample] for key, values in self.others.items()})
            target = {key: value for key, value in target.items() if sample not in self.missing.get(key, ())}
            for key, parts in packed.items():
                if sample not in self.missing.get(key, ()):
                    target[key] = Mask(_unpack(parts[sample], size_hw[1]))
            targets.append(target)
        return targets

    def _counts_of(self, key: str) -> list[int]:
        """Rows that each sample has in ``rows[key]``."""
        absent = self.missing.get(key, ())
        return [0 if sample in absent else count for sample, count in enumerate(self.counts)]


def collate(samples: Sequence[tuple[Tensor, Target]]) -> Batch:
    """Samples as the package's datasets serve them, as one compact batch; targets may hold different keys.

    Raises:
        StreamError: the objects of some samples are still to be painted, and those of others are not.
    """
    images = [image.as_subclass(Tensor) for image, _ in samples]
    targets = [target for _, target in samples]
    counts = [len(target["labels"]) for target in targets]
    rows: dict[str, Tensor] = {}
    others: dict[str, list[Any]] = {}
    packed: dict[str, list[Tensor]] = {}
    missing: dict[str, frozenset[int]] = {}
    for key in dict.fromkeys([_MAPS, *(key for target in targets for key in target)]):
        if key in (_LIGHT, _PATCHES):
            continue
        present = [(target[key], count) for target, count in zip(targets, counts, strict=True) if key in target]
        if len(present) < len(targets):
            missing[key] = frozenset(number for number, target in enumerate(targets) if key not in target)
        if key == _MAPS:
            continue
        if key in _MASKS:
            packed[key] = [_pack(target[key]) if key in target else _NO_MASKS for target in targets]
        elif _are_rows(present):
            rows[key] = torch.cat([value.as_subclass(Tensor) for value, _ in present])
        else:
            others[key] = [target.get(key) for target in targets]
    return Batch(
        images=_stacked(images),
        instance_maps=_stacked([_map_of(image, target) for image, target in samples]),
        counts=counts,
        rows=rows,
        packed_masks=packed,
        others=others,
        missing=missing,
        patches=_collated_patches(targets),
        lights=[target.get(_LIGHT) for target in targets] if any(_LIGHT in target for target in targets) else None,
    )


def _map_of(image: Tensor, target: Target) -> Tensor:
    if _MAPS not in target:
        return torch.zeros(image.shape[-2:], dtype=torch.int16)
    ids: Tensor = target[_MAPS].as_subclass(Tensor)
    return ids


def _are_rows(values: list[tuple[Any, int]]) -> bool:
    """Whether values are tensors of as many rows as their targets have, that can be put after each other."""
    kinds = {(value.dtype, value.shape[1:]) for value, _ in values if isinstance(value, Tensor) and value.ndim}
    return len(kinds) == 1 and all(
        isinstance(value, Tensor) and value.ndim > 0 and len(value) == count for value, count in values
    )


def _collated_patches(targets: list[Target]) -> PatchBatch | None:
    pending = [target[_PATCHES] for target in targets if _PATCHES in target]
    if pending and len(pending) < len(targets):
        raise StreamError(
            "batch: the objects of some samples are still to be painted, those of others are not; "
            "set device.composite: false in the recipe"
        )
    return collate_patches(pending) if pending else None


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
