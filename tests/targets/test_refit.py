"""Targets after transforms: exact again."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torchvision.transforms import v2

import sos_online as sos
from tests.conftest import small_recipe
from tests.targets.test_build import check_target

TRANSFORMS = [
    v2.RandomHorizontalFlip(p=1.0),
    v2.RandomCrop((60, 50)),
    v2.RandomResizedCrop((90, 70), scale=(0.05, 0.3), antialias=True),
    v2.RandomRotation(45, expand=True),
    v2.RandomPerspective(p=1.0),
    v2.Compose([v2.RandomZoomOut(p=1.0), v2.Resize((77, 99)), v2.RandomPhotometricDistort(p=1.0)]),
    v2.Compose([v2.RandomIoUCrop(), v2.SanitizeBoundingBoxes(labels_getter=None)]),
]


@pytest.mark.parametrize("transform", TRANSFORMS[:-1], ids=lambda transform: type(transform).__name__)
@pytest.mark.parametrize("amodal_masks", [False, True])
def test_transformed_targets_keep_the_contract(library: sos.SegmentLibrary, transform: Any, amodal_masks: bool) -> None:
    recipe = small_recipe(target={"amodal_masks": amodal_masks})
    dataset = sos.SOSDataset(library, recipe, length=20, transforms=transform)
    lost = 0
    for index in range(8):
        image, target = dataset.sample(index)
        check_target(target, (image.shape[1], image.shape[2]))
        lost += len(dataset.scene(index).placements) - len(target["labels"])
    if isinstance(transform, v2.RandomCrop):
        assert lost > 0, "the crop is meant to cut objects away"


def test_transforms_are_part_of_the_sample(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, small_recipe(), length=20, transforms=v2.RandomCrop((60, 50)))
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first, _ = dataset.sample(3)
    assert torch.equal(torch.random.get_rng_state(), before), "the global generator is left as it was"
    torch.manual_seed(2)
    again, _ = dataset.sample(3)
    assert torch.equal(first, again)


def test_a_transform_that_drops_the_map_is_refused(library: sos.SegmentLibrary) -> None:
    def drop(image: Any, target: Any) -> Any:
        return image, {key: value for key, value in target.items() if key != "instance_map"}

    dataset = sos.SOSDataset(library, small_recipe(), length=20, transforms=drop)
    with pytest.raises(sos.StreamError, match="instance_map"):
        dataset.sample(0)


def test_a_transform_that_drops_rows_but_not_their_pixels_is_refused(library: sos.SegmentLibrary) -> None:
    def drop(image: Any, target: Any) -> Any:
        return image, {key: value[:1] if key == "labels" else value for key, value in target.items()}

    dataset = sos.SOSDataset(library, small_recipe(), length=20, transforms=drop)
    with pytest.raises(sos.StreamError, match="1 rows"):
        dataset.sample(0)
