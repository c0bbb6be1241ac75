"""Painting on a device: against the compositor in the worker, and its promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import sos_online as sos
from sos_online.compose import VisibilityRule, compose, compose_patches
from sos_online.compose import device as device_module
from sos_online.compose import patches as patches_module
from sos_online.compose.device import paint
from sos_online.compose.patches import Patches, collate_patches, pack_patches
from sos_online.types import Pixels, Placement, Scene, SegmentPixels, SolidBackground
from tests.compose.test_composite import placements
from tests.conftest import small_recipe

ANY = VisibilityRule(min_pixels=1, min_share=0.0)
GREY = SolidBackground((90, 120, 150))


class Noise:
    """Twelve segments in which every pixel is drawn anew, the hardest there are; a few are mostly opaque."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._crops = []
        for segment in range(12):
            width, height = (1, 1) if segment == 0 else rng.integers(1, 60, 2).tolist()
            rgba = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
            if segment % 3:
                rgba[..., 3] = np.where(rng.random((height, width)) < 0.8, 255, rgba[..., 3])
            self._crops.append(rgba)

    def level_sizes(self, segment: int) -> list[tuple[int, int]]:
        height, width = self._crops[segment].shape[:2]
        return [(width, height)]

    def alpha(self, segment: int, level: int) -> Pixels:
        return np.ascontiguousarray(self._crops[segment][..., 3])

    def colour(self, segment: int, level: int) -> Pixels:
        return np.ascontiguousarray(self._crops[segment][..., :3])


def noisy_canvas(size_hw: tuple[int, int]) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (*size_hw, 3), dtype=np.uint8)


def both(scene: Scene, pixels: SegmentPixels) -> tuple[Patches, Pixels, Pixels]:
    """What travels of a scene, its bare canvas, and the compositor's picture; planes first."""
    composite = compose(scene, pixels, noisy_canvas(scene.size_hw), ANY)
    travelling, patches = compose_patches(scene, pixels, noisy_canvas(scene.size_hw), ANY)
    assert travelling.objects == composite.objects
    assert (travelling.instance_map == composite.instance_map).all()
    return patches, travelling.image, composite.image


def paint_together(scenes: list[tuple[Patches, Pixels, Pixels]]) -> Tensor:
    canvases = torch.from_numpy(np.stack([background for _, background, _ in scenes]))
    return paint(canvases, collate_patches([patches for patches, _, _ in scenes]))


def difference(painted: Tensor, expected: Pixels) -> int:
    return int(np.abs(painted.numpy().astype(int) - expected).max())


batches = st.tuples(st.integers(1, 70), st.integers(1, 70)).flatmap(
    lambda size_hw: st.lists(
        st.lists(placements, max_size=8).map(lambda items: Scene(size_hw, GREY, tuple(items))), min_size=1, max_size=4
    )
)


@settings(max_examples=150)
@given(scenes=batches, seed=st.integers(0, 3))
def test_agrees_with_the_compositor_whatever_the_batch(
    library: sos.SegmentLibrary, scenes: list[Scene], seed: int
) -> None:
    for pixels in (library, Noise(seed)):
        made = [both(scene, pixels) for scene in scenes]
        painted = paint_together(made)
        for sample, one in enumerate(made):
            assert difference(painted[sample], one[2]) <= 2
            assert torch.equal(paint_together([one])[0], painted[sample])


@settings(max_examples=100)
@given(
    box=st.tuples(st.integers(-20, 30), st.integers(-20, 30), st.integers(30, 100), st.integers(30, 100)),
    segment=st.integers(0, 11),
    flip_x=st.booleans(),
    flip_y=st.booleans(),
    angle=st.sampled_from([0.0, 90.0, 180.0, -33.0, 7.0]),
)
def test_one_object_that_is_not_averaged_agrees_to_rounding(
    box: tuple[int, int, int, int], segment: int, flip_x: bool, flip_y: bool, angle: float
) -> None:
    x, y, width, height = box
    scene = Scene((40, 50), GREY, (Placement(segment, 1, (x, y, x + width, y + height), flip_x, flip_y, angle),))
    one = both(scene, Noise())
    assert difference(paint_together([one])[0], one[2]) <= 1


