"""The device stage that never waits for diffusion light: it serves samples from a reservoir."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.tv_tensors import Image

from sos_online.data.device import DeviceStage
from sos_online.relight import Composites, Lighting, Reservoir, ReservoirReport, ReservoirSettings
from sos_online.types import LightSpec, Target

_FRESH = 0.5  # of the strength drawn: the sample is lit already


class ReservoirStage(DeviceStage):
    """As :class:`DeviceStage`; but a sample that asks for diffusion light is handed to a :class:`Reservoir`, and one
    that was lit before takes its place in the batch, target and all, half of them mirrored, under fresh cheap light.

    While the store is empty, such samples get photometric light at once. What is served depends on how fast the device
    is, so this stream is not reproducible; ``target["image_id"]`` still names the sample that is shown.
    """

    def __init__(
        self,
        device: torch.device | str = "cpu",
        *,
        dtype: torch.dtype = torch.float32,
        masks: bool = False,
        lighting: Lighting,
        settings: ReservoirSettings,
    ) -> None:
        super().__init__(device, dtype=dtype, masks=masks, lighting=lighting)
        self._reservoir: Reservoir[Target] = Reservoir(lighting, settings)

    def report(self) -> ReservoirReport:
        """What came for light, what was lit, and how often it was served."""
        return self._reservoir.report()

    def close(self) -> None:
        """Stop lighting in the background."""
        self._reservoir.close()

    def _light(self, composites: Composites, targets: list[Target]) -> tuple[Tensor, list[Target]]:
        slots = [slot for slot, spec in enumerate(composites.specs) if spec.relighter == "iclight"]
        if not slots:
            return super()._light(composites, targets)
        size_hw = (composites.images.shape[-2], composites.images.shape[-1])
        served = self._reservoir.take(len(slots), size_hw)
        self._reservoir.offer(composites.take(slots), [targets[slot] for slot in slots])
        images, maps = list(composites.images), list(composites.instance_maps)
        specs, targets = list(composites.specs), list(targets)
        for slot in slots:
            specs[slot] = _cheap(specs[slot])
        for slot, (image, target) in zip(slots, served, strict=False):
            shown, targets[slot] = _mirrored(image, target) if specs[slot].seed % 2 else (image, dict(target))
            images[slot], maps[slot] = shown.float() / 255, targets[slot]["instance_map"].as_subclass(Tensor)
            specs[slot] = replace(specs[slot], shadow=0.0, strength=_FRESH * specs[slot].strength)
        counts = [len(target["labels"]) for target in targets]
        return super()._light(Composites(torch.stack(images), torch.stack(maps), counts, specs), targets)


def _cheap(spec: LightSpec) -> LightSpec:
    return replace(spec, relighter="photometric", blenders=("relit",))


def _mirrored(image: Tensor, target: Target) -> tuple[Tensor, Target]:
    if "expressions" in target:  # "the left one" would be the right one
        return image, dict(target)
    mirrored, moved = v2.RandomHorizontalFlip(p=1.0)(Image(image), target)
    return mirrored.as_subclass(Tensor), moved
