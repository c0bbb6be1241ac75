"""Settings of diffusion light, and two presets."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from sos_online.types import Section

Sampler = Literal["dpm", "lcm"]
Precision = Literal["auto", "float32", "float16", "bfloat16"]


class IcLightSettings(Section):
    """Which model lights the pictures, how large it sees them, and how long it thinks. The defaults are :meth:`paper`.

    Attributes:
        model: folder that ``sos-online relight prepare`` wrote, or the id of such a folder on the Hugging Face hub.
        tiny_vae: folder or hub id of an ``AutoencoderTiny`` in place of the model's own; with few steps the full one is
            most of the cost.
        lora: safetensors file of a distilled LoRA (LCM-LoRA and its kind), fused into the U-Net when it is loaded.
        lora_scale: weight of the LoRA.
        sampler: ``dpm``: DPM++ 2M SDE on Karras steps, as published; ``lcm``: for a model distilled into a latent
            consistency model, such as by a LoRA.
        size: longer side of what the model sees, pixels; pictures are scaled there and back.
        steps: of each pass.
        guidance: classifier-free guidance; 1 is none, and half the work.
        strength: how much of a grey gradient is replaced, in samples whose light has a direction; with few steps of
            ``dpm`` a coarse measure, since a run can only begin at one of its steps.
        second_pass: strength of a second pass over the first one's result; ``None`` is a single pass.
        carry: take only the light from the relit picture, and the detail from the full-size composite.
        quality: words added to every prompt.
        negative: what guidance leads away from.
        dtype: ``auto`` is float16 on CUDA, float32 elsewhere.
        max_batch: most pictures lit at once; bounds memory.
        cached_prompts: how many encoded prompts are kept.
    """

    model: str = "iclight_fc"
    tiny_vae: str | None = None
    lora: str | None = None
    lora_scale: float = 1.0
    sampler: Sampler = "dpm"
    size: int = Field(default=1024, ge=64, multiple_of=64)
    steps: int = Field(default=25, ge=1, le=50)
    guidance: float = Field(default=2.0, ge=1)
    strength: float = Field(default=0.9, gt=0, le=1)
    second_pass: float | None = Field(default=0.5, gt=0, le=1)
    carry: bool = False
    quality: str = "natural colours, sharp photograph, fine texture"
    negative: str = "blurry, distorted, deformed, oversaturated, drawing, text"
    dtype: Precision = "auto"
    max_batch: int = Field(default=8, ge=1)
    cached_prompts: int = Field(default=256, ge=1)

    @classmethod
    def paper(cls, **changes: Any) -> IcLightSettings:
        """The published setting: 1024 pixels, two passes of 25 steps, guidance 2; 500 TFLOP a picture."""
        return cls(**changes)

    @classmethod
    def fast(cls, **changes: Any) -> IcLightSettings:
        """512 pixels, 4 steps, one pass, no guidance, a tiny VAE, only the light carried up; 3.5 TFLOP a picture.

        Four steps are few for a model that was not distilled: its pictures are soft, but the light is all that is taken
        from them. A ``lora`` makes them sharp, and brings its own sampler.
        """
        preset: dict[str, Any] = {
            "tiny_vae": "madebyollin/taesd",
            "sampler": "lcm" if changes.get("lora") else "dpm",
            "size": 512,
            "steps": 4,
            "guidance": 1.0,
            "second_pass": None,
            "carry": True,
        }
        return cls(**(preset | changes))


def working_size(size_hw: tuple[int, int], longer: int) -> tuple[int, int]:
    """What the model sees of a picture: the longer side is ``longer``, both sides are multiples of 64."""
    scale = longer / max(size_hw)
    height, width = (max(64, round(side * scale / 64) * 64) for side in size_hw)
    return height, width
