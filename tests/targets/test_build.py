"""Targets: read off the instance map, and nothing else."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.tv_tensors import BoundingBoxes, Image, Mask

import sos_online as sos
from sos_online.targets import expand_masks
from sos_online.types import Target
from tests.conftest import small_recipe


def check_target(target: Target, size_hw: tuple[int, int]) -> None:
    """The contract, by a slow look at every id."""
    instance_map = target["instance_map"].numpy()
    count = len(target["labels"])
    assert instance_map.shape == size_hw
    # no pixel without a row, no row without a pixel
    assert np.unique(instance_map[instance_map > 0]).tolist() == list(range(1, count + 1))
    for row in range(count):
        rows, columns = np.nonzero(instance_map == row + 1)
        tight = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert target["boxes"][row].tolist() == tight
        assert int(target["area"][row]) == len(rows)
        amodal = target["amodal_boxes"][row].tolist()
        assert amodal[0] <= tight[0] and amodal[1] <= tight[1] and amodal[2] >= tight[2] and amodal[3] >= tight[3]
        assert 0 <= amodal[0] < amodal[2] <= size_hw[1] and 0 <= amodal[1] < amodal[3] <= size_hw[0]
        assert 0 < float(target["visibility"][row]) <= 1
        if "amodal_masks" in target:
            whole = target["amodal_masks"][row].numpy().astype(bool)
            assert whole[rows, columns].all()
            whole_rows, whole_columns = np.nonzero(whole)
            tight = [whole_columns.min(), whole_rows.min(), whole_columns.max() + 1, whole_rows.max() + 1]
            assert amodal == tight
            assert float(target["visibility"][row]) == np.float32(len(rows) / whole.sum())
    lengths = {key: len(target[key]) for key in ("boxes", "labels", "area", "iscrowd", "visibility", "segment_ids")}
    assert set(lengths.values()) == {count}


recipes = st.builds(
    lambda height, width, low, more, mode, scale, rotation, pixels, share: sos.Recipe().replace(
        canvas={"sizes": [[height, width]]},
        objects=[low, low + more],
        placement={"mode": mode, "scale": [scale, scale * 2], "rotation": rotation, "flip_x": 0.5, "flip_y": 0.5},
        visibility={"min_pixels": pixels, "min_share": share},
        layout={"tries": 5, "restarts": 1, "each_visible": 0.0, "mean_visible": 0.3},
        target={"amodal_masks": True},
    ),
    st.integers(1, 150),
    st.integers(1, 150),
    st.integers(0, 12),
    st.integers(0, 8),
    st.sampled_from(["fit", "stretch"]),
    st.sampled_from([0.02, 0.5, 1.0, 2.0]),
    st.sampled_from([0.0, 180.0]),
    st.integers(1, 30),
    st.floats(0, 0.9),
)


@settings(max_examples=100)
@given(recipe=recipes, index=st.integers(0, 999))
def test_every_row_has_pixels_and_every_pixel_a_row(
    library: sos.SegmentLibrary, recipe: sos.Recipe, index: int
) -> None:
    dataset = sos.SOSDataset(library, recipe, length=1000)
    _, target = dataset.sample(index)
    check_target(target, recipe.canvas.sizes[0])
    assert (target["area"] >= recipe.visibility.min_pixels).all()
    assert (target["visibility"] >= recipe.visibility.min_share - 1e-6).all()


def test_types_are_those_of_the_contract(library: sos.SegmentLibrary) -> None:
    image, target = sos.SOSDataset(library, small_recipe(120), length=10).sample(3)
    count = len(target["labels"])
    assert isinstance(image, Image) and image.dtype == torch.uint8 and image.shape == (3, 120, 120)
    assert isinstance(target["boxes"], BoundingBoxes) and target["boxes"].dtype == torch.float32
    assert target["boxes"].canvas_size == (120, 120)
    assert isinstance(target["instance_map"], Mask) and target["instance_map"].dtype == torch.int16
    for key in ("labels", "area", "iscrowd", "segment_ids"):
        assert target[key].dtype == torch.int64 and target[key].shape == (count,)
    assert target["image_id"] == 3
    assert "amodal_masks" not in target and "masks" not in target


def test_labels_are_the_categories_of_the_segments(library: sos.SegmentLibrary) -> None:
    _, target = sos.SOSDataset(library, small_recipe(), length=10).sample(0)
    for label, segment in zip(target["labels"].tolist(), target["segment_ids"].tolist(), strict=True):
        assert library.category_of(segment) == label
        assert library.key(segment).startswith(library.category_names[label - 1] + "/")


def test_an_image_without_objects_has_rows_of_length_zero(library: sos.SegmentLibrary) -> None:
    recipe = small_recipe(64, objects=[0, 0], target={"amodal_masks": True})
    _, target = sos.SOSDataset(library, recipe, length=1).sample(0)
    assert target["boxes"].shape == (0, 4) and target["amodal_boxes"].shape == (0, 4)
    assert target["labels"].shape == (0,) and target["amodal_masks"].shape == (0, 64, 64)
    assert expand_masks(target["instance_map"], 0).shape == (0, 64, 64)


def test_expanded_masks_are_the_map(library: sos.SegmentLibrary) -> None:
    _, target = sos.SOSDataset(library, small_recipe(), length=1).sample(0)
    masks = expand_masks(target["instance_map"], len(target["labels"]))
    assert masks.dtype == torch.uint8
    assert (masks.sum(0) == (target["instance_map"] > 0)).all()
    assert (masks.flatten(1).sum(1) == target["area"]).all()
