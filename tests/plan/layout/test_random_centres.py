"""Random centres: uniform on the canvas, whatever hangs over its border."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sos_online.plan.layout.random_centres import RandomCentres, random_centres
from sos_online.plan.place import PlacementRules, place_segment
from tests.plan.layout.drawing import CANVASES, SEEDS, assert_uniform, generator


@given(seed=SEEDS, size_hw=CANVASES, count=st.integers(0, 25))
def test_centres_are_on_the_canvas_and_so_is_a_pixel_of_each_placement(
    seed: int, size_hw: tuple[int, int], count: int
) -> None:
    height, width = size_hw
    boxes = random_centres(RandomCentres(), size_hw, count, generator(seed))
    assert len(boxes) == count
    for x1, y1, x2, y2 in boxes:
        assert 0 <= (x1 + x2) / 2 <= width and 0 <= (y1 + y2) / 2 <= height
        assert 0.05 - 1e-9 <= (x2 - x1) / width <= 0.6 + 1e-9
        assert 0.05 - 1e-9 <= (y2 - y1) / height <= 0.6 + 1e-9
        placed = place_segment(PlacementRules(), 0, 1, (7, 3), (x1, y1, x2, y2), generator(0)).box
        assert placed[0] < width and placed[1] < height and placed[2] > 0 and placed[3] > 0
    assert boxes == random_centres(RandomCentres(), size_hw, count, generator(seed))


def test_centres_and_sides_are_uniform_and_independent() -> None:
    boxes = np.array(random_centres(RandomCentres(), (480, 640), 3000, generator(1)))
    sides = (boxes[:, 2:] - boxes[:, :2]) / (640, 480)
    centres = (boxes[:, 2:] + boxes[:, :2]) / 2 / (640, 480)
    for axis in (0, 1):
        assert_uniform(sides[:, axis], 0.05, 0.6)
        assert_uniform(centres[:, axis], 0, 1)
    correlation = np.corrcoef(np.hstack([sides, centres]).T) - np.eye(4)
    assert np.abs(correlation).max() < 5 / np.sqrt(3000)
    assert (boxes[:, 0] < 0).any() and (boxes[:, 3] > 480).any(), "some hang over the border"


@pytest.mark.parametrize("wrong", [{"sides": (0.0, 0.5)}, {"sides": (0.1, 2.0)}, {"max_iou": 0.5}])
def test_exception_for_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        RandomCentres.model_validate(wrong)
