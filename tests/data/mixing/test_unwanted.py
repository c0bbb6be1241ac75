"""Rows of other categories: a source of annotated photos does not draw them, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from torchvision.transforms import v2

import sos_online as sos
from sos_online.data.map_stream import MapStream
from sos_online.data.mixing import mix
from sos_online.data.real.annotated_images import AnnotatedImages
from sos_online.data.real.outlines import Outlines
from sos_online.data.sample_iterator import Sample
from sos_online.data.transforms import Transforms
from tests.data.compare import digest

COUNT = 40


def photos(real_data: Path, kind: str, transforms: Transforms | None = None) -> AnnotatedImages:
    if kind == "lvis":
        return sos.LvisDataset(real_data / "lvis/images", real_data / "lvis/lvis_v0.5_val_subset.json")
    coco = real_data / "coco"
    return sos.CocoDataset(coco / "train", coco / "instances_train.json", transforms=transforms)


class DrawsAll(MapStream):
    """Draws every row, wanted or not."""

    def sample_for(self, index: int, epoch: int, unwanted: Any) -> tuple[Sample, int]:
        return super().sample_for(index, epoch, ())


def half_of_the_names(stream: MapStream) -> sos.MixedDataset:
    return mix({"photos": stream}, weights=[1], names=stream.category_names[::2])


def crop(image: Any, target: Any) -> Any:
    return v2.Compose([v2.RandomHorizontalFlip(), v2.RandomIoUCrop()])(image, target)


@pytest.mark.parametrize(
    ("kind", "transforms"),
    [("coco", None), ("coco", "dataset"), ("coco", "stream"), ("lvis", None), ("lvis", "stream")],
)
def test_the_same_samples_as_leaving_rows_out_behind(real_data: Path, kind: str, transforms: str | None) -> None:
    dataset = photos(real_data, kind, crop if transforms == "dataset" else None)
    behind = crop if transforms == "stream" else None
    early = half_of_the_names(MapStream(dataset, seed=3, transforms=behind))
    late = half_of_the_names(DrawsAll(dataset, seed=3, transforms=behind))
    for index in range(min(COUNT, early.length)):
        assert digest(early.sample(index)) == digest(late.sample(index))
    left_out = early.vocabulary_report().rows_left_out
    assert left_out == late.vocabulary_report().rows_left_out
    assert sum(left_out) > 20


def test_what_is_not_wanted_is_not_drawn(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = MapStream(photos(real_data, "coco"))
    drawn: list[Any] = []
    original = coco_mask.decode

    def counted(rle: Any) -> Any:
        drawn.append(rle)
        return original(rle)

    monkeypatch.setattr(coco_mask, "decode", counted)
    mixed = half_of_the_names(stream)
    rows = sum(len(mixed.sample(index)[1]["labels"]) for index in range(COUNT))
    assert len(drawn) == rows > COUNT
    whole = sum(len(stream.sample(index)[1]["labels"]) for index in range(COUNT))
    assert len(drawn) == rows + whole
    assert rows < 0.8 * whole


def test_what_cannot_be_drawn_is_met_all_the_same(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Outlines.rle

    def torn(self: Outlines, row: int, size_hw: tuple[int, int]) -> Any:
        return None if row % 11 == 0 else original(self, row, size_hw)

    monkeypatch.setattr(Outlines, "rle", torn)
    dataset = photos(real_data, "coco")
    early = half_of_the_names(MapStream(dataset, on_error="replace"))
    late = half_of_the_names(DrawsAll(dataset, on_error="replace"))
    for index in range(COUNT):
        assert digest(early.sample(index)) == digest(late.sample(index))
    assert early.failures.samples == late.failures.samples > 0


class DarkerStream(MapStream):
    def sample(self, index: int, epoch: int | None = None) -> Sample:
        image, target = super().sample(index, epoch)
        return image // 2, target  # type: ignore[return-value]


def test_a_stream_with_a_way_of_its_own_is_asked_for_all(real_data: Path) -> None:
    darker = DarkerStream(photos(real_data, "coco"), shuffle=False)
    mixed = half_of_the_names(darker)
    for index in range(5):
        assert np.array_equal(mixed.sample(index)[0], darker.sample(index)[0])
    assert sum(mixed.vocabulary_report().rows_left_out) > 0


class Darker(sos.CocoDataset):
    def __getitem__(self, index: int) -> Sample:
        image, target = super().__getitem__(index)
        return image // 2, target  # type: ignore[return-value]


def test_a_dataset_with_a_way_of_its_own_is_asked_for_all(real_data: Path) -> None:
    coco = real_data / "coco"
    darker = Darker(coco / "train", coco / "instances_train.json")
    mixed = half_of_the_names(MapStream(darker, shuffle=False))
    for index in range(5):
        assert np.array_equal(mixed.sample(index)[0], darker[index][0])
    assert sum(mixed.vocabulary_report().rows_left_out) > 0


def test_the_dataset_leaves_out_what_it_is_told(real_data: Path) -> None:
    dataset = photos(real_data, "coco")
    (_, whole), none = dataset.before_transforms(5)
    labels = whole["labels"].numpy()
    one = int(labels[0])
    (image, target), left_out = dataset.before_transforms(5, {one})
    assert none == 0 and left_out == (labels == one).sum()
    assert np.array_equal(target["labels"], labels[labels != one])
    assert np.array_equal(target["masks"], whole["masks"][labels != one])
    assert image.shape[1:] == target["instance_map"].shape
