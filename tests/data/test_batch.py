"""The compact batch: what goes in comes out."""

from __future__ import annotations

import torch
from torch.utils.data import DataLoader
from torchvision.transforms import v2

import sos_online as sos
from tests.conftest import small_recipe
from tests.data.compare import digest


def test_targets_come_back_as_they_were(library: sos.SegmentLibrary) -> None:
    recipe = small_recipe(99, objects=[0, 6], target={"amodal_masks": True})
    dataset = sos.SOSDataset(library, recipe, length=12)
    samples = [dataset.sample(index) for index in range(12)]
    assert any(len(target["labels"]) == 0 for _, target in samples)
    batch = sos.collate(samples)
    assert len(batch) == 12
    for (image, target), back_image, back in zip(samples, batch.images, batch.targets(), strict=True):
        assert torch.equal(image, back_image)
        assert digest(target) == digest(back)
        assert back["boxes"].canvas_size == (99, 99)


def test_images_of_different_sizes_stay_a_list(library: sos.SegmentLibrary) -> None:
    crop = v2.RandomResize(40, 90)
    dataset = sos.SOSDataset(library, small_recipe(64), length=4, transforms=crop)
    images, targets = next(iter(sos.make_loader(dataset, 4, masks=True)))
    assert isinstance(images, list) and len({image.shape for image in images}) > 1
    for image, target in zip(images, targets, strict=True):
        assert target["masks"].shape[1:] == image.shape[1:]


def test_dense_masks_do_not_travel(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, small_recipe(160, target={"amodal_masks": True}), length=8)
    batch = sos.collate([dataset.sample(index) for index in range(8)])
    rows = sum(batch.counts)
    assert sum(packed.numel() for packed in batch.packed_masks["amodal_masks"]) == rows * 160 * 20
    assert isinstance(batch.instance_maps, torch.Tensor) and batch.instance_maps.dtype == torch.int16


def test_keys_of_the_user_travel_too(library: sos.SegmentLibrary) -> None:
    def add(image: torch.Tensor, target: dict[str, object]) -> tuple[torch.Tensor, dict[str, object]]:
        rows = len(target["labels"])  # type: ignore[arg-type]
        return image, {**target, "weights": torch.ones(rows), "note": "kept", "mean": image.float().mean()}

    dataset = sos.SOSDataset(library, small_recipe(64), length=4, transforms=add)
    _, targets = next(iter(sos.make_loader(dataset, 4)))
    for index, target in enumerate(targets):
        assert target["note"] == "kept"
        assert len(target["weights"]) == len(target["labels"])
        assert torch.equal(target["mean"], dataset.sample(index)[1]["mean"])


def test_a_loader_of_ones_own_with_the_device_stage(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, small_recipe(64), length=12, block_size=4)
    stage = sos.DeviceStage("cpu", masks=True)
    own = [stage(batch) for batch in DataLoader(dataset, 4, num_workers=2, collate_fn=sos.collate)]
    made = list(sos.make_loader(dataset, 4, masks=True))
    assert digest(own) == digest(made)


def test_floats_are_in_0_to_1_and_can_be_trained_on(library: sos.SegmentLibrary) -> None:
    dataset = sos.SOSDataset(library, small_recipe(64), length=4)
    images, targets = next(iter(sos.make_loader(dataset, 4, masks=True)))
    assert images.dtype == torch.float32 and float(images.min()) >= 0 and float(images.max()) <= 1
    assert targets[0]["masks"].dtype == torch.uint8
    weight = torch.ones(3, requires_grad=True)
    (images * weight[:, None, None]).sum().backward()
    assert weight.grad is not None
