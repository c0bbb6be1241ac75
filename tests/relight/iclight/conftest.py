"""A tiny base model and IC-Light models made from it, once for all tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sos_online.relight import Composites
from sos_online.relight.iclight import IcLight, IcLightSettings, prepare
from sos_online.types import LightSpec
from tests.relight.iclight import tiny


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``base/``, ``fc.safetensors``, ``fbc.safetensors``, ``fc/`` and ``fbc/`` made of them, ``taesd/``, a LoRA."""
    folder = tmp_path_factory.mktemp("models")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tiny.write_base(folder / "base")
        tiny.tiny_vae().save_pretrained(folder / "taesd")
        tiny.write_lora(folder / "lora.safetensors")
        for kind, channels in (("fc", 8), ("fbc", 12)):
            tiny.write_offsets(folder / f"{kind}.safetensors", tiny.offsets(channels))
    for kind in ("fc", "fbc"):
        prepare(str(folder / "base"), folder / f"{kind}.safetensors", folder / kind, dtype="float32")
    return folder


def paper(models: Path, kind: str = "fc", **changes: object) -> IcLightSettings:
    """The published setting, at a size for tests."""
    return IcLightSettings.paper(**{"model": str(models / kind), "size": 64, **changes})


@pytest.fixture(scope="session")
def iclight(models: Path) -> IcLight:
    return IcLight.load(paper(models, steps=6))


def composites(specs: list[LightSpec], size_hw: tuple[int, int] = (64, 64)) -> Composites:
    """Pictures with two round objects each; every one is different."""
    height, width = size_hw
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:height, :width] + 0.5
    images, maps = [], []
    for _ in specs:
        smooth = np.stack([np.sin(rows / rng.uniform(4, 20) + columns / rng.uniform(4, 20)) for _ in range(3)])
        image = 0.5 + 0.3 * smooth + rng.normal(0, 0.05, (3, height, width))
        instance_map = np.zeros(size_hw, np.int16)
        for row in (2, 1):
            centre = rng.uniform(0.2, 0.8, 2) * size_hw
            instance_map[np.hypot(rows - centre[0], columns - centre[1]) < rng.uniform(0.15, 0.3) * height] = row
        images.append(image.clip(0, 1).astype(np.float32))
        maps.append(instance_map)
    return Composites(
        images=torch.from_numpy(np.stack(images)),
        instance_maps=torch.from_numpy(np.stack(maps)),
        counts=[2] * len(specs),
        specs=specs,
    )