@pytest.mark.parametrize("changes", [{}, {"placement": {"rotation": 30.0, "flip_x": 0.5, "mode": "stretch"}}])
def test_agrees_with_the_compositor_on_real_objects(
    coco_library: sos.SegmentLibrary, changes: dict[str, object]
) -> None:
    dataset = sos.SOSDataset(coco_library, small_recipe(320, **changes), length=6)
    made = [both(dataset.scene(index), coco_library) for index in range(len(dataset))]
    painted = paint_together(made)
    for sample, (_, background, expected) in enumerate(made):
        assert difference(painted[sample], expected) <= 2
        assert (painted[sample].numpy() != background).mean() > 0.02


def test_sampling_in_parts_changes_nothing(library: sos.SegmentLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    corners = rng.integers(-10, 60, (3, 9, 2)).tolist()
    made = [
        both(Scene((64, 64), GREY, tuple(Placement(i, 1, (x, y, x + 30, y + 25)) for i, (x, y) in enumerate(row))),
             library)
        for row in corners
    ]  # fmt: skip
    at_once = paint_together(made)
    together = len(collate_patches([one[0] for one in made]).rounds)
    for module in (device_module, patches_module):
        monkeypatch.setattr(module, "AT_ONCE", 1500)
    assert len(collate_patches([one[0] for one in made]).rounds) > together > 2
    assert torch.equal(paint_together(made), at_once)


def test_the_device_is_asked_for_nothing(library: sos.SegmentLibrary) -> None:
    # tensors of the meta device have no values: whatever needed one, and so waited for a device, would fail
    boxes = (4, 4, 40, 30), (-3, 2, 20, 20)
    scene = Scene((32, 48), GREY, tuple(Placement(1, 1, box, angle=angle) for box in boxes for angle in (0.0, 9.0)))
    batch = collate_patches([both(scene, library)[0]] * 2).to("meta")
    assert batch.rounds
    painted = paint(torch.empty(2, 3, 32, 48, dtype=torch.uint8, device="meta"), batch)
    assert painted.shape == (2, 3, 32, 48) and painted.dtype is torch.uint8 and painted.is_contiguous()


def test_more_than_255_objects() -> None:
    grid = [
        Placement(i % 12, 1, (7 * (i % 20), 7 * (i // 20), 7 * (i % 20) + 9, 7 * (i // 20) + 9)) for i in range(400)
    ]
    one = both(Scene((140, 140), GREY, tuple(grid)), Noise())
    assert len(one[0].places) > 255
    assert difference(paint_together([one])[0], one[2]) <= 2


def test_images_without_objects_keep_their_canvas(library: sos.SegmentLibrary) -> None:
    empty = both(Scene((32, 48), GREY, ()), library)
    full = both(Scene((32, 48), GREY, (Placement(1, 1, (4, 4, 40, 30)),)), library)
    painted = paint_together([empty, full, empty]).numpy()
    assert (painted[[0, 2]] == empty[1]).all()
    assert (painted[1] != full[1]).any()
    assert (paint_together([empty, empty]).numpy() == empty[1]).all()


def test_inputs_are_left_as_they_are(library: sos.SegmentLibrary) -> None:
    patches, background, _ = both(Scene((32, 48), GREY, (Placement(1, 1, (4, 4, 40, 30)),)), library)
    canvases = torch.from_numpy(background[None].copy())
    batch = collate_patches([patches])
    paint(canvases, batch)
    assert (canvases.numpy() == background).all()
    assert (batch.pixels.numpy().view(np.uint8).reshape(-1, 4) == patches.pixels).all()


@pytest.mark.parametrize(
    "canvases", [torch.zeros(2, 3, 32, 48, dtype=torch.uint8), torch.zeros(1, 3, 48, 32, dtype=torch.uint8),
                 torch.zeros(1, 3, 32, 48)]
)  # fmt: skip
def test_canvases_of_another_batch_are_refused(canvases: Tensor) -> None:
    batch = collate_patches([pack_patches([], (32, 48))])
    with pytest.raises(sos.StreamError, match=r"canvases: expected torch\.uint8 \[1, 3, 32, 48\], found"):
        paint(canvases, batch)
