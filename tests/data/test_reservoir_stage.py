"""Serving lit samples from the reservoir: the target goes with its picture, and nobody waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

import sos_online as sos
from sos_online.data.reservoir_stage import ReservoirStage
from sos_online.ops.boxes import boxes_and_areas
from sos_online.relight import Composites, Lighting, ReservoirSettings
from sos_online.types import CameraSpec, LightSpec, Target
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


def batches(library: sos.SegmentLibrary, share: float, count: int, **changes: object) -> Iterator[sos.Batch]:
    light: dict[str, object] = {
        "relighters": {"photometric": 1 - share, "iclight": share},
        "camera": {"share": 0.0},
        "strength": [0.0, 0.0],
        "shadow": [0.0, 0.0],
        "temperature": [6500, 6500],
    }
    recipe = small_recipe(SIDE, light=light | changes, target={"amodal_masks": True})
    dataset = sos.SOSDataset(library, recipe, length=4 * count)
    for number in range(count):
        yield sos.collate([dataset.sample(4 * number + offset) for offset in range(4)])


def wait_until_lit(stage: ReservoirStage, count: int) -> None:
    end = time.monotonic() + 120
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


def written_over(targets: list[Target]) -> None:
    """As by a trainer that works in place."""
    for leaf in tree_leaves(targets):
        if isinstance(leaf, Tensor):
            leaf.add_(100)


def test_a_trainer_may_work_in_place(library: sos.SegmentLibrary, stage: ReservoirStage) -> None:
    first, *others = batches(library, share=1.0, count=4)
    originals = next(batches(library, share=1.0, count=1)).targets()
    written_over(stage(first)[1])
    wait_until_lit(stage, 4)
    shown = 0
    for batch in others:
        _, targets = stage(batch)
        for target in targets:
            if target["image_id"] < 4:
                shown += 1
                before = originals[target["image_id"]]
                for key in ("labels", "area", "segment_ids", "visibility"):
                    assert torch.equal(target[key], before[key]), key
                maps = before["instance_map"], before["instance_map"].flip(-1)
                assert any(torch.equal(target["instance_map"], ids) for ids in maps)
        written_over(targets)
    assert shown >= 8  # each more than once


def test_what_is_stored_keeps_no_batch(library: sos.SegmentLibrary, stage: ReservoirStage) -> None:
    (first,) = batches(library, share=1.0, count=1)
    stage(first)
    wait_until_lit(stage, 4)
    stored = stage._reservoir.take(4, (SIDE, SIDE))
    tensors = [leaf for leaf in tree_leaves(stored) if isinstance(leaf, Tensor)]
    assert len(tensors) > 4 * 8
    for tensor in tensors:
        assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


class Recording(Lighting):
    """Notes what it is asked for on the reservoir's thread and on the caller's."""

    def __init__(self) -> None:
        super().__init__({"iclight": blue})
        self.behind: list[LightSpec] = []
        self.in_front: list[LightSpec] = []

    def __call__(self, composites: Composites) -> Tensor:
        specs = self.behind if threading.current_thread().name == "reservoir" else self.in_front
        specs.extend(composites.specs)
        return super().__call__(composites)


def test_each_picture_goes_through_the_camera_once_and_is_blended_once(library: sos.SegmentLibrary) -> None:
    lighting = Recording()
    settings = ReservoirSettings(waiting=2, serves=1)
    stage = ReservoirStage(dtype=torch.uint8, lighting=lighting, settings=settings)
    drawn = {"camera": {"share": 1.0}, "blenders": {"feather": 1.0}, "shadow": [0.5, 0.5], "strength": [0.8, 0.8]}
    first, second = batches(library, share=1.0, count=2, **drawn)
    assert first.lights is not None and second.lights is not None
    stage(first)
    wait_until_lit(stage, 2)
    stage(second)
    stage.close()
    assert lighting.behind[:2] == [replace(spec, camera=CameraSpec()) for spec in first.lights[:2]]
    # two samples are served, and six are not
    unserved = [replace(spec, relighter="photometric") for spec in first.lights + second.lights[2:]]
    served = [
        replace(spec, relighter="photometric", blenders=("relit",), shadow=0.0, strength=0.4)
        for spec in second.lights[:2]
    ]
    assert lighting.in_front == unserved[:4] + served + unserved[4:]
    assert all(spec.camera.jpeg for spec in lighting.in_front)


def test_the_callers_random_numbers_are_left_alone(library: sos.SegmentLibrary, stage: ReservoirStage) -> None:
    first, *others = batches(library, share=1.0, count=4)
    assert any(spec.seed % 2 for batch in others for spec in batch.lights or [])  # some are mirrored
    state = torch.get_rng_state()
    stage(first)
    wait_until_lit(stage, 4)
    for batch in others:
        stage(batch)
    assert stage.report().served > 4
    assert torch.equal(torch.get_rng_state(), state)


def test_a_dropped_stage_leaves_no_thread(library: sos.SegmentLibrary) -> None:
    before = set(threading.enumerate())
    stage = ReservoirStage(lighting=Lighting({"iclight": blue}), settings=ReservoirSettings())
    (thread,) = set(threading.enumerate()) - before
    for batch in batches(library, share=1.0, count=2):
        stage(batch)
    assert thread.is_alive()
    del stage
    assert not thread.is_alive()
