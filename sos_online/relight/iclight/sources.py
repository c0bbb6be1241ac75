"""Where weights come from, for messages; nothing is fetched that the user did not name."""

from __future__ import annotations

import importlib
from typing import Any

from sos_online.errors import SOSError

BASE = (
    "a Stable Diffusion 1.5 model in diffusers' layout with safetensors weights; published: Realistic Vision 5.1, "
    "https://huggingface.co/stablediffusionapi/realistic-vision-v51 (CreativeML OpenRAIL-M, see its model card)"
)
OFFSETS = (
    "IC-Light's weights, iclight_sd15_fc.safetensors or, to keep a background, iclight_sd15_fbc.safetensors, from "
    "https://huggingface.co/lllyasviel/ic-light (IC-Light's code is Apache-2.0; for the weights see the model card)"
)
TINY_VAE = "TAESD, https://huggingface.co/madebyollin/taesd (MIT, see its model card)"
LORA = (
    "a LoRA distilled for few steps, such as pytorch_lora_weights.safetensors from "
    "https://huggingface.co/latent-consistency/lcm-lora-sdv1-5 (OpenRAIL++, see its model card)"
)
PREPARE = f"make one with `sos-online relight prepare` out of {BASE}, and {OFFSETS}"


def extra(module: str) -> Any:
    """A module of the extra that diffusion light needs, imported when it is needed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SOSError(
            f"diffusion light needs {module.partition('.')[0]}, which cannot be imported ({error}); "
            "install it with: pip install 'sos_online[relight]'"
        ) from error
