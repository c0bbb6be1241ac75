"""Measures of quality: what they say of drawings of which it is known, and that they reach the library."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.library.measure import border_contact, measure
from sos_online.library.sources import LeftOut, RawSegment, Unit
from sos_online.types import Pixels
from tests.library.conftest import ENCODING, Listed, crop


def square(side: int = 100, blur: float = 0.0, pieces: tuple[float, ...] = (1.0,), margin: int = 2) -> Pixels:
    """Noise inside boxes side by side, of which each takes a share of the width; alpha and colours blurred."""
    rgba = np.zeros((side, side, 4), np.uint8)
    rgba[..., :3] = np.random.default_rng(0).integers(0, 256, (side, side, 1))
    left = 0
    for share in pieces:
        width = round(share * side)
        rgba[margin:-margin, left + margin : left + width - margin, 3] = 255
        left += width
    return np.asarray(cv2.GaussianBlur(rgba, (0, 0), blur) if blur else rgba, np.uint8)


def test_a_hard_edge_is_sharp_and_a_soft_one_is_not() -> None:
    sharpness = [measure(square(blur=blur, margin=20)).edge_sharpness for blur in (0, 1, 2, 4)]
    assert sharpness[0] == 1
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[-1] < 0.35


def test_a_hard_edge_is_sharp_where_the_crop_ends() -> None:
    full = square()[2:-2, 2:-2]
    assert (full[..., 3] == 255).all()
    assert measure(full).edge_sharpness == 1


def test_blur_lowers_the_variance_of_the_laplacian() -> None:
    variances = [measure(square(blur=blur)).laplacian_variance for blur in (0, 1, 2, 4)]
    assert variances == sorted(variances, reverse=True)
    assert variances[0] > 50 * variances[2]


def test_laplacian_variance_against_a_slow_reference() -> None:
    """Outline and background count for nothing, whatever colours lie there."""
    picture = square(40)
    grey = picture[..., 0].astype(np.float64)
    inside = [
        grey[y - 1, x] + grey[y + 1, x] + grey[y, x - 1] + grey[y, x + 1] - 4 * grey[y, x]
        for y in range(3, 37)
        for x in range(3, 37)
    ]
    picture[picture[..., 3] == 0] = (255, 0, 0, 0)
    assert measure(picture).laplacian_variance == pytest.approx(np.var(inside), rel=1e-4)


@pytest.mark.parametrize(("pieces", "share"), [((1.0,), 1.0), ((0.5, 0.5), 0.5), ((0.75, 0.25), 71 / (71 + 21))])
def test_component_share(pieces: tuple[float, ...], share: float) -> None:
    assert measure(square(pieces=pieces)).component_share == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("side", [60, 240, 900])
def test_measures_hardly_depend_on_the_size(side: int) -> None:
    """Of what is more than the stored detail."""
    picture = cv2.resize(
        square(1000, blur=5, pieces=(0.75, 0.25), margin=40), (side, side), interpolation=cv2.INTER_AREA
    )
    assert measure(np.asarray(picture, np.uint8)).component_share == pytest.approx(670 / 840, abs=0.03)


def test_border() -> None:
    assert border_contact(square()) == 0
    for side in range(4):
        turned = np.rot90(square()[2:], side)
        assert border_contact(np.ascontiguousarray(turned)) == 1
    faint = square()
    faint[0, :, 3] = 127
    assert border_contact(faint) == 0


def test_the_border_of_what_was_cropped_to_its_alpha_is_not_known() -> None:
    """On all four sides; on three it may be cut off, as a person is by the lower border and both sides."""
    soft = square(blur=1)
    assert border_contact(crop(soft)) == border_contact(square()[2:-2, 2:-2]) == 2
    assert border_contact(square()[2:, 2:-2]) == 1
    assert border_contact(np.full((1, 1, 4), 255, np.uint8)) == 2


@settings(max_examples=60)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_any_crop_has_finite_measures_in_range(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rgba = rng.integers(0, 256, (height, width, 4)).astype(np.uint8)
    rgba[..., 3] = np.where(rng.random((height, width)) < 0.5, rgba[..., 3], 255)
    measures = measure(rgba)
    assert 0 <= measures.component_share <= 1
    assert 0 <= measures.edge_sharpness <= 1
    assert np.isfinite(measures.laplacian_variance)
    assert 0 <= measures.perceptual_hash < 2**64


class Flagged(Listed):
    """Four segments: one with all flags, one with one, one cut off at a border of which only the source knows, and one
    that fills its picture."""

    def read(self, unit: Unit) -> list[RawSegment | LeftOut]:
        flags = {
            "s0": {"IsInstance": True, "Integrity": False, "QualityAndRegularity": True},
            "s1": {"Integrity": True},
        }
        rgba = square()[2:-2, 2:-2] if unit.name == "s3" else square()
        at_border = True if unit.name == "s2" else None
        return [RawSegment(unit.name, "a", rgba, flags=flags.get(unit.name, {}), at_border=at_border)]


def test_they_reach_the_library(tmp_path: Path) -> None:
    library = sos.build_library(tmp_path / "out", [Flagged("s", ["a"] * 4)], encoding=ENCODING)
    assert library.quality("flags").tolist() == [0b101, 0b010, 0, 0]
    assert library.quality("flags_known").tolist() == [0b111, 0b010, 0, 0]
    assert library.quality("at_border").tolist() == [0, 0, 1, 2]
    assert library.quality("opaque").tolist() == [96 * 96] * 4
    assert library.quality("edge_sharpness").tolist() == [1.0] * 4
    assert not library.quality("opaque").flags.writeable
