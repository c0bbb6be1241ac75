"""Where the time of a sample goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from sos_online.data import SOSDataset
from sos_online.data.lit_collate import LitCollate


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Seconds a sample, on one thread.

    Attributes:
        plan: drawing the scene.
        decode: JPEG and PNG of segments and photos.
        rest: resizing, blending, labels and targets.
    """

    plan: float
    decode: float
    rest: float

    @property
    def whole(self) -> float:
        return self.plan + self.decode + self.rest

    @property
    def over_decoding(self) -> float:
        """The whole time over the time of decoding alone."""
        return self.whole / max(self.decode, 1e-9)


class _Timed:
    """Stands in for an object and adds up the time spent in some of its methods."""

    def __init__(self, wrapped: Any, methods: tuple[str, ...]) -> None:
        self._wrapped = wrapped
        self._methods = methods
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._wrapped, name)
        return self._timed(value) if name in self._methods else value

    def __len__(self) -> int:
        return len(self._wrapped)

    def _timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            begin = time.perf_counter()
            try:
                return method(*arguments)
            finally:
                self.seconds += time.perf_counter() - begin

        return call


def time_stages(dataset: SOSDataset, samples: int, warm_up: int = 5) -> StageTimes:
    """Make ``samples`` samples in this process and time their stages."""
    library = _Timed(dataset.library, ("alpha", "colour"))
    photos = None if dataset.backgrounds is None else _Timed(dataset.backgrounds, ("read",))
    timed = SOSDataset(
        cast(Any, library),
        dataset.recipe,
        seed=dataset.seed,
        length=dataset.length,
        backgrounds=cast(Any, photos),
        transforms=dataset.transforms,
        on_error=dataset.on_error,
    )
    indices = [index % dataset.length for index in range(samples + warm_up)]
    for index in indices[:warm_up]:
        timed.sample(index)
    library.seconds = 0.0
    if photos:
        photos.seconds = 0.0
    begin = time.perf_counter()
    for index in indices[warm_up:]:
        timed.sample(index)
    whole = time.perf_counter() - begin
    decode = library.seconds + (photos.seconds if photos else 0.0)
    begin = time.perf_counter()
    for index in indices[warm_up:]:
        timed.scene(index)
    plan = time.perf_counter() - begin
    return StageTimes(plan / samples, decode / samples, (whole - decode - plan) / samples)


def time_light(dataset: SOSDataset, samples: int, warm_up: int = 5) -> float | None:
    """Seconds that cheap light costs a sample on one thread; None where it is not made behind the composing."""
    recipe = dataset.recipe
    if recipe.light is None or not recipe.device.light or recipe.device.composite or recipe.wants_diffusion:
        return None
    light_alone = LitCollate()
    unlit = [dataset.sample(index % dataset.length) for index in range(samples + warm_up)]
    for sample in unlit[:warm_up]:
        light_alone([sample])
    begin = time.perf_counter()
    for sample in unlit[warm_up:]:
        light_alone([sample])
    return (time.perf_counter() - begin) / samples
