"""Merging offsets into a base, and loading what came of it; what is missing is named."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sos_online.errors import SOSError
from sos_online.relight.iclight import IcLight, IcLightSettings, prepare
from tests.relight.iclight import tiny
from tests.relight.iclight.conftest import composites, paper
from tests.relight.iclight.test_relighter import SPECS

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
Weights = dict[str, torch.Tensor]


@pytest.mark.parametrize(("kind", "channels"), [("fc", 8), ("fbc", 12)])
def test_merged_weights_are_the_sum(models: Path, kind: str, channels: int) -> None:
    base, offset, merged = (
        load_file(path) for path in (models / "base" / WEIGHTS, models / f"{kind}.safetensors", models / kind / WEIGHTS)
    )
    assert merged.keys() == base.keys() == offset.keys()
    first = "conv_in.weight"
    assert merged[first].shape[1] == channels
    torch.testing.assert_close(merged[first][:, :4], base.pop(first) + offset[first][:, :4])
    torch.testing.assert_close(merged[first][:, 4:], offset[first][:, 4:])
    for key, weight in base.items():
        torch.testing.assert_close(merged[key], weight + offset[key])


def test_the_folder_says_what_it_is(models: Path) -> None:
    note = json.loads((models / "fbc" / "sos_iclight.json").read_text())
    assert note["kind"] == "fbc" and note["base"] == str(models / "base") and note["offset"] == "fbc.safetensors"
    assert note["offset_sha256"] == hashlib.sha256((models / "fbc.safetensors").read_bytes()).hexdigest()
    assert note["sha256"][WEIGHTS] == hashlib.sha256((models / "fbc" / WEIGHTS).read_bytes()).hexdigest()
    files = {path.suffix for path in (models / "fbc").rglob("*") if path.is_file()}
    assert files <= {".safetensors", ".json", ".txt"}, "no pickles"
    assert {"unet", "vae", "text_encoder", "tokenizer"} <= {path.name for path in (models / "fbc").iterdir()}


def test_half_precision_is_the_default(models: Path, tmp_path: Path) -> None:
    folder = prepare(str(models / "base"), models / "fc.safetensors", tmp_path / "half")
    assert {weight.dtype for weight in load_file(folder / WEIGHTS).values()} == {torch.float16}
    settings = paper(models, steps=2)
    batch = composites(SPECS[:1])
    half = IcLight.load(settings.model_copy(update={"model": str(folder)}))
    assert half._parts.unet.dtype == torch.float32, "the CPU computes in float32"
    assert (half(batch) - IcLight.load(settings)(batch)).abs().mean() < 0.02


def test_from_parts_is_the_same(models: Path) -> None:
    settings = paper(models, steps=2)
    loaded = IcLight.load(settings)
    parts = loaded._parts
    made = IcLight.from_parts(parts.unet, parts.vae, parts.text_encoder, parts.tokenizer, settings, "fc")
    assert torch.equal(loaded(composites(SPECS[:2])), made(composites(SPECS[:2])))
    with pytest.raises(SOSError, match="expected fbc, found a U-Net of fc"):
        IcLight.from_parts(parts.unet, parts.vae, parts.text_encoder, parts.tokenizer, settings, "fbc")
    with pytest.raises(SOSError, match="expected 8 input channels"):
        IcLight.from_parts(tiny.unet(4), parts.vae, parts.text_encoder, parts.tokenizer, settings, "fc")


def drop(key: str) -> Callable[[Weights], Weights]:
    return lambda weights: {name: weight for name, weight in weights.items() if name != key}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("conv_out.bias"), r"has no conv_out\.bias"),
        (drop("conv_in.weight"), r"has no conv_in\.weight"),
        (lambda weights: {**weights, "conv_extra.weight": torch.zeros(1)}, r"has conv_extra\.weight, which the base"),
        (
            lambda weights: {**weights, "conv_out.bias": torch.zeros(5)},
            r"conv_out\.bias: expected .* \[4\], found \[5\]",
        ),
        (lambda weights: {**weights, "conv_in.weight": torch.zeros(8, 4, 3, 3)}, "expected 8 input channels"),
        (lambda weights: {**weights, "conv_in.weight": torch.zeros(8, 8, 1, 1)}, r"conv_in\.weight: expected"),
    ],
)
def test_an_offset_that_does_not_fit(
    models: Path, tmp_path: Path, change: Callable[[Weights], Weights], message: str
) -> None:
    offset = tiny.write_offsets(tmp_path / "wrong.safetensors", change(load_file(models / "fc.safetensors")))
    with pytest.raises(SOSError, match=message) as raised:
        prepare(str(models / "base"), offset, tmp_path / "out")
    assert str(offset) in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_the_first_of_several_mismatches_is_named(models: Path, tmp_path: Path) -> None:
    weights = load_file(models / "fc.safetensors")
    del weights["conv_norm_out.bias"], weights["time_embedding.linear_1.bias"]
    offset = tiny.write_offsets(tmp_path / "wrong.safetensors", weights)
    with pytest.raises(SOSError, match=r"conv_norm_out\.bias"):
        prepare(str(models / "base"), offset, tmp_path / "out")


def test_a_base_that_was_merged_before(models: Path, tmp_path: Path) -> None:
    with pytest.raises(SOSError, match="expected a U-Net with 4 input channels, found 8"):
        prepare(str(models / "fc"), models / "fc.safetensors", tmp_path / "out")


def test_missing_offset_says_what_to_fetch(models: Path, tmp_path: Path) -> None:
    with pytest.raises(SOSError) as raised:
        prepare(str(models / "base"), tmp_path / "iclight_sd15_fc.safetensors", tmp_path / "out")
    for part in ("iclight_sd15_fc.safetensors", "https://huggingface.co/lllyasviel/ic-light", "Apache-2.0"):
        assert part in str(raised.value)


def test_pickles_and_torn_files_are_refused(models: Path, tmp_path: Path) -> None:
    pickled = tmp_path / "offset.ckpt"
    torch.save({}, pickled)
    with pytest.raises(SOSError, match=r"expected a \.safetensors file"):
        prepare(str(models / "base"), pickled, tmp_path / "out")
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes((models / "fc.safetensors").read_bytes()[:-100])
    with pytest.raises(SOSError, match="not a whole safetensors file"):
        prepare(str(models / "base"), torn, tmp_path / "out")

    base = shutil.copytree(models / "base", tmp_path / "base")
    torch.save(load_file(base / WEIGHTS), base / "unet/diffusion_pytorch_model.bin")
    (base / WEIGHTS).unlink()
    with pytest.raises(SOSError, match="base/unet: cannot be loaded as a UNet2DConditionModel in safetensors"):
        prepare(str(base), models / "fc.safetensors", tmp_path / "out")


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer"])
def test_a_base_without_a_part_says_what_to_fetch(models: Path, tmp_path: Path, part: str) -> None:
    base = shutil.copytree(models / "base", tmp_path / "base")
    shutil.rmtree(base / part)
    with pytest.raises(SOSError, match=f"base/{part}: no such folder") as raised:
        prepare(str(base), models / "fc.safetensors", tmp_path / "out")
    assert "stablediffusionapi/realistic-vision-v51" in str(raised.value)
    assert "CreativeML OpenRAIL-M" in str(raised.value)


@pytest.mark.parametrize("model", ["iclight_fc", "/nowhere/iclight", "./iclight", "a/b/c"])
def test_no_folder_and_no_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SOSError, match="no such folder, and not an id on the Hugging Face hub"):
        IcLight.load(IcLightSettings(model=model))


@pytest.mark.filterwarnings("ignore:The `local_dir_use_symlinks`:UserWarning")  # from diffusers
def test_hub_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(SOSError, match="sos-online relight prepare") as raised:
        IcLight.load(IcLightSettings(model="someone/iclight"))
    assert "someone/iclight/unet: cannot be loaded from the Hugging Face hub" in str(raised.value)
    assert "lllyasviel/ic-light" in str(raised.value)


def test_missing_or_wrong_files_of_settings(models: Path, tmp_path: Path) -> None:
    def refused(message: str, **changes: object) -> str:
        with pytest.raises(SOSError, match=message) as raised:
            IcLight.load(paper(models, **changes))
        return str(raised.value)

    assert "madebyollin/taesd" in refused("no such folder", tiny_vae=str(tmp_path / "taesd"))
    assert "latent-consistency" in refused("expected a .safetensors file", lora=str(tmp_path / "lora.safetensors"))
    assert "prepare" in refused("expected 8 input channels", model=str(models / "base"))
    words_only = tmp_path / "words.safetensors"
    target = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj"
    tiny.write_offsets(
        words_only, {f"{target}.lora_A.weight": torch.zeros(2, 16), f"{target}.lora_B.weight": torch.zeros(16, 2)}
    )
    refused("nothing for a U-Net", lora=str(words_only))
    other = tmp_path / "other.safetensors"
    target = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    tiny.write_offsets(
        other, {f"{target}.lora_A.weight": torch.zeros(2, 99), f"{target}.lora_B.weight": torch.zeros(99, 2)}
    )
    refused("cannot be fused", lora=str(other))


@pytest.mark.parametrize("missing", ["diffusers", "transformers", "peft"])
def test_missing_library_names_the_extra(models: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SOSError, match=rf"{missing}.*sos_online\[relight\]"):
        IcLight.load(paper(models, lora=str(models / "lora.safetensors")))


def test_an_existing_folder_is_left_alone(models: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(SOSError, match="exists already"):
        prepare(str(models / "base"), models / "fc.safetensors", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_interrupted_leaves_nothing(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    from transformers import CLIPTextModel

    def interrupt(*_: object, **__: object) -> None:
        assert list(tmp_path.rglob("*.safetensors")), "something was written before"
        raise stop

    with monkeypatch.context() as patch:
        patch.setattr(CLIPTextModel, "save_pretrained", interrupt)
        with pytest.raises(stop):
            prepare(str(models / "base"), models / "fc.safetensors", tmp_path / "deep" / "out")
    assert not list((tmp_path / "deep").iterdir())
    assert (prepare(str(models / "base"), models / "fc.safetensors", tmp_path / "deep" / "out") / WEIGHTS).is_file()
