"""A user's transforms on a sample: under numbers of the sample's own, and with a target that is true afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.tv_tensors import Image

from sos_online.data.sample_iterator import Sample
from sos_online.data.stream import require
from sos_online.errors import StreamError
from sos_online.rng import global_generators_from
from sos_online.targets import refit_annotated, refit_target
from sos_online.types import Target

Transforms = Callable[[Any, Any], tuple[Any, Any]]


def transform_sample(transforms: Transforms, image: Image, target: Target, generator: np.random.Generator) -> Sample:
    """``transforms`` applied to a sample.

    The global generators are seeded from ``generator`` meanwhile. Rows that lose all pixels go, and boxes are refitted
    to the moved instance map; of a real image, whose target has ``masks`` or no instance map that says all, see
    ``refit_annotated``. Light that is still to come (``target["light"]``) stays out of the transforms' sight. What
    a target brings of ``expressions`` (from a cache) is kept only if the instance map is what it was: in a mirrored
    picture *left* is a lie.

    Raises:
        StreamError: they gave no sample, or a picture on which light could not fall any more.
    """
    pending: Target = {"light": target["light"]} if "light" in target else {}
    # what is composed has a visibility, and no masks beside its map
    annotated = "visibility" not in target or "masks" in target
    hidden = {"light", "expressions"} | ({"instance_map"} if annotated else set())
    before = {key: value for key, value in target.items() if key not in hidden}
    with global_generators_from(generator):
        transformed = transforms(image, dict(before))
    if not (isinstance(transformed, tuple) and len(transformed) == 2):
        raise StreamError(f"transforms: expected (image, target), found {type(transformed).__name__}")
    refit = refit_annotated if annotated else refit_target
    image, refitted = refit(*transformed, before=before)
    if pending:
        _check_can_be_lit(image)
    if "expressions" in target:
        unmoved = "instance_map" in target and _is_same(target["instance_map"], refitted.get("instance_map"))
        pending["expressions"] = target["expressions"] if unmoved else []
    return image, {**refitted, **pending}


def _is_same(before: Tensor, after: Any) -> bool:
    return isinstance(after, Tensor) and torch.equal(before.as_subclass(Tensor), after.as_subclass(Tensor))


def _check_can_be_lit(image: Image) -> None:
    """Raise ``StreamError`` if what a transform made is no picture any more, on which light could fall."""
    found = f"{list(image.shape)} {image.dtype}"
    in_range = image.dtype is torch.uint8
    if image.is_floating_point() and image.numel():
        low, high = float(image.amin()), float(image.amax())
        found += f", {low:.3g} … {high:.3g}"
        in_range = low >= 0 and high <= 1
    require(
        "transforms: image",
        found,
        image.ndim == 3 and len(image) == 3 and in_range,
        "[3, H, W], uint8 or float in 0 … 1, since light falls on it after the transforms (the recipe's device.light: "
        "false has it before them; what a model normalises with belongs behind the loader)",
    )
