"""What samples wait for, done at once: for what takes finished samples and no device stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import to_dtype

from sos_online.data.batch import collate
from sos_online.data.device import DeviceStage
from sos_online.data.lit_collate import LitCollate
from sos_online.data.stream import require
from sos_online.types import Target

_PENDING = ("light", "light_on_segments", "patches")


class FinishOnCpu:
    """Finished samples: objects painted, light made, images uint8 ``[3, H, W]``, all on the CPU.

    Samples are finished as ``make_loader`` finishes them on a CPU, to the same bytes. What is finished already (real
    images, or what ``make_loader`` gave, of any device) passes; images of floats in 0 … 1 are rounded to bytes.

    Attributes:
        at_once: samples that it pays to give together.

    Raises (when called):
        StreamError: a sample asks for diffusion light, whose model is in the training process; use ``make_loader``, and
            give its images and targets here. Or an image is no picture any more (normalised, or not ``[3, H, W]``).
    """

    at_once: ClassVar[int] = 1

    def __init__(self) -> None:
        self._stage = DeviceStage("cpu", dtype=torch.uint8)
        self._light = LitCollate()

    def __call__(self, samples: Sequence[tuple[Tensor, Target]]) -> list[tuple[Tensor, Target]]:
        return [self._finish(image, target) for image, target in samples]

    def _finish(self, image: Tensor, target: Target) -> tuple[Tensor, Target]:
        if "patches" in target:
            images, _ = self._stage(collate([(image, target)]))
            return _finished(images[0], target)
        if "light" in target:
            return _finished(self._light.lit(image, target)[0], target)
        return _finished(image, target)


class FinishOnDevice:
    """As :class:`FinishOnCpu`, by a device stage: a few samples at a time, so that memory does not grow with them.

    Args:
        stage: of ``dtype=torch.uint8``, with the model that samples ask for.
    """

    at_once: ClassVar[int] = 8

    def __init__(self, stage: DeviceStage) -> None:
        self._stage = stage

    def __call__(self, samples: Sequence[tuple[Tensor, Target]]) -> list[tuple[Tensor, Target]]:
        finished: list[tuple[Tensor, Target]] = []
        for begin in range(0, len(samples), self.at_once):
            batch = samples[begin : begin + self.at_once]
            images, _ = self._stage(collate(batch))
            # the stage's targets would lack the masks that samples of real sets bring; only light is made there
            finished += [_finished(image, target) for image, (_, target) in zip(images, batch, strict=True)]
        return finished


def _finished(image: Tensor, target: Target) -> tuple[Tensor, Target]:
    """A picture that waits for nothing more, as bytes on the CPU; and the target that it came with."""
    rest = {key: _on_cpu(value) for key, value in without_pending(target).items()}
    return _bytes_of(image.as_subclass(Tensor).cpu()), rest


def without_pending(target: Target) -> Target:
    """A target without what is still to be done to its image."""
    return {key: value for key, value in target.items() if key not in _PENDING}


def _on_cpu(value: Any) -> Any:
    return value.cpu() if isinstance(value, Tensor) and value.device.type != "cpu" else value


def _bytes_of(image: Tensor) -> Tensor:
    found = f"{list(image.shape)} {image.dtype}"
    in_range = image.dtype is torch.uint8
    if image.is_floating_point() and image.numel():
        low, high = float(image.amin()), float(image.amax())
        found, in_range = f"{found}, {low:.3g} … {high:.3g}", low >= 0 and high <= 1
    require("image", found, image.ndim == 3 and len(image) == 3 and in_range, "[3, H, W], uint8 or float in 0 … 1")
    finished: Tensor = to_dtype(image, torch.uint8, scale=True) if image.is_floating_point() else image
    return finished
