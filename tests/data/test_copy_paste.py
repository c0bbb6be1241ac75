"""Copy-paste: what is pasted, and what it leaves of the photo's own annotations."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.tv_tensors import BoundingBoxes, Image, Mask

import sos_online as sos
from sos_online.data.copy_paste import CopyPaste
from sos_online.data.map_stream import MapStream
from sos_online.data.mixing import mix
from sos_online.data.real import CocoDataset, LvisDataset
from sos_online.errors import BrokenSegmentError
from sos_online.relight import Lighting
from sos_online.types import Target
from tests.conftest import small_recipe
from tests.data.compare import digest
from tests.data.streams import NumberedStream


class Photos(NumberedStream):
    """Numbered samples with masks, large enough to paste into; two categories are the library's, one is not."""

    def __init__(self, length: int = 6, **options: Any) -> None:
        super().__init__(length, side=96, **options)

    def sample(self, index: int, epoch: int | None = None) -> tuple[Image, Target]:
        image, target = super().sample(index, epoch)
        rows = index % 3
        masks = torch.zeros(rows, 96, 96, dtype=torch.uint8)
        for row in range(rows):
            masks[row, 30 * row : 30 * row + 40, 10:80] = 1
        boxes = [[10, 30 * row, 80, 30 * row + 40] for row in range(rows)]
        target.update(
            masks=Mask(masks),
            boxes=BoundingBoxes(
                torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), format="XYXY", canvas_size=(96, 96)
            ),
            area=torch.full((rows,), 2800),
        )
        return image, target

    @property
    def category_names(self) -> list[str]:
        return ["Coin", "chair", "post"]


RECIPE = small_recipe(objects=[2, 5])


def test_objects_are_pasted_and_the_rest_of_the_photo_is_untouched(library: sos.SegmentLibrary) -> None:
    photos = Photos()
    stream = CopyPaste(photos, library, RECIPE, seed=3)
    assert stream.category_names == ["Coin", "chair", "post", "dot", "plate"]
    pasted_rows = 0
    for index in range(len(photos)):
        image, target = stream.sample(index)
        original, before = photos.sample(index)
        free = target["instance_map"] == 0
        pasted = target["segment_ids"] >= 0
        pasted_rows += int(pasted.sum())
        for row in range(len(pasted)):
            assert bool(target["masks"][row].any())
            if pasted[row]:
                segment = int(target["segment_ids"][row])
                name = library.category_names[library.category_of(segment) - 1]
                assert stream.category_names[target["labels"][row] - 1].lower() == name
        # soft edges reach beyond the masks, by a pixel
        far = ~torch.nn.functional.max_pool2d(
            (target["masks"][pasted].any(0) if pasted.any() else torch.zeros(96, 96)).float()[None], 7, 1, 3
        )[0].bool()
        assert torch.equal(image[:, far & free], original[:, far & free])
        assert not torch.equal(image, original)
        assert target["image_id"] == before["image_id"]
    assert pasted_rows >= 8


def test_a_sample_is_a_pure_function_of_its_numbers(library: sos.SegmentLibrary) -> None:
    stream = CopyPaste(Photos(), library, RECIPE)
    again = pickle.loads(pickle.dumps(stream))
    samples = [digest(stream.sample(index, epoch)) for epoch in (0, 1) for index in range(6)]
    assert samples == [digest(again.sample(index, epoch)) for epoch in (0, 1) for index in range(6)]
    assert len(set(samples)) == 12
    assert digest(CopyPaste(Photos(), library, RECIPE, seed=1).sample(0)) != samples[0]


def test_with_fixed_names_segments_of_other_categories_are_not_pasted(library: sos.SegmentLibrary) -> None:
    stream = CopyPaste(Photos(), library, RECIPE.replace(objects=[20, 20]), names=["chair", "coin"])
    labels = {label for index in range(6) for label in stream.sample(index)[1]["labels"].tolist()}
    assert labels == {1, 2}
    report = stream.vocabulary_report()
    assert (report.left_out(0), report.left_out(1)) == (["post"], ["dot", "plate", "post"])
    for index in range(6):
        image, target = stream.sample(index)
        original, _ = Photos().sample(index)
        where = (image != original).any(0)
        pasted = target["masks"][target["segment_ids"] >= 0].any(0).float()
        assert (torch.nn.functional.max_pool2d(pasted[None], 7, 1, 3)[0].bool() | ~where).all()


