"""Who is blended by what: regions, backgrounds, batches; the same for every blender."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.relight.blend import blend, choose
from sos_online.relight.composites import Composites
from sos_online.types.light import Blender
from tests.relight.blend.scenes import KINDS, batch, discs, pictures

ANY_BLENDERS = st.lists(st.sampled_from(("relit", *KINDS)), min_size=1, max_size=4)


def outside(instance_maps: torch.Tensor) -> torch.Tensor:
    return (instance_maps == 0)[:, None].expand(-1, 3, -1, -1)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 9), ANY_BLENDERS), min_size=1, max_size=4),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 100),
)
def test_any_batch(images: list[tuple[int, list[Blender]]], size_hw: tuple[int, int], seed: int) -> None:
    """Backgrounds are the relit picture's bit for bit, results are in range, and a sample alone gets the same."""
    maps = [discs(size_hw, count, seed + number) for number, (count, _) in enumerate(images)]
    composites, relit = batch(maps, [blenders for _, blenders in images], seed)
    kept = composites.images.clone(), relit.clone(), composites.instance_maps.clone()
    result = blend(composites, relit)
    assert result.shape == relit.shape
    assert result.dtype == torch.float32
    assert 0 <= result.min() <= result.max() <= 1  # false for NaN
    background = outside(composites.instance_maps)
    assert torch.equal(result[background], relit[background])
    for sample in range(len(images)):
        alone = blend(composites.take([sample]), relit[sample : sample + 1])
        torch.testing.assert_close(alone[0], result[sample], atol=1e-5, rtol=0)
    for before, now in zip(kept, (composites.images, relit, composites.instance_maps), strict=True):
        assert torch.equal(before, now)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_take_their_blenders_in_turn(kind: Blender) -> None:
    composites, relit = batch([discs((48, 64), 6, 2)], [["relit", kind]])
    result = blend(composites, relit)
    ids = composites.instance_maps[:, None].expand_as(relit)
    named = (ids > 0) & (ids % 2 == 0)
    assert torch.equal(result[~named], relit[~named])
    assert (result[named] != relit[named]).float().mean() > 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_only_images_that_need_a_blender_are_computed(kind: Blender, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def spy(composites: Composites, relit: torch.Tensor, region: torch.Tensor, **_: bool) -> torch.Tensor:
        seen.append(len(composites))
        assert region.dtype == torch.bool
        return torch.full_like(relit, 0.25)

    monkeypatch.setattr(choose, kind.removesuffix("_truncated"), spy)
    one_disc = np.pad(np.ones((6, 8), np.int16), 5)
    # the second names the blender for a row that it has not got, the fourth has no object
    blenders: list[list[Blender]] = [["relit"], ["relit", kind], [kind], [kind]]
    composites, relit = batch([one_disc, one_disc, one_disc, np.zeros_like(one_disc)], blenders)
    result = blend(composites, relit)
    assert seen == [1]
    assert torch.equal(result[[0, 1, 3]], relit[[0, 1, 3]])
    assert (result[2][:, one_disc > 0] == 0.25).all()


@settings(max_examples=30)
@given(st.sampled_from(KINDS), st.sampled_from([(16, 16), (32, 32), (48, 48), (64, 96)]), st.integers(0, 1000))
def test_a_picture_relit_to_itself_stays_itself(kind: Blender, size_hw: tuple[int, int], seed: int) -> None:
    composites, _ = batch([discs(size_hw, 5, seed), discs(size_hw, 2, seed + 1)], [["relit", kind], [kind]], seed)
    result = blend(composites, composites.images)
    levels = (result - composites.images).abs().max() * 255
    assert levels < (1.001 if kind == "rank_sigmoid_truncated" else 0.255)


def test_what_was_not_relit_is_not_blended() -> None:
    maps = [discs((32, 40), 3, seed) for seed in range(3)]
    composites, _ = batch(maps, [["rank_sigmoid_truncated"]] * 3)
    unlit = replace(composites.specs[1], relighter="identity")
    composites = replace(composites, specs=[composites.specs[0], unlit, composites.specs[2]])
    images = 0.999 * composites.images  # between grey levels
    result = blend(composites.with_images(images), images)
    assert [torch.equal(*pair) for pair in zip(result, images, strict=True)] == [False, True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_objects_of_one_pixel(kind: Blender) -> None:
    instance_map = np.zeros((50, 70), np.int16)
    for row, (y, x) in enumerate([(0, 0), (25, 30), (49, 69), (25, 31)]):
        instance_map[y, x] = row + 1
    composites, relit = batch([instance_map], [[kind]])
    result = blend(composites, relit)
    assert torch.isfinite(result).all()
    assert torch.equal(result[outside(composites.instance_maps)], relit[outside(composites.instance_maps)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.int64])
def test_more_than_255_objects(kind: Blender, dtype: torch.dtype) -> None:
    instance_map = np.repeat(np.repeat(np.arange(300, dtype=np.int16).reshape(15, 20), 4, 0), 4, 1)
    blenders: list[Blender] = ["relit"] * 299
    composites, relit = batch([instance_map], [[*blenders, kind]])
    composites = Composites(composites.images, composites.instance_maps.to(dtype), [300], composites.specs)
    composites.instance_maps[0, 56:60, 76:80] = 300
    result = blend(composites, relit)
    last = (composites.instance_maps == 300)[:, None].expand_as(relit)
    assert torch.equal(result[~last], relit[~last])


def test_no_object_anywhere() -> None:
    composites, relit = batch([np.zeros((9, 9), np.int16)] * 2, [KINDS, KINDS])
    assert torch.equal(blend(composites, relit), relit)


def test_an_object_that_fills_the_picture() -> None:
    for kind in KINDS:
        composites, relit = batch([np.ones((33, 47), np.int16)], [[kind]])
        assert torch.isfinite(blend(composites, relit)).all()


def test_shapes_must_agree() -> None:
    composites, _ = batch([np.zeros((9, 9), np.int16)], [["relit"]])
    with pytest.raises(ValueError, match=r"\(1, 3, 9, 8\), expected the composites' \(1, 3, 9, 9\)"):
        blend(composites, pictures(1, (9, 8), 0))


@pytest.mark.parametrize("kind", KINDS)
def test_autocast_changes_nothing(kind: Blender) -> None:
    composites, relit = batch([discs((40, 56), 4, 5)], [[kind]])
    expected = blend(composites, relit)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(blend(composites, relit), expected)
