"""Shadows lie on the background, on the side away from the light, and nowhere else."""

from __future__ import annotations

import itertools

import pytest
import torch

from sos_online.relight.photometric import Photometric
from tests.relight.photometric.scenes import batch, light, paint

RELIGHT = Photometric()
BOX = (112, 80, 144, 144)
PAINTED = paint([BOX], (256, 256))


def darkening(azimuth: float, shadow: float = 1.0, seed: int = 0) -> torch.Tensor:
    """What a shadow takes away, ``[H, W]``: the light itself cancels out."""
    specs = [light(azimuth=azimuth, shadow=amount, seed=seed) for amount in (0.0, shadow)]
    unshaded, shaded = RELIGHT(batch(PAINTED, PAINTED, specs=specs))
    taken: torch.Tensor = unshaded - shaded
    return taken.mean(0)


def test_shadows_lie_on_the_background_alone() -> None:
    taken = darkening(60.0)
    assert taken[PAINTED[1] == 1].abs().max() < 1e-6
    assert taken.min() > -1e-6 and taken.max() > 0.1


def test_shadows_grow_darker_with_the_spec() -> None:
    amounts = [float(darkening(60.0, shadow).sum()) for shadow in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert amounts[0] == 0
    assert all(later > earlier * 1.2 for earlier, later in itertools.pairwise(amounts))


@pytest.mark.parametrize("seed", range(3))
def test_shadows_fall_away_from_the_light(seed: int) -> None:
    x1, _, x2, y2 = BOX
    from_right, from_left, from_top = (darkening(azimuth, seed=seed) for azimuth in (0.0, 180.0, 90.0))
    left, right, below = (slice(None), slice(0, x1)), (slice(None), slice(x2, 256)), (slice(y2, 256), slice(x1, x2))
    assert from_right[left].sum() > 3 * from_right[right].sum()
    assert from_left[right].sum() > 3 * from_left[left].sum()
    assert from_top[below].sum() > from_top[left].sum() + from_top[right].sum()
    assert from_top[:60].abs().max() < 1e-6, "nothing above what casts the shadow"


def test_objects_touch_the_ground_wherever_the_light_is() -> None:
    x1, _, x2, y2 = BOX
    for azimuth in (0.0, 90.0, 180.0, 270.0):
        taken = darkening(azimuth)
        assert taken[y2 + 1 : y2 + 5, x1 + 6 : x2 - 6].mean() > 0.1


def test_pixels_far_from_any_object_see_the_light_of_the_picture_alone() -> None:
    spec = light(azimuth=30.0, temperature=4000.0, strength=1.0, shadow=1.0)
    empty = PAINTED[0], torch.zeros_like(PAINTED[1])
    with_object, without = RELIGHT(batch(PAINTED, empty, specs=[spec, spec]))
    assert (with_object - without)[:, :48].abs().max() < 1e-6
    # and that light is a gradient over the picture, brighter towards its source
    assert without[:, 20, 240].mean() > without[:, 20, 10].mean()
    assert without[:, 20, 120].mean() > without[:, 250, 120].mean()


def test_no_bright_fringe_between_an_object_and_its_shadow() -> None:
    _, _, _, y2 = BOX
    shade = darkening(90.0)[y2 : y2 + 12, 120:136].mean(1)
    assert shade[0] > 0.9 * shade.max()
