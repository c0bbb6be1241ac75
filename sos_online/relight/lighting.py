"""All the light of a batch: each image by its relighter, then its blenders, then the camera."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, get_args

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import to_dtype

from sos_online.errors import StreamError
from sos_online.ops.heap import keep_freed_memory
from sos_online.relight.blend import blend
from sos_online.relight.camera import camera
from sos_online.relight.composites import Composites, put
from sos_online.relight.photometric import Photometric
from sos_online.types import LightSpec, Relighting


class Relighter(Protocol):
    """Lights composites: float32 ``[B, 3, H, W]``, sRGB 0 … 1, from equal specs always the same."""

    def __call__(self, composites: Composites, /) -> Tensor: ...


def identity(composites: Composites) -> Tensor:
    """The composites as they are."""
    return composites.images


class Lighting:
    """Lights batches in which every image has its own relighter, blenders and camera: a mixture, if the plan drew one.

    The instance map is never touched, and an image's light does not depend on what else is in its batch.

    Args:
        relighters: more than ``identity`` and ``photometric``, which are always there; or others in their place.
    """

    def __init__(self, relighters: Mapping[Relighting, Relighter] | None = None) -> None:
        self._relighters: dict[Relighting, Relighter] = {"identity": identity, "photometric": Photometric()}
        unknown = set(relighters or {}) - set(get_args(Relighting))
        if unknown:
            raise StreamError(
                f"relighters: expected some of {', '.join(get_args(Relighting))}, found {sorted(unknown)}"
            )
        self._relighters.update(relighters or {})

    def __call__(self, composites: Composites) -> Tensor:
        """float32 ``[B, 3, H, W]``, sRGB 0 … 1. Raises ``StreamError`` if a spec wants a relighter that is not here."""
        relit = composites.images
        specs = composites.specs
        for kind in dict.fromkeys(spec.relighter for spec in specs):
            if kind not in self._relighters:
                raise StreamError(
                    f"light: relighter {kind!r} is not loaded: use make_device_stage(recipe, device), or make_loader"
                )
            samples = [sample for sample, spec in enumerate(specs) if spec.relighter == kind]
            relit = put(relit, samples, self._relighters[kind](composites.take(samples)))
        return camera(blend(composites, relit), specs)

    def light_one(self, image: Tensor, instance_map: Tensor, count: int, spec: LightSpec) -> Tensor:
        """One image as a worker lights it: uint8 ``[3, H, W]`` in and out; ``count`` rows in the map ``[H, W]``."""
        keep_freed_memory()
        with torch.no_grad(), _one_thread():
            unlit = to_dtype(image.as_subclass(Tensor)[None], torch.float32, scale=True)
            maps = instance_map.as_subclass(Tensor)[None]
            return to_bytes(self(Composites(unlit, maps, [count], [spec])))[0]


def to_bytes(images: Tensor) -> Tensor:
    """float32 in 0 … 1 to uint8, rounded."""
    # by way of int16: from float to bytes at once takes a CPU six times as long
    return images.mul(255).round_().clamp_(0, 255).to(torch.int16).to(torch.uint8)


@contextmanager
def _one_thread() -> Iterator[None]:
    """As in a worker, so that sums are added up in the same order in any process."""
    threads = torch.get_num_threads()
    if threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
