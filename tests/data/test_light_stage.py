"""Light and objects that the device stage adds: the same whatever the batch, workers or restart; labels stay true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.tv_tensors import Image

import sos_online as sos
from sos_online.errors import RecipeError, StreamError
from sos_online.relight import Composites, Lighting
from tests.conftest import small_recipe
from tests.data.compare import digest, digests

LIGHT: dict[str, Any] = {"strength": [1, 1], "shadow": [0.6, 0.6]}
SIDE = 96


def lit_recipe(light: dict[str, Any] | None = None, **changes: Any) -> sos.Recipe:
    return small_recipe(SIDE, light={**LIGHT, **(light or {})}, **changes)


def dataset_of(library: sos.SegmentLibrary, recipe: sos.Recipe | None = None, **options: Any) -> sos.SOSDataset:
    return sos.SOSDataset(library, recipe or lit_recipe(), **{"length": 24, **options})


def served(dataset: sos.SOSDataset, **options: Any) -> list[Any]:
    return list(sos.make_loader(dataset, options.pop("batch_size", 4), **options))


def images_of(batches: list[Any]) -> list[Tensor]:
    return [image for images, _ in batches for image in images]


def without_images(targets: list[Any]) -> str:
    return digest([{key: value for key, value in target.items() if key != "light"} for target in targets])


def test_light_changes_pixels_and_no_label(library: sos.SegmentLibrary) -> None:
    lit = served(dataset_of(library), dtype=torch.uint8)
    dark = served(dataset_of(library, small_recipe(SIDE)), dtype=torch.uint8)
    for (images, targets), (plain, expected) in zip(lit, dark, strict=True):
        assert digest(targets) == digest(expected)
        assert all("light" not in target for target in targets)
        difference = (images.float() - plain.float()).abs().flatten(1).mean(1)
        assert (difference > 0.5).all()


def test_a_sample_still_to_be_lit_says_how(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library)
    image, target = dataset.sample(3)
    assert target["light"] == dataset.scene(3).light
    plain, _ = dataset_of(library, small_recipe(SIDE)).sample(3)
    assert torch.equal(image, plain)


def staged(dataset: sos.SOSDataset, batch_size: int) -> list[Tensor]:
    """Lit by the stage, as behind CUDA's workers: a batch at a time."""
    stage = sos.DeviceStage(dtype=torch.uint8)
    batches = [range(first, first + batch_size) for first in range(0, 24, batch_size)]
    return images_of([stage(sos.collate([dataset.sample(index) for index in batch])) for batch in batches])


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_the_same_light_whatever_the_batch(library: sos.SegmentLibrary, batch_size: int) -> None:
    expected = images_of(served(dataset_of(library), batch_size=4, dtype=torch.uint8))
    found = images_of(served(dataset_of(library), batch_size=batch_size, dtype=torch.uint8))
    assert digests(found) == digests(expected)


@pytest.mark.parametrize("batch_size", [1, 4, 24])
def test_the_stage_gives_a_batch_the_light_of_its_samples(library: sos.SegmentLibrary, batch_size: int) -> None:
    """Sums may be added up in another order in another batch: a grey level at most, and rarely."""
    expected = images_of(served(dataset_of(library), dtype=torch.uint8))
    for image, other in zip(staged(dataset_of(library), batch_size), expected, strict=True):
        difference = (image.int() - other.int()).abs()
        assert difference.max() <= 1
        assert (difference > 0).float().mean() < 0.001


def test_the_same_light_for_any_number_of_workers(library: sos.SegmentLibrary) -> None:
    assert digests(served(dataset_of(library), num_workers=2)) == digests(served(dataset_of(library)))


def test_the_same_light_after_a_resume(library: sos.SegmentLibrary) -> None:
    whole = digests(served(dataset_of(library)))
    loader = sos.make_loader(dataset_of(library), 4)
    batches = iter(loader)
    next(batches), next(batches)
    again = sos.make_loader(dataset_of(library), 4, num_workers=1)
    again.load_state_dict(loader.state_dict())
    assert digests(again) == whole[2:]


