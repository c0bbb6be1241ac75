"""Serving lit samples from the reservoir: the target goes with its picture, and nobody waits."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

import sos_online as sos
from sos_online.data.reservoir_stage import ReservoirStage
from sos_online.ops.boxes import boxes_and_areas
from sos_online.relight import Composites, Lighting, ReservoirSettings
from tests.conftest import small_recipe

SIDE = 64


def blue(composites: Composites) -> Tensor:
    """Light that is easily seen: objects keep their pixels' red, and nothing else does."""
    return composites.images * torch.tensor([1.0, 0.0, 0.0])[:, None, None]


@pytest.fixture
def stage() -> Iterator[ReservoirStage]:
    made = ReservoirStage(
        dtype=torch.uint8, masks=True, lighting=Lighting({"iclight": blue}), settings=ReservoirSettings(serves=3)
    )
    yield made
    made.close()


def batches(library: sos.SegmentLibrary, share: float, count: int) -> Iterator[sos.Batch]:
    light = {
        "relighters": {"photometric": 1 - share, "iclight": share},
        "camera": {"share": 0.0},
        "strength": [0.0, 0.0],
        "shadow": [0.0, 0.0],
        "temperature": [6500, 6500],
    }
    dataset = sos.SOSDataset(library, small_recipe(SIDE, light=light), length=4 * count)
    for number in range(count):
        yield sos.collate([dataset.sample(4 * number + offset) for offset in range(4)])


def wait_until_lit(stage: ReservoirStage, count: int) -> None:
    end = time.monotonic() + 20
    while stage.report().lit < count:
        assert time.monotonic() < end, stage.report()
        time.sleep(0.002)


def test_samples_that_were_lit_take_the_place_with_their_targets(
    library: sos.SegmentLibrary, stage: ReservoirStage
) -> None:
    first, second = batches(library, share=1.0, count=2)
    images, targets = stage(first)
    assert [target["image_id"] for target in targets] == [0, 1, 2, 3]  # the store is empty: cheap light at once
    assert all(image[1:].max() > 0 for image in images)
    wait_until_lit(stage, 4)
    images, targets = stage(second)
    assert [target["image_id"] for target in targets] == [0, 1, 2, 3]  # shown in the place of 4 … 7
    assert all(image[1:].max() == 0 for image in images)
    assert (stage.report().wanted, stage.report().served) == (8, 4)


def test_labels_stay_true_under_mirroring(library: sos.SegmentLibrary, stage: ReservoirStage) -> None:
    first, *others = batches(library, share=1.0, count=5)
    _, originals = stage(first)
    wait_until_lit(stage, 4)
    mirrored = 0
    for batch in others[:3]:
        for target in stage(batch)[1]:
            ids = target["instance_map"].numpy()
            boxes, areas = boxes_and_areas(ids, [(0, 0, SIDE, SIDE)] * len(target["labels"]))
            assert torch.equal(target["boxes"].as_subclass(Tensor), torch.from_numpy(boxes))
            assert target["area"].tolist() == areas.tolist()
            assert target["masks"].flatten(1).sum(1).tolist() == areas.tolist()
            if target["image_id"] < 4:
                before = originals[target["image_id"]]["instance_map"]
                assert torch.equal(target["instance_map"], before) or torch.equal(
                    target["instance_map"], before.flip(-1)
                )
                mirrored += not torch.equal(target["instance_map"], before)
    assert mirrored > 0


def test_images_without_diffusion_light_are_not_touched(library: sos.SegmentLibrary, stage: ReservoirStage) -> None:
    plain = sos.DeviceStage(dtype=torch.uint8, masks=True)
    for batch in batches(library, share=0.0, count=2):
        images, targets = stage(batch)
        expected, labels = plain(batch)
        assert torch.equal(images, expected)  # type: ignore[arg-type]
        assert [target["image_id"] for target in targets] == [target["image_id"] for target in labels]
    assert stage.report().wanted == 0


def test_relations_in_words_are_not_mirrored(library: sos.SegmentLibrary, stage: ReservoirStage) -> None:
    first, *others = batches(library, share=1.0, count=4)
    first.others["expressions"] = [["the left one"]] * 4
    _, originals = stage(first)
    wait_until_lit(stage, 4)
    for batch in others[:2]:
        batch.others["expressions"] = [["the left one"]] * 4
        for target in stage(batch)[1]:
            if target["image_id"] < 4:
                assert torch.equal(target["instance_map"], originals[target["image_id"]]["instance_map"])
