"""Batches of samples that are not alike: other keys, other sizes, lit and still to be lit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.tv_tensors import Mask

import sos_online as sos
from sos_online.data.lit_collate import LitCollate
from sos_online.data.sample_iterator import Sample
from tests.conftest import small_recipe
from tests.data.compare import digest
from tests.data.streams import NumberedStream

LIGHT = {"strength": [1, 1], "shadow": [0.6, 0.6]}


def bare(index: int, side: int = 8) -> Sample:
    return NumberedStream(1000, side=side).sample(index)


def with_masks(sample: Sample) -> Sample:
    """As an annotated image: masks that overlap, which no instance map says."""
    image, target = sample
    rows, side = len(target["labels"]), image.shape[-1]
    masks = torch.zeros(rows, side, side, dtype=torch.uint8)
    for row in range(rows):
        masks[row, :, row:] = 1
    return image, {**target, "masks": Mask(masks)}


def with_more(sample: Sample) -> Sample:
    image, target = sample
    rows = len(target["labels"])
    return image, {**target, "visibility": torch.rand(rows), "segment_ids": torch.arange(rows), "note": ["own", rows]}


@st.composite
def mixed_samples(draw: st.DrawFn) -> list[Sample]:
    kinds = draw(st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.booleans()), min_size=1, max_size=6))
    side = draw(st.sampled_from([5, 8, 17]))
    samples = []
    for index, masks, more in kinds:
        sample = bare(index, side)
        sample = with_masks(sample) if masks else sample
        samples.append(with_more(sample) if more else sample)
    return samples


@given(mixed_samples())
def test_every_target_comes_back_with_the_keys_it_had(samples: list[Sample]) -> None:
    batch = sos.collate(samples)
    for (image, target), back_image, back in zip(samples, batch.images, batch.targets(), strict=True):
        assert back.keys() == target.keys()
        assert digest(back) == digest(target)
        assert torch.equal(back_image, image)


@given(mixed_samples())
def test_masks_that_were_not_asked_for_stay_behind(samples: list[Sample]) -> None:
    for (_, target), back in zip(samples, sos.collate(samples).targets(masks=False), strict=True):
        assert back.keys() == target.keys() - {"masks"}


def test_dense_masks_travel_as_bits() -> None:
    samples = [with_masks(bare(2, 17)), bare(2, 17), with_masks(bare(1, 17))]
    packed = sos.collate(samples).packed_masks["masks"]
    assert [tuple(part.shape) for part in packed] == [(2, 17, 3), (0, 0, 0), (1, 17, 3)]


def test_masks_are_expanded_only_where_there_are_none() -> None:
    samples = [with_masks(bare(2)), bare(2)]
    _, (annotated, expanded) = sos.DeviceStage(masks=True)(sos.collate(samples))
    assert torch.equal(annotated["masks"], samples[0][1]["masks"])  # they overlap, as the map cannot
    expected = torch.stack([samples[1][1]["instance_map"] == row for row in (1, 2)])
    assert torch.equal(expanded["masks"].bool(), expected)


def test_rows_of_unequal_kinds_travel_one_by_one() -> None:
    image, target = bare(2)
    samples = [(image, {**target, "scores": torch.zeros(2, dtype=kind)}) for kind in (torch.float32, torch.float64)]
    found = [back["scores"].dtype for back in sos.collate(samples).targets()]
    assert found == [torch.float32, torch.float64]


def lit_or_not(library: sos.SegmentLibrary, side: int, light: bool) -> list[Sample]:
    recipe = small_recipe(side, light=LIGHT if light else None, objects=[1, 4])
    dataset = sos.SOSDataset(library, recipe, length=4)
    return [dataset.sample(index) for index in range(4)]


@pytest.fixture(scope="module")
def kinds(library: sos.SegmentLibrary) -> dict[str, list[Sample]]:
    return {
        "unlit": lit_or_not(library, 64, light=False),
        "lit": lit_or_not(library, 64, light=True),
        "large and unlit": lit_or_not(library, 96, light=False),
        "large and lit": lit_or_not(library, 96, light=True),
    }


BATCHES = [
    ["lit", "unlit"],
    ["unlit", "lit", "unlit", "lit"],
    ["large and unlit", "unlit"],  # of two sizes, nothing to light
    ["large and lit", "lit", "unlit", "large and unlit", "lit"],
]


def batch_of(kinds: dict[str, list[Sample]], names: list[str]) -> list[Sample]:
    return [kinds[name][number % 4] for number, name in enumerate(names)]


def alone(sample: Sample, **options: Any) -> tuple[Tensor, sos.types.Target]:
    images, targets = sos.DeviceStage(**options)(LitCollate()([sample]))
    return images[0], targets[0]


@pytest.mark.parametrize("names", BATCHES, ids=" ".join)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_on_a_cpu_a_sample_is_the_same_in_any_company(
    kinds: dict[str, list[Sample]], names: list[str], dtype: torch.dtype
) -> None:
    samples = batch_of(kinds, names)
    images, targets = sos.DeviceStage(dtype=dtype, masks=True)(LitCollate()(samples))
    assert isinstance(images, list) == (len({sample[0].shape for sample in samples}) > 1)
    for sample, image, target in zip(samples, images, targets, strict=True):
        assert digest([image, target]) == digest(list(alone(sample, dtype=dtype, masks=True)))


@pytest.mark.parametrize("names", BATCHES, ids=" ".join)
def test_the_stage_lights_only_what_is_still_to_be_lit(kinds: dict[str, list[Sample]], names: list[str]) -> None:
    samples = batch_of(kinds, names)
    stage = sos.DeviceStage(dtype=torch.uint8)
    images, targets = stage(sos.collate(samples))
    assert sum(stage.lit.values()) == sum("light" in target for _, target in samples)
    for sample, image, target in zip(samples, images, targets, strict=True):
        expected, expected_target = alone(sample, dtype=torch.uint8)
        assert digest(target) == digest(expected_target) and "light" not in target
        if "light" not in sample[1]:
            assert torch.equal(image, sample[0])
        else:  # sums may be added up in another order in another batch: a grey level at most, and rarely
            difference = (image.int() - expected.int()).abs()
            assert difference.max() <= 1 and (difference > 0).float().mean() < 0.01
            assert not torch.equal(image, sample[0])


def test_objects_still_to_be_painted_and_others_are_refused(library: sos.SegmentLibrary) -> None:
    recipe = small_recipe(8, device={"composite": True})
    pending = sos.SOSDataset(library, recipe, length=1).sample(0)
    with pytest.raises(sos.StreamError, match="batch: the objects of some samples are still to be painted"):
        sos.collate([pending, bare(2)])
