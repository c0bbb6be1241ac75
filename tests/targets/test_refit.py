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
    v2.Compose([v2.RandomIoUCrop(), v2.RandomHorizontalFlip()]),
]
# the reference recipe of torchvision's detection training
REFERENCE = v2.Compose(
    [
        v2.RandomPhotometricDistort(),
        v2.RandomZoomOut(),
        v2.RandomIoUCrop(),
        v2.RandomHorizontalFlip(),
        v2.SanitizeBoundingBoxes(),
        v2.ToDtype(torch.float32, scale=True),
        v2.ToPureTensor(),
    ]
)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: type(transform).__name__)
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


def test_the_reference_recipe_of_torchvision_keeps_labels_and_pixels_together(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, small_recipe(200), length=100, transforms=REFERENCE)
    for index in range(100):
        image, target = dataset.sample(index)
        check_target(target, (image.shape[1], image.shape[2]))
        categories = [library.category_of(segment) for segment in target["segment_ids"].tolist()]
        assert target["labels"].tolist() == categories


def test_a_dropped_row_does_not_shift_the_labels_of_the_others(library: sos.SegmentLibrary) -> None:
    def drop_second(image: Any, target: Any) -> Any:
        rows = torch.arange(len(target["labels"])) != 1
        dropped = {key: target[key][rows] for key in ("labels", "boxes", "amodal_boxes")}
        ids = target["instance_map"].clone()
        ids[ids == len(rows)] = 0
        return image, {**target, **dropped, "instance_map": ids}

    recipe = small_recipe(objects=[6, 6])
    before = sos.SOSDataset(library, recipe, length=1).sample(0)[1]
    after = sos.SOSDataset(library, recipe, length=1, transforms=drop_second).sample(0)[1]
    assert after["labels"].tolist() == before["labels"].tolist()[:-1]
    assert after["segment_ids"].tolist() == before["segment_ids"].tolist()[:-1]


def test_labels_changed_by_a_transform_stay_changed(library: sos.SegmentLibrary) -> None:
    def relabel(image: Any, target: Any) -> Any:
        return image, {**target, "labels": target["labels"] * 0 + 9}

    _, target = sos.SOSDataset(library, small_recipe(), length=1, transforms=relabel).sample(0)
    assert set(target["labels"].tolist()) == {9}


def test_keys_of_the_user_are_not_cut(library: sos.SegmentLibrary) -> None:
    def crop(image: Any, target: Any) -> Any:
        return v2.CenterCrop(60)(image, {**target, "orig_size": torch.tensor([200, 200])})

    dataset = sos.SOSDataset(library, small_recipe(200, objects=[2, 2]), length=40, transforms=crop)
    targets = [dataset.sample(index)[1] for index in range(40)]
    assert {len(target["labels"]) for target in targets} >= {1}, "some lose one of two objects"
    assert all(target["orig_size"].tolist() == [200, 200] for target in targets)


def spoil(key: str, value: Any) -> Any:
    return lambda image, target: (image, {**target, key: value})


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (spoil("instance_map", torch.full((160, 160), 99, dtype=torch.int16)), "instance_map: expected ids 0"),
        (spoil("instance_map", torch.zeros((80, 160), dtype=torch.int16)), "image: expected a tensor of the instance"),
        (spoil("amodal_masks", torch.zeros((0, 160, 160))), "amodal_masks: expected .* SanitizeBoundingBoxes"),
        (lambda image, _: image, "expected .image, target., found Image"),
    ],
)
def test_what_cannot_be_made_exact_is_refused(library: sos.SegmentLibrary, transform: Any, message: str) -> None:
    recipe = small_recipe(target={"amodal_masks": True})
    with pytest.raises(sos.StreamError, match=f"transforms: .*{message}|transforms: {message}"):
        sos.SOSDataset(library, recipe, length=20, transforms=transform).sample(0)
