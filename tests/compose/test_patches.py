"""What travels to a device: sizes, rounds, and the way back from the canvas to a patch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.compose.patches import Round, collate_patches, pack_patches
from sos_online.types import Pixels, Placement

SIZE = (40, 50)


def drawn(width: int, height: int) -> tuple[Pixels, Pixels]:
    rgba = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 4), dtype=np.uint8)
    return rgba[..., 3].copy(), rgba[..., :3].copy()


def test_patches_travel_untouched_one_after_the_other() -> None:
    (alpha_a, colour_a), (alpha_b, colour_b) = drawn(7, 5), drawn(3, 9)
    patches = pack_patches(
        [
            (Placement(0, 1, (-2, 4, 12, 14)), alpha_a, colour_a),
            (Placement(1, 1, (60, 0, 70, 9)), alpha_b, colour_b),  # outside
            (Placement(1, 1, (30, 35, 36, 53)), alpha_b, colour_b),
        ],
        SIZE,
    )
    assert patches.places.tolist() == [[0, 0, 4, 12, 10, 0, 7, 5], [0, 30, 35, 6, 5, 35, 3, 9]]
    assert (patches.pixels[:35] == np.dstack([colour_a, alpha_a]).reshape(-1, 4)).all()
    assert (patches.pixels[35:] == np.dstack([colour_b, alpha_b]).reshape(-1, 4)).all()


def test_an_axis_that_shrinks_to_less_than_half_is_averaged() -> None:
    alpha, colour = drawn(21, 30)
    patches = pack_patches([(Placement(0, 1, (0, 0, 7, 20)), alpha, colour)], SIZE)
    assert patches.places[0, 5:].tolist() == [0, 7, 30]
    rgba = patches.pixels.reshape(30, 7, 4).astype(float)
    opacity = alpha.reshape(30, 7, 3).astype(float)
    assert np.abs(rgba[..., 3] - opacity.mean(2)).max() <= 0.51
    colours = (colour.reshape(30, 7, 3, 3) * opacity[..., None]).sum(2) / opacity.sum(2)[..., None]
    assert np.abs(rgba[..., :3] - colours).max() <= 0.51


@given(
    angle=st.sampled_from([0.0, 90.0, 180.0, 270.0]),
    flip_x=st.booleans(),
    flip_y=st.booleans(),
    corner=st.tuples(st.integers(-5, 45), st.integers(-5, 35)),
)
def test_the_affine_leads_back_to_the_pixel_that_is_shown(
    angle: float, flip_x: bool, flip_y: bool, corner: tuple[int, int]
) -> None:
    # nothing is scaled, so that every pixel of the box is one of the crop: mirror and turn by numpy and look
    alpha, colour = np.full((6, 9), 255, np.uint8), drawn(9, 6)[1]
    shown = colour[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
    shown = np.rot90(shown, round(angle / 90))
    x, y = corner
    placement = Placement(0, 1, (x, y, x + shown.shape[1], y + shown.shape[0]), flip_x, flip_y, angle)
    patches = pack_patches([(placement, alpha, colour)], SIZE)
    _, box_x, box_y, width, height, _, patch_w, patch_h = patches.places[0].tolist()
    patch = patches.pixels.reshape(patch_h, patch_w, 4)
    rows, columns = np.mgrid[:height, :width]
    where = np.einsum("ij,jhw->ihw", patches.affines[0], np.stack([columns, rows, np.ones_like(rows)]))
    nearest = np.rint(where).astype(int)
    assert np.abs(where - nearest).max() < 1e-4
    found = patch[nearest[1], nearest[0], :3]
    assert (found == shown[box_y - y : box_y - y + height, box_x - x : box_x - x + width]).all()


def test_a_turned_patch_ends_in_nothing() -> None:
    alpha, colour = drawn(7, 5)
    patches = pack_patches([(Placement(0, 1, (5, 5, 20, 20), angle=20.0), alpha, colour)], SIZE)
    patch = patches.pixels.reshape(7, 9, 4)
    assert (patch[1:-1, 1:-1] == np.dstack([colour, alpha])).all()
    assert (patch[[0, -1]] == 0).all() and (patch[:, [0, -1]] == 0).all()


def test_rounds_hold_objects_that_share_no_pixel_and_keep_the_order() -> None:
    rng = np.random.default_rng(5)
    layers = []
    for segment, (x, y, width, height) in enumerate(rng.integers([-5, -5, 1, 1], [45, 35, 20, 20], (30, 4)).tolist()):
        layers.append((Placement(segment, 1, (x, y, x + width, y + height)), *drawn(4, 4)))
    patches = pack_patches(layers, SIZE)
    rounds_of = np.full((len(patches.places), *SIZE), -1)
    for i, (_, x, y, width, height, *_) in enumerate(patches.places.tolist()):
        rounds_of[i, y : y + height, x : x + width] = patches.depths[i]
    for row in range(SIZE[0]):
        for column in range(SIZE[1]):
            stack = rounds_of[:, row, column]
            assert (np.diff(stack[stack >= 0]) > 0).all()
    assert patches.depths.max() < len(layers) - 1  # objects side by side share a round


def test_a_batch_knows_its_sizes_and_points_into_its_own_pixels() -> None:
    first = (Placement(0, 1, (0, 0, 9, 4)), *drawn(9, 4)), (Placement(1, 1, (5, 0, 9, 6)), *drawn(4, 6))
    last = (Placement(2, 1, (1, 2, 8, 4)), *drawn(7, 2))
    images = [pack_patches(first, SIZE), pack_patches([], SIZE), pack_patches([last], SIZE)]
    batch = collate_patches(images)
    assert batch.images == 3 and batch.size_hw == SIZE
    assert batch.rounds == (Round(2, 4 + 2, 36 + 14), Round(1, 6, 24))
    # the first round of all images, then the second; pixels stay in the order of the images
    assert batch.places.tolist() == [
        [0, 0, 0, 9, 4, 0, 9, 4],
        [2, 1, 2, 7, 2, 60, 7, 2],
        [0, 5, 0, 4, 6, 36, 4, 6],
    ]
    assert (batch.pixels[60:].numpy().view(np.uint8).reshape(-1, 4) == images[2].pixels).all()
    assert images[2].places[0, 0] == 0, "the parts are left as they are"


def test_a_batch_moves_as_a_whole() -> None:
    batch = collate_patches([pack_patches([(Placement(0, 1, (0, 0, 9, 4)), *drawn(9, 4))], SIZE)])
    moved = batch.to("meta")
    assert {moved.pixels.device, moved.places.device, moved.affines.device} == {torch.device("meta")}
    assert moved.rounds == batch.rounds and moved.size_hw == batch.size_hw and moved.images == batch.images


def test_one_size_a_batch() -> None:
    with pytest.raises(sos.StreamError, match=r"one size a batch, found \[\(40, 50\), \(50, 40\)\]"):
        collate_patches([pack_patches([], (40, 50)), pack_patches([], (50, 40))])
