"""Diffusion light, to be timed: networks of full size with random weights, on which speed does not depend."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from sos_online.relight import Composites, IcLightSettings
from sos_online.relight.iclight import IcLight

PROMPTS = ("soft daylight from a window", "neon signs at night", "golden morning light", "moonlight")
_DOWN = ("DownEncoderBlock2D",) * 4
_UP = ("UpDecoderBlock2D",) * 4


class _Words:
    """Stands in for a tokenizer: every word is a token."""

    model_max_length, bos_token_id, eos_token_id = 77, 49406, 49407

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [len(word) for word in text.split()]}


def iclight_calls(composites: Composites) -> dict[str, Callable[[], Tensor]]:
    """The published setting one image at a time, and the two presets on the whole batch.

    The pictures of ``composites`` are those that the published setting and ``paper`` light at 1024 pixels, and ``fast``
    at 512 with the light carried up to their own size.
    """
    networks: Any = import_module("diffusers")  # neither is typed
    texts: Any = import_module("transformers")
    device = composites.device
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    with torch.device(device):
        unet = networks.UNet2DConditionModel(in_channels=8, cross_attention_dim=768).to(dtype)
        vae = networks.AutoencoderKL(
            down_block_types=_DOWN, up_block_types=_UP, block_out_channels=(128, 256, 512, 512), layers_per_block=2
        ).to(dtype)
        tiny = networks.AutoencoderTiny().to(dtype)
        text_encoder = texts.CLIPTextModel(
            texts.CLIPTextConfig(
                hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
                bos_token_id=_Words.bos_token_id, eos_token_id=_Words.eos_token_id,
            )
        ).to(dtype)  # fmt: skip
    unet, vae, tiny = (net.to(memory_format=torch.channels_last) for net in (unet, vae, tiny))

    def light(settings: IcLightSettings, decoder: Any) -> Callable[[], Tensor]:
        return partial(IcLight.from_parts(unet, decoder, text_encoder, _Words(), settings, "fc"), composites)

    return {
        "iclight, one at a time": light(IcLightSettings.paper(max_batch=1), vae),
        "iclight, paper": light(IcLightSettings.paper(max_batch=len(composites)), vae),
        "iclight, fast": light(IcLightSettings.fast(max_batch=len(composites)), tiny),
    }


def flop_of(call: Callable[[], Tensor]) -> int:
    """Floating point operations of a call, twice its multiply-adds."""
    with FlopCounterMode(display=False) as counter:
        call()
    return int(counter.get_total_flops())


def matrix_rate(device: torch.device, seconds_of: Callable[[Callable[[], object], torch.device], float]) -> float:
    """Operations a second of the best of several large float16 products."""
    size = 8192
    left, right = (torch.randn(size, size, device=device, dtype=torch.float16) for _ in range(2))
    return 2 * size**3 / min(seconds_of(partial(torch.matmul, left, right), device) for _ in range(10))
