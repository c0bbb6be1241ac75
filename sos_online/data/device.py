"""The device stage: from the compact batch that a worker sent to tensors a model takes, on its device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import to_dtype
from torchvision.tv_tensors import Mask

from sos_online.compose import paint
from sos_online.data.batch import Batch
from sos_online.data.lit_map import SEGMENTS_ONLY, lit_map
from sos_online.errors import StreamError
from sos_online.relight import Composites, Lighting, pick, put, to_bytes
from sos_online.targets import expand_masks
from sos_online.types import LightSpec, Relighting, Target

Images = Tensor | list[Tensor]


class DeviceStage:
    """A callable on a collated :class:`Batch`; the same that ``make_loader`` applies.

    Paints the objects if the workers left that to it, lights the images, expands masks. What a batch needs is in the
    batch, so one stage serves any recipe. A batch may be on the device already (as in Lightning's
    ``on_after_batch_transfer``).

    Args:
        device: where tensors go.
        dtype: of the images: ``torch.uint8`` keeps the bytes; a floating type scales to 0 … 1.
        masks: add ``masks`` to each target, uint8 ``[N, H, W]``, expanded on the device (those of real images are as
            they were annotated).
        lighting: relighters that are more than ``identity`` and ``photometric``; :func:`make_device_stage` loads them.

    Attributes:
        lit: how many images each relighter has lit here.

    Returns (when called):
        images ``[B, 3, H, W]`` (a list where sizes differ) and the list of targets. Their tensors are ordinary ones
        that may enter a training step.
    """

    def __init__(
        self,
        device: torch.device | str = "cpu",
        *,
        dtype: torch.dtype = torch.float32,
        masks: bool = False,
        lighting: Lighting | None = None,
    ) -> None:
        if not isinstance(dtype, torch.dtype) or (dtype is not torch.uint8 and not dtype.is_floating_point):
            raise StreamError(f"dtype: expected torch.uint8 or a floating type, found {dtype!r}")
        self.device = _checked(device)
        self.dtype = dtype
        self.masks = masks
        self.lighting = lighting or Lighting()
        self.lit: Counter[Relighting] = Counter()

    @cached_property
    def stream(self) -> torch.cuda.Stream:
        """The stream that a loader runs this stage on; one for good, since the allocator keeps a pool for each."""
        # before a reservoir, which has the default priority
        return torch.cuda.Stream(self.device, priority=-1)  # type: ignore[no-untyped-call]

    def __call__(self, batch: Batch) -> tuple[Images, list[Target]]:
        # ordinary tensors, in the precision that is written, whatever the caller is in
        with torch.inference_mode(False), torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            return self._stage(batch.to(self.device))

    def _stage(self, batch: Batch) -> tuple[Images, list[Target]]:
        targets = batch.targets(masks=self.masks)
        images, maps = batch.images, batch.instance_maps
        lights = batch.lights or [None] * len(batch)
        finished: Images
        if isinstance(images, Tensor) and isinstance(maps, Tensor):
            painted = images if batch.patches is None else paint(images, batch.patches)
            finished, targets = self._finish(painted, maps, targets, lights)
        else:  # of several sizes: those of one size together
            finished, targets = list(images), list(targets)
            for samples in _of_one_size(finished):
                part, of_part = self._finish(
                    torch.stack([images[sample] for sample in samples]),
                    torch.stack([maps[sample] for sample in samples]),
                    [targets[sample] for sample in samples],
                    [lights[sample] for sample in samples],
                )
                for sample, image, target in zip(samples, part, of_part, strict=True):
                    finished[sample], targets[sample] = image, target
        if self.masks:
            for target in targets:
                if "masks" not in target:
                    if "instance_map" not in target:
                        raise StreamError(f"masks: the target of image {target.get('image_id')} knows boxes alone")
                    target["masks"] = Mask(expand_masks(target["instance_map"], len(target["labels"])))
        return finished, targets

    def _finish(
        self, images: Tensor, maps: Tensor, targets: list[Target], lights: Sequence[LightSpec | None]
    ) -> tuple[Tensor, list[Target]]:
        """Images of one size, those lit that are still to be, in the type asked for; and their targets."""
        pending = {sample: light for sample, light in enumerate(lights) if light is not None}
        if not pending:
            converted: Tensor = to_dtype(images, self.dtype, scale=True)
            return converted, targets
        samples = list(pending)
        unlit = to_dtype(images, torch.float32, scale=True)
        counts = [len(targets[sample]["labels"]) for sample in samples]
        composites = Composites(pick(unlit, samples), _lit_maps(maps, targets, samples), counts, list(pending.values()))
        changed, of_changed = self._light(composites, [targets[sample] for sample in samples])
        lit = put(unlit, samples, changed)
        targets = list(targets)
        for sample, target in zip(samples, of_changed, strict=True):
            targets[sample] = {key: value for key, value in target.items() if key != SEGMENTS_ONLY}
        return to_bytes(lit) if self.dtype is torch.uint8 else lit.to(self.dtype), targets

    def _light(self, composites: Composites, targets: list[Target]) -> tuple[Tensor, list[Target]]:
        self.lit.update(spec.relighter for spec in composites.specs)
        return self.lighting(composites), targets


def _lit_maps(maps: Tensor, targets: Sequence[Target], samples: Sequence[int]) -> Tensor:
    """Instance maps of samples as their light takes them, see :func:`lit_map`."""
    if any(SEGMENTS_ONLY in targets[sample] for sample in samples):
        return torch.stack([lit_map(targets[sample]) for sample in samples])
    return pick(maps, samples)


def _of_one_size(images: Sequence[Tensor]) -> list[list[int]]:
    """Numbers of the images that can be stacked, together."""
    groups: dict[object, list[int]] = {}
    for number, image in enumerate(images):
        groups.setdefault((image.shape, image.dtype), []).append(number)
    return list(groups.values())


def _checked(device: torch.device | str) -> torch.device:
    """The device, if it is one that is there; said now and not by whatever uses it first."""
    try:
        known = torch.device(device)
    except (RuntimeError, TypeError):
        raise StreamError(f"device: expected cpu, cuda or such, found {device!r}") from None
    count = torch.cuda.device_count() if known.type == "cuda" else None
    if count is not None and (known.index or 0) >= count:
        raise StreamError(f"device: found {device!r}, and PyTorch sees {count} CUDA devices here")
    return known
