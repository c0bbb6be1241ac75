"""The batched loop, against stock diffusers pipelines and against itself one picture at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sos_online.relight.iclight import IcLight, IcLightSettings
from sos_online.types import LightSpec
from tests.relight.iclight.conftest import composites, paper
from tests.relight.iclight.oracle import relight_one

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # from diffusers
LONG = "warm light from a window, " * 8  # three chunks of tokens
SPECS = [
    LightSpec(relighter="iclight", prompt="sunset", seed=1),
    LightSpec(relighter="iclight", prompt=LONG, seed=2, direction="left"),
    LightSpec(relighter="iclight", prompt="sunset", seed=3, direction="right"),
    LightSpec(relighter="iclight", prompt="a neon sign at night " * 5, seed=1, direction="top"),
    LightSpec(relighter="iclight", prompt="candle", seed=2**40, direction="bottom"),
]


def grey_levels(a: torch.Tensor, b: torch.Tensor) -> float:
    return (a - b).abs().max().item() * 255


@pytest.mark.parametrize(("kind", "specs"), [("fc", SPECS), ("fbc", SPECS[:2])])
def test_equals_stock_pipelines(
    models: Path, kind: str, specs: list[LightSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = IcLight.load(paper(models, kind))
    batch = composites(specs)
    with torch.no_grad():
        relit = model(batch)
        for number, spec in enumerate(specs):
            expected = relight_one(model, batch.images[number], batch.instance_maps[number], spec, monkeypatch)
            assert expected.std() > 0.05, "a flat picture would prove nothing"
            assert grey_levels(relit[number], expected) < 1


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("fc", {}),
        ("fbc", {}),
        ("fc", {"guidance": 1.0, "second_pass": None, "steps": 4, "strength": 0.6}),  # runs of 4 and of 3 or 5 steps
        ("fc", {"sampler": "lcm", "guidance": 1.0, "steps": 3}),
        ("fc", {"max_batch": 2}),
    ],
)
def test_batch_equals_single_runs(models: Path, kind: str, changes: dict[str, object]) -> None:
    model = IcLight.load(paper(models, kind, **{"steps": 6, **changes}))
    batch = composites(SPECS)
    relit = model(batch)
    for number in range(len(batch)):
        assert grey_levels(model(batch.take([number])), relit[number : number + 1]) < 1


@pytest.mark.parametrize("change", [{"prompt": "moonlight"}, {"seed": 9}, {"direction": "left"}])
def test_every_part_of_a_spec_matters(iclight: IcLight, change: dict[str, object]) -> None:
    spec = {"relighter": "iclight", "prompt": "sunset", "seed": 1, "direction": "none"}
    before = iclight(composites([LightSpec(**spec)]))
    after = iclight(composites([LightSpec(**{**spec, **change})]))
    assert grey_levels(before, after) > 4


def test_fc_does_not_see_the_background_and_fbc_does(models: Path) -> None:
    for kind, sees in (("fc", False), ("fbc", True)):
        model = IcLight.load(paper(models, kind, steps=4, second_pass=None))
        assert model.kind == kind
        batch = composites(SPECS[:1])
        objects = (batch.instance_maps > 0)[:, None]
        other = batch.with_images(torch.where(objects, batch.images, 1 - batch.images))
        assert (grey_levels(model(batch), model(other)) > 1) == sees


@pytest.mark.parametrize("size_hw", [(48, 48), (100, 60), (64, 130), (200, 200)])
@pytest.mark.parametrize("carry", [False, True])
def test_any_size_comes_back_at_its_size(iclight: IcLight, models: Path, size_hw: tuple[int, int], carry: bool) -> None:
    model = IcLight.load(paper(models, steps=2, second_pass=None, carry=carry))
    batch = composites(SPECS[:2], size_hw)
    before = batch.images.clone()
    relit = model(batch)
    assert relit.shape == batch.images.shape and relit.dtype == torch.float32
    assert relit.min() >= 0 and relit.max() <= 1 and torch.isfinite(relit).all()
    assert torch.equal(batch.images, before), "inputs are left as they are"


def test_fast_preset(models: Path) -> None:
    settings = IcLightSettings.fast(
        model=str(models / "fc"), tiny_vae=str(models / "taesd"), lora=str(models / "lora.safetensors"), size=64
    )
    assert (settings.steps, settings.guidance, settings.second_pass, settings.carry) == (4, 1, None, True)
    assert settings.sampler == "lcm" and IcLightSettings.fast().sampler == "dpm"
    model = IcLight.load(settings)
    batch = composites(SPECS, (96, 96))
    relit = model(batch)
    assert grey_levels(relit, batch.images) > 4
    for number in range(len(batch)):
        assert grey_levels(model(batch.take([number])), relit[number : number + 1]) < 1


def test_lora_is_fused(models: Path) -> None:
    settings = paper(models)
    name = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight"
    plain = IcLight.load(settings)._parts.unet.state_dict()
    lora = settings.model_copy(update={"lora": str(models / "lora.safetensors"), "lora_scale": 0.5})
    fused = IcLight.load(lora)._parts.unet.state_dict()
    from safetensors.torch import load_file

    down, up = (load_file(models / "lora.safetensors")[f"unet.{name[:-7]}.lora_{side}.weight"] for side in "AB")
    assert plain.keys() == fused.keys()
    torch.testing.assert_close(fused.pop(name), plain.pop(name) + 0.5 * up @ down)
    assert all(torch.equal(fused[key], plain[key]) for key in plain)


def test_prompts_and_lights_are_encoded_once(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = IcLight.load(paper(models, steps=1, second_pass=None, guidance=1.0, cached_prompts=2))
    encoded, pictures = [], []
    chunks, encode = model._prompts.chunks, model._encode
    monkeypatch.setattr(model._prompts, "chunks", lambda text: encoded.append(text) or chunks(text))
    monkeypatch.setattr(model, "_encode", lambda batch: pictures.append(batch) or encode(batch))

    def light(prompt: str, direction: str) -> None:
        model(composites([LightSpec(relighter="iclight", prompt=prompt, direction=direction)]))

    light("a", "left")
    light("a", "left")
    assert len(encoded) == 1 and len(pictures) == 3, "one condition each, and one gradient"
    light("b", "right")
    light("a", "right")
    assert len(encoded) == 2 and len(pictures) == 6, "and one more for the other direction"
    light("c", "left")  # drops "b", the one not used for longest
    light("a", "left")
    assert len(encoded) == 3
    light("b", "left")
    assert len(encoded) == 4 and len(pictures) == 9


def test_half_precision_is_close(models: Path) -> None:
    settings = paper(models, steps=2, second_pass=None)
    half = IcLight.load(settings.model_copy(update={"dtype": "bfloat16"}))
    assert half._parts.vae.dtype == torch.bfloat16
    relit = half(composites(SPECS))
    assert relit.dtype == torch.float32
    assert (relit - IcLight.load(settings)(composites(SPECS))).abs().mean() < 0.02


def test_results_can_enter_a_training_step(iclight: IcLight) -> None:
    with torch.no_grad():
        relit = iclight(composites(SPECS[:2]))
    assert not relit.is_inference() and not relit.requires_grad
    weight = torch.ones(1, requires_grad=True)
    (relit * weight).square().mean().backward()
    assert weight.grad is not None and weight.grad > 0


def test_without_no_grad_no_graph_is_built(iclight: IcLight) -> None:
    assert not iclight(composites(SPECS[:1])).requires_grad


def test_empty_batch_and_picture_without_objects(iclight: IcLight) -> None:
    assert iclight(composites(SPECS[:1]).take([])).shape == (0, 3, 64, 64)
    batch = composites(SPECS[:1])
    bare = type(batch)(batch.images, torch.zeros_like(batch.instance_maps), [0], batch.specs)
    assert torch.isfinite(iclight(bare)).all()
