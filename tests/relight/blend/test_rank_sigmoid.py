"""The paper's blending against scikit-image and loops over segments, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import lab2rgb, rgb2lab

from sos_online.relight.blend import blend
from sos_online.relight.blend.rank_sigmoid import relit_shares
from sos_online.relight.composites import Composites
from tests.relight.blend.scenes import batch, discs

pytestmark = pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB:UserWarning")


def shares_by_definition(instance_map: np.ndarray, count: int) -> dict[int, float]:
    areas = {row + 1: int((instance_map == row + 1).sum()) for row in range(count)}
    order = sorted(
        (identity for identity in areas if areas[identity]), key=lambda identity: (areas[identity], identity)
    )
    shares = {}
    for rank, identity in enumerate(order):
        r = rank / (len(order) - 1) if len(order) > 1 else 0.0
        shares[identity] = 0.3 + 0.6 / (1 + math.exp(10 * (r - 0.5)))
    return shares


def blended_by_definition(composite: np.ndarray, relit: np.ndarray, instance_map: np.ndarray, count: int) -> np.ndarray:
    """``[3, H, W]`` in and out."""
    own, lit = rgb2lab(composite.astype(float), channel_axis=0), rgb2lab(relit.astype(float), channel_axis=0)
    result = relit.astype(float)
    for identity, share in shares_by_definition(instance_map, count).items():
        inside = instance_map == identity
        lab = own.copy()
        lab[0] = share * lit[0] + (1 - share) * own[0]
        result[:, inside] = lab2rgb(lab, channel_axis=0)[:, inside]
    return result


def assert_as_defined(composites: Composites, relit: torch.Tensor, levels: float = 1.0) -> None:
    got = blend(composites, relit).numpy()
    for sample, count in enumerate(composites.counts):
        expected = blended_by_definition(
            composites.images[sample].numpy(), relit[sample].numpy(), composites.instance_maps[sample].numpy(), count
        )
        assert np.abs(got[sample] - expected).max() * 255 < levels


@settings(max_examples=30)
@given(st.lists(st.integers(0, 14), min_size=1, max_size=4), st.integers(0, 1000))
def test_random_scenes(counts: list[int], seed: int) -> None:
    maps = [discs((37, 52), count, seed + 17 * number) for number, count in enumerate(counts)]
    composites, relit = batch(maps, [["rank_sigmoid"]] * len(counts), seed)
    assert_as_defined(composites, relit)


def test_saturated_colours() -> None:
    """Corners of the RGB cube against each other: most results lie outside the gamut."""
    corners = torch.tensor([[(corner >> channel) & 1 for corner in range(8)] for channel in range(3)]).float()
    composites, _ = batch([np.ones((8, 8), np.int16)], [["rank_sigmoid"]])
    across = corners[:, :, None].expand(3, 8, 8)[None]
    assert_as_defined(composites.with_images(across), across.transpose(2, 3).contiguous())


def test_ties_go_by_row() -> None:
    instance_map = np.zeros((8, 12), np.int16)
    for column, identity in enumerate([3, 1, 5, 2, 4]):
        instance_map[1 : 3 if identity == 5 else 4, 2 * column : 2 * column + 2] = identity
    composites, relit = batch([instance_map], [["rank_sigmoid"]])
    shares = relit_shares(composites)[0]
    assert shares[5] > shares[1] > shares[2] > shares[3] > shares[4]
    assert_as_defined(composites, relit)


@pytest.mark.parametrize(("count", "smallest", "largest"), [(1, 0.896, 0.896), (2, 0.896, 0.304), (3, 0.896, 0.304)])
def test_the_papers_figures(count: int, smallest: float, largest: float) -> None:
    instance_map = np.zeros((6, 10), np.int16)
    for row in range(count):
        instance_map[row, : 3 * (row + 1)] = row + 1
    shares = relit_shares(batch([instance_map], [["rank_sigmoid"]])[0])[0]
    assert shares[0] == 0
    assert shares[1].item() == pytest.approx(smallest, abs=5e-4)
    assert shares[count].item() == pytest.approx(largest, abs=5e-4)


def test_rows_without_pixels_are_not_ranked() -> None:
    instance_map = np.zeros((6, 10), np.int16)
    instance_map[0, :4] = 2
    instance_map[2:5] = 5
    shares = relit_shares(batch([instance_map], [["rank_sigmoid"]])[0])[0]
    torch.testing.assert_close(shares, torch.tensor([0, 0, 0.8960, 0, 0, 0.3040]), atol=1e-4, rtol=0)


def test_objects_of_other_blenders_are_ranked_too() -> None:
    instance_map = discs((40, 40), 5, 3)
    alone, relit = batch([instance_map], [["rank_sigmoid"]])
    mixed, _ = batch([instance_map], [["rank_sigmoid", "relit"]])
    odd = (alone.instance_maps % 2 == 1)[:, None].expand_as(relit)
    assert torch.equal(blend(mixed, relit)[odd], blend(alone, relit)[odd])


def test_more_than_255_objects() -> None:
    instance_map = np.repeat(np.repeat(np.arange(400, dtype=np.int16).reshape(20, 20), 3, 0), 3, 1)
    instance_map[0, 0] = 1
    composites, relit = batch([instance_map], [["rank_sigmoid"]])
    assert_as_defined(composites, relit)


def test_the_same_picture_twice_is_itself() -> None:
    composites, _ = batch([discs((30, 30), 4, 0)], [["rank_sigmoid"]])
    torch.testing.assert_close(blend(composites, composites.images), composites.images, atol=1e-4, rtol=0)


def test_truncation() -> None:
    instance_map = discs((37, 52), 6, 1)
    composites, relit = batch([instance_map], [["rank_sigmoid_truncated"]])
    expected = blended_by_definition(composites.images[0].numpy(), relit[0].numpy(), instance_map, 6)
    got = blend(composites, relit)[0].numpy()
    inside = np.broadcast_to(instance_map > 0, got.shape)
    levels = got[inside] * 255
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
    # 8-bit as the published scripts make it; scikit-image's matrix has fewer digits, which moves some over a level
    difference = np.rint(levels) - (expected[inside] * 255).astype(np.uint8)
    assert np.abs(difference).max() <= 1
    assert (difference == 0).mean() > 0.95
    assert np.array_equal(got[~inside], relit[0].numpy()[~inside])
