"""Models of the real architecture in a size for tests, with random weights; nothing is downloaded."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

WIDTH = 16
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,.-'"


def unet(in_channels: int = 4):
    from diffusers import UNet2DConditionModel

    model = UNet2DConditionModel(
        sample_size=8,
        in_channels=in_channels,
        out_channels=4,
        block_out_channels=(8, 16),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
    )
    _liven(model)
    return model


def vae():
    from diffusers import AutoencoderKL

    model = AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=2,
        latent_channels=4,
        scaling_factor=0.18215,
    )
    _liven(model)
    return model


def tiny_vae():
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(
        encoder_block_out_channels=(4, 4, 4, 4),
        decoder_block_out_channels=(4, 4, 4, 4),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    )


def text_encoder():
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(vocabulary()),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=vocabulary()["<|startoftext|>"],
        eos_token_id=vocabulary()["<|endoftext|>"],
        pad_token_id=vocabulary()["<|endoftext|>"],
    )
    model = CLIPTextModel(config)
    for weight in model.parameters():
        if weight.dim() > 1:
            weight.data.mul_(10)  # so that words matter
    return model


def vocabulary() -> dict[str, int]:
    tokens = [*LETTERS, *(letter + "</w>" for letter in LETTERS), "li", "light</w>", "<|startoftext|>", "<|endoftext|>"]
    return {token: number for number, token in enumerate(tokens)}


def write_tokenizer(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary()))
    (folder / "merges.txt").write_text("#version: 0.2\nl i\n")
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def write_base(folder: Path) -> Path:
    """A Stable Diffusion folder in diffusers' layout."""
    unet().save_pretrained(folder / "unet")
    vae().save_pretrained(folder / "vae")
    text_encoder().save_pretrained(folder / "text_encoder")
    write_tokenizer(folder / "tokenizer")
    return folder


def offsets(in_channels: int) -> dict[str, torch.Tensor]:
    """What IC-Light publishes: something to add to every weight, for a widened first layer."""
    return {key: 0.3 * weight for key, weight in unet(in_channels).state_dict().items()}


def write_offsets(path: Path, weights: dict[str, torch.Tensor]) -> Path:
    save_file({key: weight.contiguous() for key, weight in weights.items()}, path)
    return path


def write_lora(path: Path) -> Path:
    """A LoRA of rank 2 on the attention of the first block, as training scripts write it."""
    target = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    weights = {f"{target}.lora_A.weight": torch.randn(2, 8), f"{target}.lora_B.weight": torch.randn(8, 2)}
    save_file(weights, path)
    return path


def _liven(model: torch.nn.Module) -> None:
    """Random biases, and last layers that are loud enough for pictures to differ."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(0, 0.1)
            elif name in ("conv_out.weight", "decoder.conv_out.weight"):
                weight.mul_(3)
            elif name == "quant_conv.weight":
                weight.mul_(20)