def test_light_in_the_worker_is_the_same_light(library: sos.SegmentLibrary) -> None:
    on_device = images_of(served(dataset_of(library), dtype=torch.uint8))
    in_worker = dataset_of(library, lit_recipe(device={"light": False}))
    for index, expected in enumerate(on_device):
        image, target = in_worker.sample(index)
        assert "light" not in target
        assert (image.as_subclass(Tensor).int() - expected.int()).abs().max() <= 1
    assert torch.equal(images_of(served(in_worker, num_workers=1, dtype=torch.uint8))[5], in_worker.sample(5)[0])


def test_objects_painted_on_the_device(library: sos.SegmentLibrary) -> None:
    recipe = small_recipe(SIDE, placement={"flip_x": 0.5, "rotation": 90.0})
    expected = served(dataset_of(library, recipe), dtype=torch.uint8, masks=True)
    painted = served(
        dataset_of(library, recipe.replace(device={"composite": True})), dtype=torch.uint8, masks=True, num_workers=1
    )
    for (images, targets), (others, labels) in zip(painted, expected, strict=True):
        assert digest(targets) == digest(labels)
        assert (images.int() - others.int()).abs().max() <= 2


def test_objects_and_light_on_the_device(library: sos.SegmentLibrary) -> None:
    expected = images_of(served(dataset_of(library), dtype=torch.uint8))
    painted = images_of(served(dataset_of(library, lit_recipe(device={"composite": True})), dtype=torch.uint8))
    for image, other in zip(painted, expected, strict=True):
        assert (image.int() - other.int()).abs().float().mean() < 0.5


def test_transforms_move_what_is_lit(library: sos.SegmentLibrary) -> None:
    """The transform sees the unlit picture, and the light falls on what it made of it."""
    dataset = dataset_of(library, transforms=v2.RandomHorizontalFlip(p=1.0))
    (images, targets), *_ = served(dataset, dtype=torch.uint8)
    plain, _ = dataset.sample(0)
    assert images[0].shape == plain.shape
    assert not torch.equal(images[0], plain)
    assert digest(targets[0]["instance_map"]) == digest(dataset.sample(0)[1]["instance_map"])


def test_images_of_several_sizes_are_lit(library: sos.SegmentLibrary) -> None:
    sizes = iter([40, 56] * 100)
    dataset = dataset_of(library, transforms=lambda image, target: v2.Resize([next(sizes)] * 2)(image, target))
    samples = [dataset.sample(index) for index in range(4)]
    images, targets = sos.DeviceStage(dtype=torch.uint8)(sos.collate(samples))
    assert [image.shape[-1] for image in images] == [40, 56, 40, 56]
    assert all("light" not in target for target in targets)
    assert not torch.equal(images[0], samples[0][0])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16])
def test_types_and_ranges(library: sos.SegmentLibrary, dtype: torch.dtype) -> None:
    images, _ = served(dataset_of(library), dtype=dtype)[0]
    assert images.dtype is dtype
    assert images.min() >= 0 and images.max() <= (255 if dtype is torch.uint8 else 1)
    assert not images.is_inference()


def test_outputs_enter_a_training_step(library: sos.SegmentLibrary) -> None:
    images, _ = served(dataset_of(library))[0]
    weight = torch.ones(3, 1, 1, requires_grad=True)
    (images * weight).mean().backward()
    assert weight.grad is not None and weight.grad.abs().sum() > 0


def test_a_mixture_serves_each_image_by_its_own_relighter(library: sos.SegmentLibrary) -> None:
    recipe = lit_recipe({"relighters": {"identity": 0.5, "photometric": 0.5}, "camera": {"share": 0.0}})
    dataset = dataset_of(library, recipe)
    plain = images_of(served(dataset_of(library, small_recipe(SIDE)), dtype=torch.uint8))
    kinds = [dataset.scene(index).light.relighter for index in range(24)]  # type: ignore[union-attr]
    assert set(kinds) == {"identity", "photometric"}
    for kind, image, unlit in zip(kinds, images_of(served(dataset, dtype=torch.uint8)), plain, strict=True):
        assert torch.equal(image, unlit) == (kind == "identity")


def test_a_relighter_that_is_not_there_is_named(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library, lit_recipe({"relighters": {"iclight": 1}}))
    with pytest.raises(StreamError, match="iclight"):
        sos.DeviceStage()(sos.collate([dataset.sample(0)]))


