"""Merging IC-Light's offsets into a Stable Diffusion 1.5 model, once, into a plain diffusers folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from sos_online.errors import SOSError
from sos_online.relight.iclight.parts import Parts, kind_of, load_base
from sos_online.relight.iclight.sources import OFFSETS, extra

NOTE = "sos_iclight.json"
_INPUT = "conv_in.weight"


def prepare(
    base: str, offset: Path | str, out: Path | str, *, dtype: Literal["float16", "float32"] = "float16"
) -> Path:
    """Write a model that lights objects: ``unet/``, ``vae/``, ``text_encoder/``, ``tokenizer/``, and a note.

    The U-Net is the base's plus the offset, its first layer widened with zeros to the inputs of the offset: 8 channels
    (fc) or 12 (fbc). It is added up in float32. The folder appears whole or not at all.

    Args:
        base: a Stable Diffusion 1.5 model in diffusers' layout: a folder, or an id on the Hugging Face hub.
        offset: IC-Light's safetensors file.
        out: the folder to make.
        dtype: of the weights that are written; float16 is what they run in on a GPU.

    Raises:
        SOSError: a file is missing (the message says what to fetch, from where, under which licence); the offset does
            not fit the base (it names the first weight that does not); ``out`` exists.
    """
    offset, out = Path(offset), Path(out)
    if out.exists():
        raise SOSError(f"{out}: exists already; give another folder, or remove it")
    offsets = _read_offsets(offset)
    parts = load_base(base)
    kind = kind_of(offsets[_INPUT].shape[1], f"{offset}, {_INPUT}")
    unet = merge(parts.unet, offsets, str(offset))
    note = {"kind": kind, "base": base, "offset": offset.name, "offset_sha256": _sha256(offset), "dtype": dtype}
    merged = Parts(unet=unet, vae=parts.vae, text_encoder=parts.text_encoder, tokenizer=parts.tokenizer)
    _write(merged.to(torch.device("cpu"), getattr(torch, dtype)), out, note)
    return out


def merge(unet: Any, offsets: dict[str, Tensor], name: str) -> Any:
    """A U-Net of the base's weights, widened, plus the offsets; ``name`` is the offsets' in messages."""
    weights: dict[str, Tensor] = dict(unet.state_dict())
    channels = offsets[_INPUT].shape[1]
    narrow = weights[_INPUT]
    if narrow.shape[1] != 4:
        raise SOSError(f"base: expected a U-Net with 4 input channels, found {narrow.shape[1]}")
    weights[_INPUT] = torch.cat([narrow, narrow.new_zeros(len(narrow), channels - 4, *narrow.shape[2:])], 1)
    for key in sorted(weights.keys() | offsets.keys()):
        if key not in offsets:
            raise SOSError(f"{name}: has no {key}, which the base has; expected {OFFSETS}")
        if key not in weights:
            raise SOSError(f"{name}: has {key}, which the base has not; expected {OFFSETS}")
        if offsets[key].shape != weights[key].shape:
            expected, found = list(weights[key].shape), list(offsets[key].shape)
            raise SOSError(f"{name}: {key}: expected the base's shape {expected}, found {found}")
    merged = type(unet).from_config({**unet.config, "in_channels": channels})
    merged.load_state_dict({key: weight.float() + offsets[key].float() for key, weight in weights.items()})
    return merged


def _read_offsets(path: Path) -> dict[str, Tensor]:
    if path.suffix != ".safetensors" or not path.is_file():
        raise SOSError(f"{path}: expected a .safetensors file; fetch {OFFSETS}")
    safetensors = extra("safetensors")
    try:
        offsets: dict[str, Tensor] = extra("safetensors.torch").load_file(path)
    except safetensors.SafetensorError as error:
        raise SOSError(f"{path}: not a whole safetensors file: {error}; fetch {OFFSETS}") from error
    if _INPUT not in offsets or offsets[_INPUT].dim() != 4:
        raise SOSError(f"{path}: has no {_INPUT}: not the weights of a U-Net; expected {OFFSETS}")
    return offsets


def _write(parts: Parts, out: Path, note: dict[str, Any]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        for name in ("unet", "vae", "text_encoder"):
            getattr(parts, name).save_pretrained(unfinished / name, safe_serialization=True)
        parts.tokenizer.save_pretrained(unfinished / "tokenizer")
        written = {
            str(path.relative_to(unfinished)): _sha256(path) for path in sorted(unfinished.rglob("*.safetensors"))
        }
        (unfinished / NOTE).write_text(json.dumps({**note, "sha256": written}, indent=2) + "\n")
        unfinished.chmod(0o755)  # a temporary folder is its owner's alone
        unfinished.rename(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()