@pytest.mark.parametrize("in_worker", [True, False])
def test_light_falls_on_pasted_objects_alone(library: sos.SegmentLibrary, in_worker: bool) -> None:
    recipe = RECIPE.replace(light={"strength": [1, 1], "shadow": [0, 0]}, device={"light": not in_worker})
    stream = CopyPaste(Photos(), library, recipe)
    assert (stream.device_recipe is None) == in_worker
    # the same light on a target that says nothing of the photo's own rows
    for index in (1, 2, 5):
        image, target = stream.sample(index)
        assert ("light" in target) != in_worker
        served, finished = next(iter(sos.make_loader(_One(image, target, stream), 1, dtype=torch.uint8)))
        assert "light" not in finished[0] and "light_on_segments" not in finished[0]
        bare = CopyPaste(Photos(), library, recipe.replace(device={"light": True})).sample(index)
        pasted = bare[1]["segment_ids"] >= 0
        count = int(pasted.sum())
        ids = bare[1]["instance_map"].as_subclass(Tensor).clone()
        ids[ids > count] = 0
        expected = Lighting().light_one(bare[0], ids, count, bare[1]["light"])
        assert torch.equal(served[0], expected)


class _One(NumberedStream):
    """One finished or pending sample."""

    def __init__(self, image: Image, target: Target, of: CopyPaste) -> None:
        super().__init__(1)
        self._sample = image, target
        self._of = of

    def sample(self, index: int, epoch: int | None = None) -> tuple[Image, Target]:
        return self._sample

    @property
    def device_recipe(self) -> sos.Recipe | None:
        return self._of.device_recipe


def test_it_goes_through_the_loader_and_a_mixture(library: sos.SegmentLibrary) -> None:
    recipe = small_recipe(96, objects=[1, 3], light={})
    stream = CopyPaste(Photos(), library, recipe)
    mixed = mix({"pasted": stream, "synthetic": sos.SOSDataset(library, recipe, length=6), "photos": Photos()})
    seen = set()
    for images, targets in sos.make_loader(mixed, 4, num_workers=2, masks=True):
        assert images.shape == (4 if len(targets) == 4 else len(targets), 3, 96, 96)
        for target in targets:
            seen.add(target["source"])
            assert ("segment_ids" in target) == (target["source"] != 2)
            assert target["masks"].shape == (len(target["labels"]), 96, 96)
            assert "light_on_segments" not in target
    assert seen == {0, 1, 2}


class Broken:
    """A library one of whose segments cannot be decoded."""

    def __init__(self, library: sos.SegmentLibrary, broken: set[int]) -> None:
        self._library = library
        self._broken = broken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def __len__(self) -> int:
        return len(self._library)

    def colour(self, segment: int, level: int) -> Any:
        if segment in self._broken:
            raise BrokenSegmentError(f"segment {segment}")
        return self._library.colour(segment, level)


def test_broken_segments_follow_on_error(library: sos.SegmentLibrary) -> None:
    some = Broken(library, set(range(0, 12, 3)))
    every = Broken(library, set(range(12)))
    with pytest.raises(BrokenSegmentError):
        [CopyPaste(Photos(), some, RECIPE).sample(index) for index in range(6)]  # type: ignore[arg-type]
    stream = CopyPaste(Photos(), every, RECIPE, on_error="warn")  # type: ignore[arg-type]
    with pytest.warns(RuntimeWarning, match="left out: segment"):
        image, target = stream.sample(2)
    assert torch.equal(image, Photos().sample(2)[0])
    assert target["segment_ids"].tolist() == [-1, -1]
    assert stream.failures.segments > 0
    stream = CopyPaste(Photos(), some, RECIPE, on_error="replace")  # type: ignore[arg-type]
    for index in range(6):
        assert not {0, 3, 6, 9} & set(stream.sample(index)[1]["segment_ids"].tolist())
    with pytest.raises(sos.StreamError, match="plans in a row"):
        CopyPaste(Photos(), every, RECIPE.replace(objects=[20, 20]), on_error="replace").sample(0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"photos": 3}, "expected a dataset"),
        ({"library": 3}, "library: expected a SegmentLibrary"),
        ({"recipe": {}}, "recipe: expected a Recipe"),
        ({"seed": -1}, "seed: expected an integer"),
        ({"on_error": "stop"}, "on_error: expected raise or warn or replace"),
        ({"recipe": RECIPE.replace(device={"composite": True})}, "device.composite: expected false"),
        (
            {"recipe": sos.Recipe().replace(light={"relighters": {"iclight": 1}}, reservoir={})},
            "reservoir: expected none",
        ),
    ],
)
def test_what_cannot_be_pasted_is_refused(library: sos.SegmentLibrary, options: dict[str, Any], said: str) -> None:
    given = {"photos": Photos(), "library": library, "recipe": RECIPE, **options}
    with pytest.raises(sos.StreamError, match=said):
        CopyPaste(given.pop("photos"), given.pop("library"), **given)