def test_a_relighter_of_ones_own(library: sos.SegmentLibrary) -> None:
    def darkness(composites: Composites) -> Tensor:
        return composites.images * 0

    recipe = lit_recipe({"relighters": {"iclight": 1}, "camera": {"share": 0.0}})
    stage = sos.DeviceStage(dtype=torch.uint8, lighting=Lighting({"iclight": darkness}))
    images, _ = stage(sos.collate([dataset_of(library, recipe).sample(0)]))
    assert images.max() == 0  # type: ignore[union-attr]


def test_a_missing_model_is_explained(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library, lit_recipe({"relighters": {"iclight": 1}}, iclight={"model": "/nowhere/model"}))
    with pytest.raises(sos.SOSError, match="/nowhere/model"):
        sos.make_loader(dataset, 4)


def test_diffusion_light_in_a_worker_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"device\.light"):
        lit_recipe({"relighters": {"iclight": 1}}, device={"light": False})


def test_transforms_need_the_picture(library: sos.SegmentLibrary) -> None:
    with pytest.raises(StreamError, match=r"transforms.*device\.composite"):
        dataset_of(library, small_recipe(SIDE, device={"composite": True}), transforms=v2.Identity())


def test_an_empty_image_is_lit(library: sos.SegmentLibrary) -> None:
    recipe = lit_recipe(objects=[0, 0], device={"composite": True})
    for images, targets in served(dataset_of(library, recipe)):
        assert torch.isfinite(images).all()
        assert all(len(target["labels"]) == 0 for target in targets)


def test_the_stage_leaves_the_batch_as_it_is(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library)
    batch = sos.collate([dataset.sample(index) for index in range(4)])
    before = batch.images.clone()  # type: ignore[union-attr]
    stage = sos.DeviceStage()
    first, _ = stage(batch)
    second, _ = stage(batch)
    assert torch.equal(batch.images, before)  # type: ignore[arg-type]
    assert torch.equal(first, second)  # type: ignore[arg-type]
    unlit, _ = stage(replace(batch, lights=None))
    assert not torch.equal(first, unlit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("transform", "found"),
    [
        (v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.2] * 3)]), r"float32, -\d"),
        (v2.ToDtype({"others": None, Image: torch.float32}, scale=False), r"float32, .* … \d\d"),
        (v2.Grayscale(), r"\[1, 96, 96\]"),
    ],
)
def test_light_falls_on_pictures_alone(library: sos.SegmentLibrary, transform: Any, found: str) -> None:
    with pytest.raises(StreamError, match=rf"transforms: image.*found.*{found}"):
        dataset_of(library, transforms=transform).sample(0)
    dataset_of(library, small_recipe(SIDE), transforms=transform).sample(0)  # without light nobody minds
    dataset_of(library, lit_recipe(device={"light": False}), transforms=transform).sample(0)  # nor after it


def test_floats_in_range_are_lit(library: sos.SegmentLibrary) -> None:
    dataset = dataset_of(library, transforms=v2.ToDtype({"others": None, Image: torch.float32}, scale=True))
    found = images_of(served(dataset, dtype=torch.uint8))
    for image, other in zip(found, images_of(served(dataset_of(library), dtype=torch.uint8)), strict=True):
        assert (image.int() - other.int()).abs().max() <= 1


@pytest.mark.parametrize("device", ["banana", "cuda:99", None, 3.5])
def test_a_device_that_is_not_there(device: Any) -> None:
    with pytest.raises(StreamError, match="device"):
        sos.DeviceStage(device)


def test_a_relighter_of_an_unknown_name() -> None:
    with pytest.raises(StreamError, match="sunlight"):
        Lighting({"sunlight": lambda composites: composites.images})  # type: ignore[dict-item]


def test_inside_inference_mode_and_autocast(library: sos.SegmentLibrary) -> None:
    expected, _ = served(dataset_of(library))[0]
    batch = sos.collate([dataset_of(library).sample(index) for index in range(4)])
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        images, _ = sos.DeviceStage()(batch)
    assert not images.is_inference()  # type: ignore[union-attr]
    assert (images - expected).abs().max() < 0.01
