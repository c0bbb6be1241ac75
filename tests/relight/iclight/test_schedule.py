"""Step tables and the loop over them, against the schedulers of diffusers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from sos_online.relight.iclight.sampler import draw_noise, run_steps
from sos_online.relight.iclight.schedule import make_steps
from sos_online.rng import pixel_generator

SHAPE = (4, 3, 5)
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # from diffusers


def denoiser(latents: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
    """Stands in for a network: smooth, and different at every step."""
    return torch.sin(latents * 1.3 + timesteps.view(-1, 1, 1, 1) / 300)


def stock(sampler: str, steps: int, strength: float | None, image: torch.Tensor, noise: list[torch.Tensor], patch):
    """What a diffusers pipeline does around its scheduler."""
    import diffusers

    if sampler == "dpm":
        scheduler = diffusers.DPMSolverMultistepScheduler(
            beta_start=0.00085, beta_end=0.012, algorithm_type="sde-dpmsolver++", use_karras_sigmas=True, steps_offset=1
        )
        total = steps if strength is None else round(steps / strength)
        scheduler.set_timesteps(total)
        begin = 0 if strength is None else total - min(int(total * strength), total)
    else:
        scheduler = diffusers.LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
        scheduler.set_timesteps(steps, strength=strength or 1.0)
        begin = 0
    queue = list(noise)
    patch.setattr(f"{type(scheduler).__module__}.randn_tensor", lambda *_, **__: queue.pop(0))
    scheduler.set_begin_index(begin)
    timesteps = scheduler.timesteps[begin:]
    queue.append(torch.zeros_like(image))  # dpm asks for noise in the last step, and multiplies it by zero
    latents = queue.pop(0)
    if strength is not None:
        latents = scheduler.add_noise(image, latents, timesteps[:1])
    for timestep in timesteps:
        latents = scheduler.step(denoiser(latents, timestep[None]), timestep, latents, return_dict=False)[0]
    return latents, timesteps


@pytest.mark.parametrize("sampler", ["dpm", "lcm"])
@pytest.mark.parametrize(
    ("steps", "strength"),
    [
        *itertools.product([2, 3, 4, 7, 14, 15], [None, 0.9, 0.5, 0.3, 1.0]),
        *itertools.product([1], [None, 1.0]),
        *itertools.product([25], [None, 0.9, 0.5]),  # as published
    ],
)
def test_agrees_with_diffusers(
    sampler: str, steps: int, strength: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_steps(sampler, steps, strength)
    noise = draw_noise([pixel_generator(5)], [run], SHAPE)
    image = torch.from_numpy(pixel_generator(6).standard_normal((1, *SHAPE), np.float32))
    expected, timesteps = stock(sampler, steps, strength, image, list(torch.from_numpy(noise)), monkeypatch)
    assert run.timesteps.tolist() == timesteps.tolist()
    torch.testing.assert_close(
        run_steps(denoiser, [run], image, torch.from_numpy(noise)), expected, rtol=1e-4, atol=1e-4
    )


def test_published_settings_run_25_steps_in_every_pass() -> None:
    assert [len(make_steps("dpm", 25, strength)) for strength in (None, 0.9, 0.5)] == [25, 25, 25]


@pytest.mark.parametrize("steps", [1, 2, 5, 25, 50])
@pytest.mark.parametrize("strength", [0.01, 0.2, 0.77, 1.0, None])
@pytest.mark.parametrize("sampler", ["dpm", "lcm"])
def test_every_run_ends_without_noise(sampler: str, steps: int, strength: float | None) -> None:
    run = make_steps(sampler, steps, strength)
    assert len(run) >= 1 and run.fresh[-1] == 0 and run.trend[0] == run.trend[-1] == 0
    assert (np.diff(run.timesteps) <= 0).all()
    table = np.stack([run.alpha, run.sigma, run.keep, run.clean, run.trend, run.fresh])
    assert np.isfinite(table).all()
    np.testing.assert_allclose(run.alpha**2 + run.sigma**2, 1)


def test_runs_of_different_length_share_a_batch() -> None:
    runs = [
        make_steps("dpm", 4, None),
        make_steps("lcm", 2, 0.5),
        make_steps("dpm", 9, 0.3),
        make_steps("dpm", 1, None),
    ]
    assert len({len(run) for run in runs}) == 4
    seeds = range(len(runs))
    images = torch.from_numpy(pixel_generator(0).standard_normal((len(runs), *SHAPE), np.float32))
    noise = draw_noise([pixel_generator(seed) for seed in seeds], runs, SHAPE)
    together = run_steps(denoiser, runs, images, torch.from_numpy(noise))
    for number, run in enumerate(runs):
        alone = torch.from_numpy(draw_noise([pixel_generator(number)], [run], SHAPE))
        assert torch.equal(alone[:, 0], torch.from_numpy(noise)[: len(run), number])
        torch.testing.assert_close(
            run_steps(denoiser, [run], images[number : number + 1], alone)[0], together[number], rtol=1e-5, atol=1e-5
        )


def test_passes_draw_on_from_one_generator() -> None:
    run = make_steps("dpm", 3, None)
    generator = pixel_generator(1)
    first, second = (draw_noise([generator], [run], SHAPE) for _ in range(2))
    both = pixel_generator(1).standard_normal((6, *SHAPE), np.float32)
    np.testing.assert_array_equal(np.concatenate([first, second])[:, 0], both)
