"""The device stage that a recipe asks for."""

from __future__ import annotations

import torch

from sos_online.data.device import DeviceStage
from sos_online.data.reservoir_stage import ReservoirStage
from sos_online.recipe import Recipe
from sos_online.relight import Lighting


def make_device_stage(
    recipe: Recipe | None,
    device: torch.device | str = "cpu",
    *,
    dtype: torch.dtype = torch.float32,
    masks: bool = False,
) -> DeviceStage:
    """A stage with all that a recipe's light needs: a diffusion model is loaded, if an image may ask for it.

    ``recipe`` is None for images that are finished.

    Raises:
        SOSError: the model is not there, or diffusers is not installed; says what to fetch from where.
    """
    if recipe is None or not recipe.wants_diffusion:
        return DeviceStage(device, dtype=dtype, masks=masks)
    from sos_online.relight.iclight import IcLight

    lighting = Lighting({"iclight": IcLight.load(recipe.iclight, device)})
    if recipe.reservoir is None:
        return DeviceStage(device, dtype=dtype, masks=masks, lighting=lighting)
    return ReservoirStage(device, dtype=dtype, masks=masks, lighting=lighting, settings=recipe.reservoir)
