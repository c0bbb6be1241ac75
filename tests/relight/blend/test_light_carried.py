"""What each of the soft blenders promises of light, detail and seams."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve

from sos_online.ops.colour import linear_to_srgb, srgb_to_linear
from sos_online.relight.blend import blend
from sos_online.relight.composites import Composites
from sos_online.types.light import Blender
from tests.relight.blend.scenes import batch, discs

SIZE = (160, 200)


def scene(kind: Blender) -> tuple[Composites, torch.Tensor, torch.Tensor]:
    """Composites of mild noise, relit noise, and the mask of the objects."""
    composites, relit = batch([discs(SIZE, 4, 8)], [[kind]])
    inside = (composites.instance_maps > 0)[:, None].expand_as(relit)
    return composites.with_images(0.3 + 0.3 * composites.images), relit, inside


def relit_with(relit: torch.Tensor, inside: torch.Tensor, objects: torch.Tensor) -> torch.Tensor:
    """Objects lit in a known way, on a background that has nothing to do with them."""
    return torch.where(inside, objects, relit)


def test_ratio_carries_a_tint_exactly() -> None:
    composites, noise, inside = scene("ratio")
    tint = torch.tensor([1.5, 1.0, 0.6])[:, None, None]
    lit = linear_to_srgb(srgb_to_linear(composites.images) * tint)
    result = blend(composites, relit_with(noise, inside, lit))
    # the guard against black pulls the ratio a little towards 1
    assert (result - lit)[inside].abs().max() * 255 < 1.5


def test_ratio_keeps_the_background_out() -> None:
    composites, noise, inside = scene("ratio")
    lit = 0.8 * composites.images
    dark, bright = (relit_with(torch.full_like(noise, level), inside, lit) for level in (0.0, 1.0))
    torch.testing.assert_close(blend(composites, dark)[inside], blend(composites, bright)[inside])


@pytest.mark.parametrize("size_hw", [(16, 16), (32, 32), (48, 48), (64, 96)])
def test_ratio_at_an_objects_edge_is_that_of_the_object(size_hw: tuple[int, int]) -> None:
    """However few cells it has: what lies beside it knows no light, and must not be mixed in."""
    composites, noise = batch([discs(size_hw, 3, 5)], [["ratio"]])
    composites = composites.with_images(0.3 + 0.2 * composites.images)
    inside = (composites.instance_maps > 0)[:, None].expand_as(noise)
    lit = linear_to_srgb(2 * srgb_to_linear(composites.images))
    result = blend(composites, relit_with(torch.zeros_like(noise), inside, lit))
    assert (result - lit)[inside].abs().max() * 255 < 2


def test_ratio_is_bounded() -> None:
    composites, noise, _ = scene("ratio")
    composites = composites.with_images(torch.full_like(noise, 0.05))
    result = blend(composites, torch.ones_like(noise))
    expected = linear_to_srgb(8 * srgb_to_linear(torch.tensor(0.05)))
    inside = (composites.instance_maps > 0)[:, None].expand_as(noise)
    torch.testing.assert_close(result[inside], expected.expand(int(inside.sum())), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("kind", "least"), [("ratio", 0.95), ("multiband", 0.7), ("poisson", 0.9)])
def test_detail_is_the_composites(kind: Blender, least: float) -> None:
    """A smooth relit picture brings no detail: that of the result is the composite's."""
    composites, noise, inside = scene(kind)
    result = blend(composites, torch.full_like(noise, 0.4))
    across = (inside[..., 1:] & inside[..., :-1])[0, 0]
    steps = [np.diff(image[0, 0].numpy(), axis=-1)[across.numpy()] for image in (result, composites.images)]
    assert np.corrcoef(*steps)[0, 1] > least


def test_multiband_takes_the_light_of_the_relit_picture() -> None:
    composites, noise, inside = scene("multiband")
    lit = composites.images + 0.2
    result = blend(composites, relit_with(noise, inside, lit))
    torch.testing.assert_close(result[inside], lit[inside], atol=1e-5, rtol=0)


def test_multiband_keeps_the_background_out() -> None:
    composites, noise, inside = scene("multiband")
    dark, bright = (relit_with(torch.full_like(noise, level), inside, noise) for level in (0.0, 1.0))
    torch.testing.assert_close(blend(composites, dark)[inside], blend(composites, bright)[inside])


def test_feather_is_relit_at_the_border_and_half_inside() -> None:
    composites, relit = batch([np.pad(np.ones((300, 300), np.int16), 106)], [["feather"]])
    result = blend(composites, relit)
    depth = distance_transform_edt(composites.instance_maps[0].numpy() > 0)
    share = ((result - relit) / (composites.images - relit))[0, 0].numpy()
    clear = (composites.images - relit)[0, 0].abs().numpy() > 0.2
    assert share[(depth == 1) & clear].max() < 0.15
    np.testing.assert_allclose(share[(depth > 6.5) & clear], 0.5, atol=1e-3)
    middle = share[150, 106:126][clear[150, 106:126]]
    assert (np.diff(middle) > -1e-4).all()


def test_poisson_is_relit_on_the_rim() -> None:
    composites, relit, inside = scene("poisson")
    ids = np.pad(composites.instance_maps[0].numpy(), 1, constant_values=-1)
    inner = np.ones(SIZE, bool)
    for other in (ids[:-2, 1:-1], ids[2:, 1:-1], ids[1:-1, :-2], ids[1:-1, 2:]):
        inner &= other == ids[1:-1, 1:-1]
    rim = inside & ~torch.from_numpy(inner)
    torch.testing.assert_close(blend(composites, relit)[rim], relit[rim], atol=1e-6, rtol=0)


def test_poisson_carries_a_constant_exactly() -> None:
    composites, noise, inside = scene("poisson")
    lit = composites.images + torch.tensor([0.2, -0.1, 0.05])[:, None, None]
    result = blend(composites, relit_with(noise, inside, lit))
    torch.testing.assert_close(result[inside], lit[inside], atol=1e-5, rtol=0)


def test_poisson_against_a_direct_solver() -> None:
    """One disc under light that varies along it: solved by sparse elimination in float64."""
    rows, columns = np.mgrid[:128, :128]
    instance_map = (np.hypot(rows - 60, columns - 66) < 45).astype(np.int16)
    composites, _ = batch([instance_map], [["poisson"]])
    composites = composites.with_images(0.4 + 0.2 * composites.images)
    light = (0.15 * np.sin(columns / 20 + rows / 30)).astype(np.float32)
    result = blend(composites, composites.images + torch.from_numpy(light))

    inside = instance_map > 0
    inner = inside.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(inside, step, axis)
    number = np.full(inside.shape, -1)
    number[inner] = np.arange(inner.sum())
    entries, right = [(n, n, 4.0) for n in range(inner.sum())], np.zeros(inner.sum())
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        for y, x in np.argwhere(inner):
            if inner[y + dy, x + dx]:
                entries.append((number[y, x], number[y + dy, x + dx], -1.0))
            else:
                right[number[y, x]] += light[y + dy, x + dx]
    row, column, value = zip(*entries, strict=True)
    membrane = spsolve(csc_matrix((value, (row, column))), right)
    difference = ((result - composites.images)[0, 0].numpy()[inner] - membrane) * 255
    assert np.abs(difference).max() < 1.5
    assert np.abs(difference).mean() < 0.4
    assert np.abs(light[inner] - membrane).max() * 255 > 5  # the light inside is not simply copied
