"""The sampling loop: samples of different runs in one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from sos_online.relight.composites import on_device
from sos_online.relight.iclight.schedule import Steps

Denoiser = Callable[[Tensor, Tensor], Tensor]
_COLUMNS = ("alpha", "sigma", "keep", "clean", "trend", "fresh")


def draw_noise(generators: Sequence[np.random.Generator], runs: Sequence[Steps], shape: tuple[int, ...]) -> np.ndarray:
    """All noise of a pass, drawn on the CPU, each sample's from its own generator.

    A sample draws as many numbers as its own run needs, so what it gets does not depend on the rest of the batch.

    Returns:
        float32 ``[longest run, B, *shape]``: entry 0 is what a run begins with, entry k what step ``k − 1`` adds. The
        last step adds none.
    """
    noise = np.zeros((max(map(len, runs)), len(runs), *shape), np.float32)
    for sample, (generator, run) in enumerate(zip(generators, runs, strict=True)):
        noise[: len(run), sample] = generator.standard_normal((len(run), *shape), np.float32)
    return noise


def run_steps(predict_noise: Denoiser, runs: Sequence[Steps], images: Tensor, noise: Tensor) -> Tensor:
    """From noise, or a noisy picture, to a picture; all in latents, float32.

    Runs may differ in length: a sample that is done is held while the others go on.

    Args:
        predict_noise: the model: latents ``[B, C, h, w]`` and timesteps ``[B]`` to the noise in the latents.
        runs: the steps of each sample.
        images: ``[B, C, h, w]``, what image-to-image runs begin with; ignored where a run begins with pure noise.
        noise: as :func:`draw_noise` makes it, on the device of the images.
    """
    device, longest = images.device, max(map(len, runs))
    timesteps = on_device(np.stack([np.pad(run.timesteps, (0, longest - len(run)), "edge") for run in runs], 1), device)
    active = on_device(np.arange(longest)[:, None] < np.array([len(run) for run in runs]), device)[
        ..., None, None, None
    ]
    start = on_device(np.array([(run.start_image, run.start_noise) for run in runs], np.float32).T, device)
    # a held sample's latents are computed and thrown away: padding with ones keeps them finite
    columns = np.stack([
        np.stack([np.pad(getattr(run, name), (0, longest - len(run)), constant_values=1.0) for run in runs], 1)
        for name in _COLUMNS
    ]).astype(np.float32)  # fmt: skip
    table = on_device(columns, device)[..., None, None, None]

    latents = start[0, :, None, None, None] * images + start[1, :, None, None, None] * noise[0]
    before = torch.zeros_like(latents)
    for step in range(longest):
        alpha, sigma, keep, clean, trend, fresh = table[:, step]
        picture = (latents - sigma * predict_noise(latents, timesteps[step])) / alpha
        moved = keep * latents + clean * picture + trend * (picture - before)
        if step + 1 < longest:
            moved = moved + fresh * noise[step + 1]
        latents = torch.where(active[step], moved, latents)
        before = picture
    return latents
