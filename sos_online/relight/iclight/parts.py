"""The networks of a Stable Diffusion 1.5 model that lights objects, loaded from safetensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from sos_online.errors import SOSError
from sos_online.relight.iclight.settings import IcLightSettings
from sos_online.relight.iclight.sources import BASE, LORA, PREPARE, TINY_VAE, extra

Kind = Literal["fc", "fbc"]
INPUTS: dict[int, Kind] = {8: "fc", 12: "fbc"}  # latents, objects on grey, and for fbc the background: 4 channels each


@dataclass(frozen=True)
class Parts:
    """What a model is made of.

    Attributes:
        unet: ``UNet2DConditionModel`` with 8 input channels (fc) or 12 (fbc).
        vae: ``AutoencoderKL`` or ``AutoencoderTiny``.
        text_encoder, tokenizer: CLIP's.
    """

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any

    @property
    def kind(self) -> Kind:
        return kind_of(self.unet.config.in_channels, "the U-Net")

    def frozen(self) -> Parts:
        """Put into evaluation, without gradients."""
        for network in self._networks:
            network.requires_grad_(False).eval()
        return self

    def to(self, device: torch.device, dtype: torch.dtype) -> Parts:
        for network in self._networks:
            _cast(network, device=device, dtype=dtype)
        if device.type == "cuda":  # the layout in which convolutions run on matrix units
            _cast(self.unet, memory_format=torch.channels_last)
            _cast(self.vae, memory_format=torch.channels_last)
        return self

    @property
    def _networks(self) -> tuple[Any, ...]:
        return self.unet, self.vae, self.text_encoder


def kind_of(channels: int, what: str) -> Kind:
    if channels not in INPUTS:
        raise SOSError(
            f"{what}: expected 8 input channels (fc) or 12 (fbc), found {channels}: not a model of IC-Light; {PREPARE}"
        )
    return INPUTS[channels]


def load_parts(settings: IcLightSettings) -> Parts:
    """The networks that settings name, on the CPU, in float32.

    Raises:
        SOSError: a folder or file is missing (the message says what to fetch, from where, under which licence) or does
            not fit.
    """
    model = settings.model
    unet = load_part("diffusers", "UNet2DConditionModel", model, "unet", PREPARE)
    kind_of(unet.config.in_channels, f"{model}/unet")
    if settings.lora is not None:
        fuse_lora(unet, Path(settings.lora), settings.lora_scale)
    if settings.tiny_vae is None:
        vae = load_part("diffusers", "AutoencoderKL", model, "vae", PREPARE)
    else:
        vae = load_part("diffusers", "AutoencoderTiny", settings.tiny_vae, None, f"fetch {TINY_VAE}")
    return Parts(
        unet=unet,
        vae=vae,
        text_encoder=load_part("transformers", "CLIPTextModel", model, "text_encoder", PREPARE),
        tokenizer=load_part("transformers", "CLIPTokenizer", model, "tokenizer", PREPARE),
    )


def load_base(base: str) -> Parts:
    """A plain Stable Diffusion 1.5 model: a folder, or an id on the hub."""
    advice = f"fetch {BASE}"
    return Parts(
        unet=load_part("diffusers", "UNet2DConditionModel", base, "unet", advice),
        vae=load_part("diffusers", "AutoencoderKL", base, "vae", advice),
        text_encoder=load_part("transformers", "CLIPTextModel", base, "text_encoder", advice),
        tokenizer=load_part("transformers", "CLIPTokenizer", base, "tokenizer", advice),
    )


def load_part(module: str, name: str, source: str, subfolder: str | None, advice: str) -> Any:
    """One network or tokenizer, from a folder if there is one of that name, else from the hub; never from a pickle."""
    kind = getattr(extra(module), name)
    network = name != "CLIPTokenizer"
    options: dict[str, Any] = {"use_safetensors": True} if network else {}
    if subfolder is not None:
        options["subfolder"] = subfolder
    part = source if subfolder is None else f"{source}/{subfolder}"
    place = "from the Hugging Face hub (there is no such folder) "
    if Path(source).is_dir():
        place = ""
        if not Path(part).is_dir():
            raise SOSError(f"{part}: no such folder; {advice}")
        options["local_files_only"] = True
    elif source.count("/") != 1 or source.startswith((".", "/", "~")):
        raise SOSError(f"{source}: no such folder, and not an id on the Hugging Face hub; {advice}")
    try:
        loaded = kind.from_pretrained(source, **options)
    except Exception as error:  # each library behind it has errors of its own
        reason = str(error).strip().partition("\n")[0]
        raise SOSError(f"{part}: cannot be loaded {place}as a {name} in safetensors: {reason}; {advice}") from error
    return _cast(loaded, dtype=torch.float32) if network else loaded


def fuse_lora(unet: Any, path: Path, scale: float) -> None:
    """Add a LoRA to the U-Net's weights for good; parts of it that belong to a text encoder are left out."""
    if path.suffix != ".safetensors" or not path.is_file():
        raise SOSError(f"{path}: expected a .safetensors file; fetch {LORA}")
    extra("peft")
    pipeline = extra("diffusers").StableDiffusionPipeline
    weights = extra("safetensors.torch").load_file(path)
    try:
        state, alphas = pipeline.lora_state_dict(weights, unet_config=unet.config)
        pipeline.load_lora_into_unet(state, network_alphas=alphas, unet=unet)
        found = getattr(unet, "peft_config", None)
        if found:
            unet.fuse_lora(lora_scale=scale)
            unet.unload_lora()
    except (ValueError, RuntimeError, KeyError) as error:
        raise SOSError(f"{path}: cannot be fused into the U-Net: {error}; expected {LORA}") from error
    if not found:
        raise SOSError(f"{path}: has nothing for a U-Net; expected {LORA}")


def _cast(network: Any, **options: Any) -> Any:
    """``Module.to`` itself: the one of diffusers' models warns of layers that these models do not have."""
    return torch.nn.Module.to(network, **options)
