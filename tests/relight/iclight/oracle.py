"""Diffusion light from stock diffusers pipelines, one picture at a time, with the noise handed in."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from sos_online.relight.iclight import IcLight
from sos_online.relight.iclight.conditions import without_objects
from sos_online.types import LightSpec

STEPS = 25


class Conditioned(torch.nn.Module):
    """A U-Net that looks to a pipeline like one with four input channels, and adds the condition itself."""

    def __init__(self, unet, condition: Tensor) -> None:
        from diffusers.configuration_utils import FrozenDict

        super().__init__()
        self.unet, self.condition = unet, condition
        self.config = FrozenDict({**unet.config, "in_channels": 4})
        self.dtype, self.device = unet.dtype, unet.device

    def forward(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor, **_: object):
        condition = self.condition.expand(len(sample), -1, -1, -1)
        return self.unet(torch.cat([sample, condition], 1), timestep, encoder_hidden_states, return_dict=False)


def scheduler(noise: list[Tensor]):
    from diffusers import DPMSolverMultistepScheduler

    class GivenNoise(DPMSolverMultistepScheduler):
        def step(self, model_output, timestep, sample, generator=None, return_dict=True):
            drawn = noise.pop(0) if noise else torch.zeros_like(sample)  # the last step adds none
            return super().step(model_output, timestep, sample, variance_noise=drawn, return_dict=return_dict)

    return GivenNoise(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        algorithm_type="sde-dpmsolver++",
        use_karras_sigmas=True,
        steps_offset=1,
    )


def relight_one(
    model: IcLight, image: Tensor, instance_map: Tensor, spec: LightSpec, monkeypatch: pytest.MonkeyPatch
) -> Tensor:
    """The published procedure with guidance 2 and strengths 0.9 and 0.5; the image has the model's own size."""
    from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline

    parts = model._parts
    vae, scale = parts.vae, parts.vae.config.scaling_factor
    height, width = image.shape[1:]

    def encode(picture: np.ndarray) -> Tensor:  # [H, W, 3], 0 … 255
        pixels = torch.from_numpy(picture / 127.0 - 1.0).float().movedim(-1, 0)[None]
        return vae.encode(pixels).latent_dist.mode() * scale

    picture = image.movedim(0, -1).double().numpy() * 255
    objects = instance_map.numpy()[..., None] > 0
    condition = encode(np.where(objects, picture, 127.0))
    if model.kind == "fbc":
        background = without_objects(image[None], (instance_map > 0)[None, None])[0]
        condition = torch.cat([condition, encode(background.movedim(0, -1).double().numpy() * 255)], 1)
    positive, negative = words(parts, f"{spec.prompt}, {model.settings.quality}", model.settings.negative)
    rng = np.random.Generator(np.random.Philox(key=np.array([spec.seed, 3], np.uint64)))

    def components(noise: list[Tensor]) -> dict[str, object]:
        return {
            "unet": Conditioned(parts.unet, condition),
            "scheduler": scheduler(noise),
            "vae": vae,
            "text_encoder": parts.text_encoder,
            "tokenizer": parts.tokenizer,
            "safety_checker": None,
            "requires_safety_checker": False,
            "feature_extractor": None,
            "image_encoder": None,
        }

    def draw() -> list[Tensor]:
        return list(torch.from_numpy(rng.standard_normal((STEPS, 1, 4, height // 8, width // 8), np.float32)))

    asked = {
        "prompt_embeds": positive,
        "negative_prompt_embeds": negative,
        "guidance_scale": 2.0,
        "output_type": "latent",
    }

    def from_image(latents: Tensor, strength: float) -> Tensor:
        noise = draw()
        first = noise.pop(0)
        pipeline = StableDiffusionImg2ImgPipeline(**components(noise))
        pipeline.set_progress_bar_config(disable=True)
        module = "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img.randn_tensor"
        monkeypatch.setattr(module, lambda *_, **__: first)
        result = pipeline(image=latents, strength=strength, num_inference_steps=round(STEPS / strength), **asked).images
        assert not noise, "as many steps as asked for"
        return decode(result)

    def decode(latents: Tensor) -> Tensor:
        return (vae.decode(latents / scale).sample * 0.5 + 0.5).clamp(0, 1)

    if spec.direction == "none":
        noise = draw()
        first = noise.pop(0)
        pipeline = StableDiffusionPipeline(**components(noise))
        pipeline.set_progress_bar_config(disable=True)
        relit = decode(pipeline(latents=first, height=height, width=width, num_inference_steps=STEPS, **asked).images)
    else:
        relit = from_image(encode(gradient(spec.direction, height, width)), 0.9)
    return from_image(encode(relit[0].movedim(0, -1).double().numpy() * 255), 0.5)[0]


def gradient(direction: str, height: int, width: int) -> np.ndarray:
    ramps = {
        "left": np.tile(np.linspace(255, 0, width), (height, 1)),
        "right": np.tile(np.linspace(0, 255, width), (height, 1)),
        "top": np.tile(np.linspace(255, 0, height)[:, None], (1, width)),
        "bottom": np.tile(np.linspace(0, 255, height)[:, None], (1, width)),
    }
    return np.stack([ramps[direction]] * 3, -1)


def words(parts, positive: str, negative: str) -> tuple[Tensor, Tensor]:
    """Chunks of 75 tokens, padded with the end token; the shorter side repeated; joined along the token axis."""
    tokenizer, sides = parts.tokenizer, []
    for text in (positive, negative):
        tokens = tokenizer(text, truncation=False, add_special_tokens=False)["input_ids"]
        chunks = [
            [tokenizer.bos_token_id, *tokens[i : i + 75], tokenizer.eos_token_id] for i in range(0, len(tokens), 75)
        ]
        chunks = [chunk + [tokenizer.eos_token_id] * (77 - len(chunk)) for chunk in chunks]
        sides.append([parts.text_encoder(torch.tensor([chunk])).last_hidden_state[0] for chunk in chunks])
    count = max(map(len, sides))
    joined = [torch.cat((side * math.ceil(count / len(side)))[:count])[None] for side in sides]
    return joined[0], joined[1]
