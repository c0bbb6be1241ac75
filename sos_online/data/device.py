"""The device stage: from the compact batch that a worker sent to tensors a model takes, on its device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import to_dtype
from torchvision.tv_tensors import Mask

from sos_online.data.batch import Batch
from sos_online.errors import StreamError
from sos_online.targets import expand_masks
from sos_online.types import Target

Images = Tensor | list[Tensor]


class DeviceStage:
    """A callable on a collated :class:`Batch`; the same that ``make_loader`` applies.

    Args:
        device: where tensors go.
        dtype: of the images: ``torch.uint8`` keeps the bytes; a floating type scales to 0 … 1.
        masks: add ``masks`` to each target, uint8 ``[N, H, W]``, expanded on the device.

    Returns (when called):
        images ``[B, 3, H, W]`` (a list where sizes differ) and the list of targets. Their tensors are ordinary ones
        that may enter a training step.
    """

    def __init__(
        self, device: torch.device | str = "cpu", *, dtype: torch.dtype = torch.float32, masks: bool = False
    ) -> None:
        if dtype is not torch.uint8 and not dtype.is_floating_point:
            raise StreamError(f"dtype: expected torch.uint8 or a floating type, found {dtype}")
        self.device = torch.device(device)
        self.dtype = dtype
        self.masks = masks

    @torch.no_grad()
    def __call__(self, batch: Batch) -> tuple[Images, list[Target]]:
        batch = batch.to(self.device)
        targets = batch.targets()
        if self.masks:
            for target in targets:
                target["masks"] = Mask(expand_masks(target["instance_map"], len(target["labels"])))
        return self._convert(batch.images), targets

    def _convert(self, images: Any) -> Images:
        if isinstance(images, list):
            return [to_dtype(image, self.dtype, scale=True) for image in images]
        converted: Tensor = to_dtype(images, self.dtype, scale=True)
        return converted
