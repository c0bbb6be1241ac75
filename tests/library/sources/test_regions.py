"""Where the numbers of a label map are, against a plain loop; and cut-outs of masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.library.sources import LeftOut, RawSegment
from sos_online.library.sources.reading.regions import BORDER, Region, cut_out, regions
from tests.library.sources.made_up import HEIGHT, WIDTH, photo


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    numbers=st.integers(1, 6),
    dtype=st.sampled_from([np.uint8, np.uint16, np.int32]),
)
def test_regions_against_a_loop(seed: int, size: tuple[int, int], numbers: int, dtype: type) -> None:
    labels = (np.random.default_rng(seed).integers(0, numbers, size) * 40).astype(dtype)
    expected = []
    for number in sorted(set(labels.ravel().tolist()) - {0, 80}):
        rows, columns = np.nonzero(labels == number)
        expected.append(
            Region(number, len(rows), columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)  # type: ignore[arg-type]
        )
    found = regions(labels, (0, 80))
    assert found == expected
    for region in found:
        assert region.mask(labels).sum() == region.area
        assert (region.mask(labels) == (region.window(labels) == region.label)).all()


def test_no_region_in_a_map_of_background() -> None:
    assert regions(np.zeros((3, 4), np.uint8)) == []


def test_a_cut_out_is_what_lies_under_its_mask() -> None:
    """No neighbour's pixel, and the colours from where the mask lies."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:20, 30:45] = 1
    mask[12, 33] = 0
    whole = cut_out(photo(), mask, "k", "cup", min_area=1)
    part = cut_out(photo(), mask[5:, 20:].copy(), "k", "cup", min_area=1, offset_xy=(20, 5))
    for item in (whole, part):
        assert isinstance(item, RawSegment)
        assert item.rgba.shape == (10, 15, 4)
        assert (item.rgba[..., :3] == photo()[10:20, 30:45]).all()
        assert (item.rgba[..., 3] == mask[10:20, 30:45] * 255).all()
        assert item.at_border is False


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("gap", [0, BORDER, BORDER + 1])
def test_at_border_within_two_pixels(side: int, gap: int) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[gap : gap + 5, 20:30] = 1
    turned, picture = np.rot90(mask, side).copy(), np.rot90(photo(), side).copy()
    item = cut_out(picture, turned, "k", "cup", min_area=1)
    assert isinstance(item, RawSegment) and item.at_border == (gap <= BORDER)
    item = cut_out(picture, turned, "k", "cup", min_area=1, cropped=True)
    assert isinstance(item, RawSegment) and item.at_border


@pytest.mark.parametrize("min_area", [0, 1, 50, 51])
def test_min_area(min_area: int) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    assert cut_out(photo(), mask, "k", "cup", min_area=min_area) == LeftOut("k", f"smaller than {min_area} pixels")
    mask[:5, :10] = 1
    assert isinstance(cut_out(photo(), mask, "k", "cup", min_area=min_area), LeftOut) == (min_area == 51)