def test_pictures_that_still_wait_for_light_are_refused(library: sos.SegmentLibrary) -> None:
    lit = small_recipe(light={})
    with pytest.raises(sos.StreamError, match="finished pictures"):
        CopyPaste(sos.SOSDataset(library, lit), library, RECIPE)
    on_synthetic = CopyPaste(sos.SOSDataset(library, RECIPE, length=2), library, RECIPE)
    assert (on_synthetic.sample(0)[1]["segment_ids"] == -1).any()


def test_photos_that_are_written_only_when_served_are_refused(library: sos.SegmentLibrary, tmp_path: Path) -> None:
    with pytest.raises(sos.StreamError, match=r"photos: .*WriteThrough.*write_cache.*cached\(CopyPaste\(…\), folder\)"):
        CopyPaste(sos.cached(Photos(), tmp_path), library, RECIPE)


def test_pictures_of_floats_are_refused(library: sos.SegmentLibrary) -> None:
    class Floats(Photos):
        def sample(self, index: int, epoch: int | None = None) -> tuple[Image, Target]:
            image, target = super().sample(index, epoch)
            return Image(image.float() / 255), target

    with pytest.raises(sos.StreamError, match=r"photo: expected uint8 \[3, H, W\]"):
        CopyPaste(Floats(), library, RECIPE).sample(0)


def test_coco_photos_with_pasted_objects(real_data: Path, library: sos.SegmentLibrary) -> None:
    coco = CocoDataset(real_data / "coco" / "val", real_data / "coco" / "instances_val.json", crowds=True)
    photos = MapStream(coco, shuffle=False)
    stream = CopyPaste(photos, library, sos.Recipe().replace(light=None, objects=[4, 8]))
    assert list(stream.category_names[:80]) == list(coco.category_names)
    for index in range(6):
        image, target = stream.sample(index)
        original, before = photos.sample(index)
        assert image.shape == original.shape
        pasted = target["segment_ids"] >= 0
        on_top = target["masks"][pasted].any(0) if pasted.any() else torch.zeros(image.shape[1:], dtype=torch.bool)
        assert not (target["masks"][~pasted].bool() & on_top).any()
        assert set(target["instance_map"].unique().tolist()) <= set(range(len(pasted) + 1))
        own = before["masks"].bool() & ~on_top
        for row in range(len(pasted) - int((~pasted).sum()), len(pasted)):
            assert any(torch.equal(target["masks"][row].bool(), mask) for mask in own)


def test_lvis_photos_with_pasted_objects(real_data: Path, library: sos.SegmentLibrary) -> None:
    annotations = real_data / "lvis" / "lvis_v0.5_val_subset.json"
    lvis = LvisDataset(real_data / "lvis" / "images", annotations)
    stream = CopyPaste(lvis, library, sos.Recipe().replace(light=None, objects=[4, 8]))
    assert len(stream.category_names) == len(json.loads(annotations.read_text())["categories"]) + 1
    assert stream.vocabulary_report().joined(1) == [("post", "pole")]
    for index in range(3):
        _, target = stream.sample(index)
        present = set(target["labels"].tolist())
        assert not present & set(target["neg_category_ids"].tolist())
        pasted = set(target["labels"][target["segment_ids"] >= 0].tolist())
        assert pasted
