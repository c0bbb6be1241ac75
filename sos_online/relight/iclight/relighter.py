"""Diffusion light: IC-Light on Stable Diffusion 1.5, as batches.

Each sample has its own prompt, seed and direction. One with a direction begins as a grey gradient that is brightest
where the light comes from; one without begins as noise. What is painted is conditioned on the objects on grey (fc), and
on the background too, if the model takes it (fbc); conditions are joined to the latents before the U-Net is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sos_online.errors import SOSError
from sos_online.relight.composites import Composites, on_device
from sos_online.relight.iclight.carry import carry_light
from sos_online.relight.iclight.conditions import (
    from_model_pixels,
    light_gradient,
    objects_on_grey,
    resize,
    to_model_pixels,
    without_objects,
)
from sos_online.relight.iclight.parts import Kind, Parts, load_parts
from sos_online.relight.iclight.prompts import PromptEncoder, pair, stack
from sos_online.relight.iclight.recent import Recent
from sos_online.relight.iclight.sampler import draw_noise, run_steps
from sos_online.relight.iclight.schedule import Steps, make_steps
from sos_online.relight.iclight.settings import IcLightSettings, working_size
from sos_online.rng import pixel_generator
from sos_online.types import Direction, LightSpec

_KEPT_LIGHTS = 32


class IcLight:
    """A relighter: composites to relit pictures, float32 ``[B, 3, H, W]``, sRGB, 0 … 1.

    A picture depends on its own composite and spec alone: noise is drawn on the CPU from the spec's seed, the same for
    every device and batch. Batches agree with single pictures to 1/255 in float32; in float16 as far as the device's
    kernels do.

    Between the passes, and at the end, pictures are not rounded to bytes.
    """

    def __init__(self, parts: Parts, settings: IcLightSettings) -> None:
        self.kind: Kind = parts.kind
        self.settings = settings
        self._parts = parts.frozen()
        self._prompts = PromptEncoder(parts.tokenizer, parts.text_encoder, keep=settings.cached_prompts)
        self._lights: Recent[tuple[Direction, tuple[int, int]]] = Recent(_KEPT_LIGHTS)

    @classmethod
    def load(cls, settings: IcLightSettings, device: torch.device | str = "cpu") -> IcLight:
        """Load the model that settings name.

        Raises:
            SOSError: diffusers is not installed; a folder or file is missing, or does not fit.
        """
        device = torch.device(device)
        automatic = torch.float16 if device.type == "cuda" else torch.float32
        dtype = automatic if settings.dtype == "auto" else getattr(torch, settings.dtype)
        return cls(load_parts(settings).to(device, dtype), settings)

    @classmethod
    def from_parts(
        cls, unet: Any, vae: Any, text_encoder: Any, tokenizer: Any, settings: IcLightSettings, kind: Kind
    ) -> IcLight:
        """Use networks on their device and in their dtype; the settings' paths and dtype are not read."""
        parts = Parts(unet=unet, vae=vae, text_encoder=text_encoder, tokenizer=tokenizer)
        if parts.kind != kind:
            raise SOSError(f"kind: expected {kind}, found a U-Net of {parts.kind}")
        return cls(parts, settings)

    def __call__(self, batch: Composites) -> Tensor:
        most = self.settings.max_batch
        pieces = [range(first, min(first + most, len(batch))) for first in range(0, len(batch), most)]
        relit = [self._relight(batch.take(piece)) for piece in pieces]
        return torch.cat(relit) if relit else batch.images

    def _relight(self, batch: Composites) -> Tensor:
        settings, specs = self.settings, batch.specs
        full_size = (batch.images.shape[-2], batch.images.shape[-1])
        size = working_size(full_size, settings.size)
        objects = (batch.instance_maps > 0)[:, None]
        condition = self._condition(batch.images, objects, size)
        words, real = self._words([spec.prompt for spec in specs])
        noises = [pixel_generator(spec.seed) for spec in specs]

        def run(runs: Sequence[Steps], start: Tensor) -> Tensor:
            noise = on_device(draw_noise(noises, runs, tuple(start.shape[1:])), start.device)
            return self._decode(run_steps(lambda x, t: self._predict(x, t, condition, words, real), runs, start, noise))

        strengths = [None if spec.direction == "none" else settings.strength for spec in specs]
        relit = run(
            [make_steps(settings.sampler, settings.steps, strength) for strength in strengths],
            self._light_latents(specs, size, like=condition),
        )
        if settings.second_pass is not None:
            again = make_steps(settings.sampler, settings.steps, settings.second_pass)
            relit = run([again] * len(specs), self._encode(relit))
        if settings.carry:
            return carry_light(batch.images, resize(batch.images, size), relit, objects, resize(objects.float(), size))
        return resize(relit, full_size).clamp(0, 1)  # weights add up to 1 only nearly

    def _condition(self, images: Tensor, objects: Tensor, size: tuple[int, int]) -> Tensor:
        condition = self._encode(resize(objects_on_grey(images, objects), size))
        if self.kind == "fc":
            return condition
        return torch.cat([condition, self._encode(resize(without_objects(images, objects), size))], 1)

    def _light_latents(self, specs: Sequence[LightSpec], size: tuple[int, int], *, like: Tensor) -> Tensor:
        """``[B, 4, h, w]``: what the runs begin with; zeros for those that begin with noise."""

        def latents(direction: Direction) -> Tensor:
            if direction == "none":
                return like.new_zeros((self._parts.unet.config.out_channels, *like.shape[-2:]))
            return self._lights.get(
                (direction, size), lambda: self._encode(light_gradient(direction, size, like.device))[0]
            )

        return torch.stack([latents(spec.direction) for spec in specs])

    def _words(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor | None]:
        """Embeddings of a batch, of the negative prompts before those of the prompts if there is guidance."""
        positives = [self._prompts(", ".join(filter(None, (prompt, self.settings.quality)))) for prompt in prompts]
        if self.settings.guidance == 1:
            return stack([positive.flatten(0, 1) for positive in positives])
        negative = self._prompts(self.settings.negative)
        pairs = [pair(positive, negative) for positive in positives]
        return stack([negative for _, negative in pairs] + [positive for positive, _ in pairs])

    def _predict(
        self, latents: Tensor, timesteps: Tensor, condition: Tensor, words: Tensor, real: Tensor | None
    ) -> Tensor:
        """Noise in the latents, float32; with guidance, both sides in one call of the U-Net."""
        unet, guidance = self._parts.unet, self.settings.guidance
        inputs = torch.cat([latents, condition], 1).to(unet.dtype)
        sides = 1 if guidance == 1 else 2
        noise: Tensor = unet(
            inputs.repeat(sides, 1, 1, 1),
            timesteps.repeat(sides),
            encoder_hidden_states=words,
            encoder_attention_mask=real,
        ).sample.float()
        if sides == 1:
            return noise
        without, with_prompt = noise.chunk(2)
        return without + guidance * (with_prompt - without)

    def _encode(self, pictures: Tensor) -> Tensor:
        vae = self._parts.vae
        encoded = vae.encode(to_model_pixels(pictures).to(vae.dtype))
        # a tiny autoencoder has no distribution
        latents: Tensor = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        scaled: Tensor = latents.float() * vae.config.scaling_factor
        return scaled

    def _decode(self, latents: Tensor) -> Tensor:
        vae = self._parts.vae
        pixels: Tensor = vae.decode((latents / vae.config.scaling_factor).to(vae.dtype)).sample
        return from_model_pixels(pixels)
