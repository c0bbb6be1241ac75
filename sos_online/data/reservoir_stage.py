"""The device stage that never waits for diffusion light: it serves samples from a reservoir."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.utils._pytree import tree_map
from torchvision.transforms.v2.functional import horizontal_flip, to_dtype
from torchvision.tv_tensors import TVTensor

from sos_online.data.device import DeviceStage
from sos_online.relight import Composites, Lighting, Reservoir, ReservoirReport, ReservoirSettings
from sos_online.types import CameraSpec, LightSpec, Target

_FRESH = 0.5  # of the strength drawn: the sample is lit already


class ReservoirStage(DeviceStage):
    """As :class:`DeviceStage`; but a sample that asks for diffusion light is handed to a :class:`Reservoir`, and one
    that was lit before takes its place in the batch, target and all, half of them mirrored, under fresh cheap light.

    While the store is empty, such samples get photometric light at once, with the blenders that they drew. What is
    served depends on how fast the device is, so this stream is not reproducible; ``target["image_id"]`` still names the
    sample that is shown.
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
        # a picture goes through the camera when it is served, and not before
        unseen = replace(composites, specs=[replace(spec, camera=CameraSpec()) for spec in composites.specs])
        self._reservoir.offer(unseen, slots, (_copied(targets[slot]) for slot in slots))
        images, maps = list(composites.images), list(composites.instance_maps)
        specs, targets = list(composites.specs), list(targets)
        for slot in slots:
            specs[slot] = replace(specs[slot], relighter="photometric")
        for slot, (image, target) in zip(slots, served, strict=False):
            mirror = specs[slot].seed % 2 and "expressions" not in target  # "the left one" would be the right one
            shown, targets[slot] = _mirrored(image, target) if mirror else (image, _copied(target))
            images[slot] = to_dtype(shown, torch.float32, scale=True)
            maps[slot] = targets[slot]["instance_map"].as_subclass(Tensor)
            specs[slot] = _fresh(specs[slot])
        counts = [len(target["labels"]) for target in targets]
        return super()._light(Composites(torch.stack(images), torch.stack(maps), counts, specs), targets)


def _fresh(spec: LightSpec) -> LightSpec:
    """Cheap light for a picture that is lit already: no second shadow, and nothing to blend."""
    return replace(spec, blenders=("relit",), shadow=0.0, strength=_FRESH * spec.strength)


def _copied(target: Target) -> Target:
    """With tensors of its own: what is stored keeps no batch, and what is served may be written into."""
    copied: Target = tree_map(lambda leaf: leaf.clone() if isinstance(leaf, Tensor) else leaf, target)
    return copied


def _mirrored(image: Tensor, target: Target) -> tuple[Tensor, Target]:
    moved: Target = tree_map(
        lambda leaf: horizontal_flip(leaf) if isinstance(leaf, TVTensor) else leaf, _copied(target)
    )
    return image.flip(-1), moved
