"""Lighting a folder of composites, ahead of time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from sos_online.data.composite_folder import CompositeFolder
from sos_online.data.device import DeviceStage
from sos_online.errors import RecipeError, SOSError
from sos_online.plan.light import LightChoice, choose_light
from sos_online.recipe import EXECUTION_ONLY, Recipe
from sos_online.relight import Composites, to_bytes
from sos_online.rng import Purpose, sample_generator
from sos_online.storage import write_atomically
from sos_online.types import LightSpec

_SETTINGS = "light.json"
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]
_QUALITY = {".jpg": _JPEG, ".jpeg": _JPEG, ".webp": [cv2.IMWRITE_WEBP_QUALITY, 101]}  # 101 is lossless


@dataclass
class LightReport:
    """What became of a folder's pictures.

    Attributes:
        lit: written now.
        there: found written by an earlier run.
        broken: what could not be read, with the reason.
    """

    lit: int = 0
    there: int = 0
    broken: list[str] = field(default_factory=list)


def light_folder(
    folder: CompositeFolder,
    out: Path,
    recipe: Recipe,
    *,
    seed: int = 0,
    stage: DeviceStage,
    batch_size: int = 8,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> LightReport:
    """Light every picture of a folder by a recipe's ``light``; pictures keep their names and kinds, maps stay true.

    Each picture's light is drawn from the seed and its name alone. Pictures appear whole or not at all; a run that was
    stopped goes on where it was.

    Raises:
        RecipeError: the recipe has no light.
        SOSError: ``out`` is the folder itself, or was lit with other settings.
    """
    choice = recipe.light
    if choice is None:
        raise RecipeError("light: expected settings, found null: there is nothing to do")
    if out.resolve().is_relative_to(folder.root.resolve()):
        raise SOSError(f"{out}: expected a folder outside {folder.root}, whose pictures these would be lost among")
    _check_settings(out, recipe, seed)
    report = LightReport()
    waiting: list[tuple[str, Tensor, Tensor, int]] = []

    def light() -> None:
        if waiting:
            for name, picture in _lit(waiting, choice, seed, stage):
                _write(out / name, picture)
                report.lit += 1
            waiting.clear()
            progress(report.lit + report.there + len(report.broken), len(folder))

    for name in folder.names:
        if (out / name).exists():
            report.there += 1
            continue
        try:
            image, instance_map, count = folder.read(name)
        except SOSError as error:
            report.broken.append(str(error))
            continue
        if waiting and (len(waiting) == batch_size or waiting[0][1].shape != image.shape):
            light()
        waiting.append((name, image, instance_map, count))
    light()
    return report


@torch.no_grad()
def _lit(
    waiting: list[tuple[str, Tensor, Tensor, int]], choice: LightChoice, seed: int, stage: DeviceStage
) -> Iterator[tuple[str, np.ndarray]]:
    """Names with lit pictures, uint8 ``[H, W, 3]`` RGB."""
    names, images, maps, counts = zip(*waiting, strict=True)
    composites = Composites(
        images=torch.stack(images).to(stage.device).float() / 255,
        instance_maps=torch.stack(maps).to(stage.device),
        counts=counts,
        specs=[_light_of(name, count, choice, seed) for name, count in zip(names, counts, strict=True)],
    )
    pictures = to_bytes(stage.lighting(composites)).permute(0, 2, 3, 1).cpu().numpy()
    yield from zip(names, pictures, strict=True)


def _light_of(name: str, count: int, choice: LightChoice, seed: int) -> LightSpec:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return choose_light(choice, count, sample_generator(seed, 0, number, purpose=Purpose.LIGHT))


def _write(path: Path, picture: np.ndarray) -> None:
    suffix = path.suffix.lower()
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(suffix, bgr, _QUALITY.get(suffix, []))[1].tobytes()
    write_atomically(path, lambda file: file.write(encoded))


def _check_settings(out: Path, recipe: Recipe, seed: int) -> None:
    """Write down how the folder is lit, or check that it was lit like this."""
    used = {"light", "iclight"} if recipe.wants_diffusion else {"light"}
    settings = {"seed": seed, **recipe.model_dump(mode="json", include=used)}
    for key in EXECUTION_ONLY["iclight"]:
        settings.get("iclight", {}).pop(key, None)
    path = out / _SETTINGS
    if not path.exists():
        text = json.dumps(settings, indent=1).encode()
        write_atomically(path, lambda file: file.write(text))
        return
    try:
        before = json.loads(path.read_bytes())
    except ValueError:
        raise SOSError(f"{path}: expected how this folder was lit, found no JSON") from None
    other = [key for key in settings if not isinstance(before, dict) or before.get(key) != settings[key]]
    if other:
        raise SOSError(f"{path}: this folder was lit with another {other[0]}; give another folder")
