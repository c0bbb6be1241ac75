"""Transforms of samples that are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torchvision.transforms import v2
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask

import sos_online as sos
from sos_online.data.cache.read import CachedDataset
from tests.data.cache.made_up import small_cache, small_stream
from tests.data.compare import digests
from tests.data.streams import NumberedStream
from tests.targets.test_build import check_target


def test_transforms_run_under_numbers_of_the_sample(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    cache = small_cache(small_stream(library, length=12), tmp_path / "cache", samples=12, each=5)

    def opened() -> CachedDataset:
        return CachedDataset.open(cache, transforms=v2.RandomCrop(24))

    expected = digests(sos.make_loader(opened(), 4))
    assert digests(sos.make_loader(opened(), 4, num_workers=2)) == expected
    for index in range(12):
        image, target = opened().sample(index)
        assert image.shape == (3, 24, 24)
        check_target(target, (24, 24))
    same = [torch.equal(opened().sample(0, epoch=0)[0], opened().sample(0, epoch=epoch)[0]) for epoch in range(4)]
    assert same == [True, False, False, False]


def test_transforms_of_real_images_move_their_masks(tmp_path: Path) -> None:
    class Annotated(NumberedStream):
        def sample(self, index: int, epoch: int | None = None) -> Any:
            image, target = super().sample(index, epoch)
            masks = torch.stack([target["instance_map"] > row for row in range(3)]).to(torch.uint8)
            ids = torch.arange(1, 4)
            return image, {
                **target,
                "masks": Mask(masks),
                "labels": ids,
                "boxes": boxes_of(3),
                "area": ids,
                "iscrowd": ids,
            }

    def boxes_of(rows: int) -> Any:
        return BoundingBoxes(torch.zeros(rows, 4), format=BoundingBoxFormat.XYXY, canvas_size=(8, 8))

    cache = small_cache(Annotated(3), tmp_path / "cache", samples=3, each=5)
    cached = CachedDataset.open(cache, shuffle=False, transforms=v2.RandomVerticalFlip(1.0))
    _, target = cached.sample(2)
    assert target["labels"].tolist() == [1, 2], "the third has no pixels"
    assert target["boxes"].tolist() == [[0, 6, 8, 8], [0, 6, 8, 7]]
