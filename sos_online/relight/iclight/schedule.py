"""Samplers as tables of numbers, so that samples at different steps of different runs can be moved by one formula.

A step takes the noisy latents ``x`` and what the model takes for their clean picture, ``x0``, to::

    keep · x + clean · x0 + trend · (x0 − x0 of the step before) + fresh · noise

``dpm`` is DPM-Solver++ 2M SDE (Lu et al., 2022) on the steps of Karras et al. (2022), with betas that rise linearly
from 0.00085 to 0.012: not what Stable Diffusion was trained with, but what the published settings of IC-Light run.
``lcm`` is the sampler of latent consistency models (Luo et al., 2023), with the betas of training. Both agree with the
schedulers of diffusers, of which the tests hold them to one part in a million.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sos_online.relight.iclight.settings import Sampler

Numbers = npt.NDArray[np.float64]

_TRAINED_STEPS = 1000
_BETAS = (0.00085, 0.012)
_KARRAS_RHO = 7.0
_LCM_TRAINED_STEPS = 50
_LCM_SIGMA_DATA = 0.5
_LCM_TIMESTEP_SCALE = 10.0


@dataclass(frozen=True, eq=False)
class Steps:
    """One run of a sampler.

    Attributes:
        timesteps: int64 ``[n]``, what the model is told.
        start_image, start_noise: the first latents are ``start_image · image + start_noise · noise``.
        alpha, sigma: ``[n]``, how much picture and how much noise are in the latents that step k is given.
        keep, clean, trend, fresh: ``[n]``, see above; ``fresh`` ends in 0.
    """

    timesteps: npt.NDArray[np.int64]
    start_image: float
    start_noise: float
    alpha: Numbers
    sigma: Numbers
    keep: Numbers
    clean: Numbers
    trend: Numbers
    fresh: Numbers

    def __len__(self) -> int:
        return len(self.timesteps)


@lru_cache(maxsize=64)
def make_steps(sampler: Sampler, steps: int, strength: float | None) -> Steps:
    """The run of a sampler.

    Args:
        sampler: which one.
        steps: about how many the model shall run.
        strength: how much of a given picture is replaced, in (0, 1]; ``None`` begins with pure noise.
    """
    return _dpm(steps, strength) if sampler == "dpm" else _lcm(steps, strength)


def _dpm(steps: int, strength: float | None) -> Steps:
    noise_share = 1 - np.cumprod(1 - np.linspace(*_BETAS, _TRAINED_STEPS))
    trained = np.sqrt(noise_share / (1 - noise_share))
    # as published: a run so long that what is left of it after the start is `steps`
    total = steps if strength is None else round(steps / strength)
    begin = 0 if strength is None else total - max(int(total * strength), 1)
    ramp = np.linspace(0, 1, total)
    first, last = (trained[end] ** (1 / _KARRAS_RHO) for end in (-1, 0))
    ratio = np.append((first + ramp * (last - first)) ** _KARRAS_RHO, 0.0)[begin:]
    timesteps = np.rint(np.interp(np.log(ratio[:-1]), np.log(trained), np.arange(_TRAINED_STEPS))).astype(np.int64)

    alpha = 1 / np.sqrt(ratio**2 + 1)
    sigma = ratio * alpha
    shrink = ratio[1:] / ratio[:-1]  # exp(−h), h the step in log signal-to-noise ratio
    clean = alpha[1:] * (1 - shrink**2)
    trend = np.zeros(len(clean))
    # first order in the first step, which has nothing before it, and in the last, where h is infinite
    trend[1:-1] = 0.5 * clean[1:-1] * np.log(shrink[1:-1]) / np.log(shrink[:-2])
    return Steps(
        timesteps=timesteps,
        start_image=0.0 if strength is None else float(alpha[0]),
        start_noise=1.0 if strength is None else float(sigma[0]),
        alpha=alpha[:-1],
        sigma=sigma[:-1],
        keep=sigma[1:] / sigma[:-1] * shrink,
        clean=clean,
        trend=trend,
        fresh=sigma[1:] * np.sqrt(1 - shrink**2),
    )


def _lcm(steps: int, strength: float | None) -> Steps:
    signal_share = np.cumprod(1 - np.linspace(_BETAS[0] ** 0.5, _BETAS[1] ** 0.5, _TRAINED_STEPS) ** 2)
    reach = max(int(_LCM_TRAINED_STEPS * (strength or 1.0)), 1)
    trained = (np.arange(reach, 0, -1) * (_TRAINED_STEPS // _LCM_TRAINED_STEPS) - 1).astype(np.int64)
    timesteps = trained[np.linspace(0, reach, min(steps, reach), endpoint=False).astype(np.int64)]

    alpha, sigma = np.sqrt(signal_share[timesteps]), np.sqrt(1 - signal_share[timesteps])
    next_alpha, next_sigma = np.append(alpha[1:], 1.0), np.append(sigma[1:], 0.0)
    scaled = timesteps * _LCM_TIMESTEP_SCALE
    skip = _LCM_SIGMA_DATA**2 / (scaled**2 + _LCM_SIGMA_DATA**2)
    out = scaled / np.sqrt(scaled**2 + _LCM_SIGMA_DATA**2)
    return Steps(
        timesteps=timesteps,
        start_image=0.0 if strength is None else float(alpha[0]),
        start_noise=1.0 if strength is None else float(sigma[0]),
        alpha=alpha,
        sigma=sigma,
        keep=next_alpha * skip,
        clean=next_alpha * out,
        trend=np.zeros(len(timesteps)),
        fresh=next_sigma,
    )
