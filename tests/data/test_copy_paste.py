"""Copy-paste: what is pasted, and what it leaves of the photo's own annotations."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Image, Mask

import sos_online as sos
from sos_online.compose import VisibilityRule
from sos_online.data.copy_paste import CopyPaste
from sos_online.data.map_stream import MapStream
from sos_online.data.mixing import mix
from sos_online.data.paste_target import paste_target
from sos_online.data.real import CocoDataset, LvisDataset
from sos_online.errors import BrokenSegmentError
from sos_online.relight import Lighting
from sos_online.types import Target
from tests.conftest import small_recipe
from tests.data.compare import digest
from tests.data.streams import NumberedStream

SIDE = 12


def boxes_of(masks: Tensor) -> Tensor:
    """Tight boxes, one pixel after the other."""
    boxes = []
    for mask in masks:
        rows, columns = np.nonzero(mask.numpy())
        boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if len(rows) else [0, 0, 0, 0])
    return torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)


def target_of(masks: Tensor, **more: Any) -> Target:
    """As an annotated photo's: masks that may overlap, with area and boxes of them."""
    count = len(masks)
    return {
        "boxes": BoundingBoxes(boxes_of(masks), format=BoundingBoxFormat.XYXY, canvas_size=(SIDE, SIDE)),
        "labels": torch.arange(1, count + 1),
        "masks": Mask(masks),
        "area": masks.flatten(1).sum(1).to(torch.int64),
        "iscrowd": torch.zeros(count, dtype=torch.int64),
        "image_id": 77,
        **more,
    }


def pasted_of(masks: Tensor) -> Target:
    """As composites have it: masks that do not overlap, in an instance map; none is empty."""
    count = len(masks)
    ids = torch.zeros(SIDE, SIDE, dtype=torch.int16)
    for row in reversed(range(count)):
        ids[masks[row] > 0] = row + 1
    shown = sorted(set(ids.flatten().tolist()) - {0})
    numbers = {old: new for new, old in enumerate(shown, 1)}
    ids = ids.apply_(lambda old: numbers.get(old, 0))
    visible = torch.stack([ids == row for row in range(1, len(shown) + 1)] or [torch.zeros(0, SIDE, SIDE)][:0]) \
        if shown else torch.zeros(0, SIDE, SIDE)  # fmt: skip
    whole = masks[[old - 1 for old in shown]]
    areas = visible.flatten(1).sum(1).to(torch.int64)
    return {
        "boxes": BoundingBoxes(boxes_of(visible), format=BoundingBoxFormat.XYXY, canvas_size=(SIDE, SIDE)),
        "labels": torch.arange(len(shown)) + 50,
        "instance_map": Mask(ids),
        "area": areas,
        "iscrowd": torch.zeros(len(shown), dtype=torch.int64),
        "image_id": 0,
        "visibility": (areas / whole.flatten(1).sum(1).clamp(min=1)).to(torch.float32),
        "amodal_boxes": BoundingBoxes(boxes_of(whole), format=BoundingBoxFormat.XYXY, canvas_size=(SIDE, SIDE)),
        "segment_ids": torch.arange(len(shown)) + 1000,
        "amodal_masks": Mask(whole),
    }


@st.composite
def stacks(draw: st.DrawFn) -> Tensor:
    """Rectangles that overlap, uint8 ``[N, SIDE, SIDE]``; some are empty."""
    masks = torch.zeros(draw(st.integers(0, 5)), SIDE, SIDE, dtype=torch.uint8)
    for mask in masks:
        x, y = draw(st.integers(0, SIDE - 1)), draw(st.integers(0, SIDE - 1))
        width, height = draw(st.integers(0, SIDE)), draw(st.integers(1, SIDE))
        mask[y : y + height, x : x + width] = 1
    return masks


RULES = st.builds(VisibilityRule, min_pixels=st.integers(1, 20), min_share=st.sampled_from([0.0, 0.1, 0.5, 1.0]))


@settings(max_examples=150)
@given(stacks(), stacks(), RULES, st.data())
def test_targets_are_joined_as_a_slow_reference_says(
    of_photo: Tensor, on_top: Tensor, rule: VisibilityRule, data: st.DataObject
) -> None:
    crowds = torch.tensor([data.draw(st.booleans()) for _ in of_photo], dtype=torch.int64)
    photo = target_of(of_photo, iscrowd=crowds, note="kept", own=torch.arange(len(of_photo)) * 1.5)
    pasted = pasted_of(on_top)
    joined = paste_target(photo, pasted, rule)

    ahead = len(pasted["labels"])
    ids = pasted["instance_map"].tolist()
    rows = []
    for row, mask in enumerate(of_photo.tolist()):
        before = [(x, y) for y in range(SIDE) for x in range(SIDE) if mask[y][x]]
        left = [(x, y) for x, y in before if not ids[y][x]]
        covered = len(left) < len(before)
        enough = len(left) >= max(rule.min_pixels, rule.min_share * len(before))
        if covered and not enough and not (crowds[row] and left):
            continue
        rows.append((row, before, left, covered))
    assert len(joined["labels"]) == ahead + len(rows)
    for place, (row, before, left, covered) in enumerate(rows, start=ahead):
        mask = {(x, y) for y, x in joined["masks"][place].nonzero().tolist()}
        assert mask == set(left)
        assert joined["visibility"][place] == pytest.approx(len(left) / len(before) if before else 1)
        assert joined["area"][place] == len(left)
        box = joined["boxes"][place].tolist()
        if covered:
            xs, ys = [x for x, _ in left], [y for _, y in left]
            assert box == [min(xs), min(ys), max(xs) + 1, max(ys) + 1]
        else:
            assert box == photo["boxes"][row].tolist()
        assert joined["amodal_boxes"][place].tolist() == photo["boxes"][row].tolist()
        assert torch.equal(joined["amodal_masks"][place], of_photo[row])
        for key in ("labels", "iscrowd", "own"):
            assert joined[key][place] == photo[key][row]
    assert joined["segment_ids"].tolist() == pasted["segment_ids"].tolist() + [-1] * len(rows)
    assert joined["own"][:ahead].tolist() == [-1] * ahead
    for key in ("boxes", "labels", "area", "iscrowd", "visibility", "amodal_boxes"):
        assert torch.equal(joined[key][:ahead], pasted[key])
    assert (joined["image_id"], joined["note"]) == (77, "kept")

    # of the map: pasted objects on top, then whichever photo's row there is the smallest
    sizes = [len(left) for _, _, left, _ in rows]
    for y in range(SIDE):
        for x in range(SIDE):
            there = [(sizes[place], place) for place, (_, _, left, _) in enumerate(rows) if (x, y) in left]
            expected = ids[y][x] or (min(there)[1] + ahead + 1 if there else 0)
            assert joined["instance_map"][y, x] == expected
    assert joined["instance_map"].dtype is torch.int16


def test_a_photo_known_by_its_map_alone_keeps_no_masks() -> None:
    photo = target_of(torch.ones(1, SIDE, SIDE, dtype=torch.uint8))
    photo["instance_map"] = Mask(photo.pop("masks")[0].to(torch.int16))
    pasted = pasted_of(torch.eye(SIDE, dtype=torch.uint8)[None])
    joined = paste_target(photo, pasted, VisibilityRule())
    assert "masks" not in joined
    assert torch.equal(joined["instance_map"].as_subclass(Tensor), 2 - torch.eye(SIDE, dtype=torch.int16))
    assert joined["area"].tolist() == [SIDE, SIDE * SIDE - SIDE]


@pytest.mark.parametrize("missing", ["boxes", "labels", "area", "iscrowd", "masks"])
def test_what_pasting_needs_is_asked_for(missing: str) -> None:
    photo = target_of(torch.ones(1, SIDE, SIDE, dtype=torch.uint8))
    del photo[missing]
    with pytest.raises(sos.StreamError, match="photo's target: expected boxes, labels"):
        paste_target(photo, pasted_of(torch.zeros(0, SIDE, SIDE, dtype=torch.uint8)), VisibilityRule())


@pytest.mark.parametrize("as_tensor", [True, False])
def test_lvis_lists_stay_true(as_tensor: bool) -> None:
    make = torch.tensor if as_tensor else list
    masks = torch.zeros(2, SIDE, SIDE, dtype=torch.uint8)
    masks[0, :6], masks[1, 6:] = 1, 1
    over = torch.zeros(4, SIDE, SIDE, dtype=torch.uint8)
    over[0, :3], over[1, 3:5], over[2, 5, 1:], over[3, 11] = 1, 1, 1, 1  # one pixel of the first is left
    pasted = pasted_of(over)
    pasted["labels"] = torch.tensor([2, 8, 9, 8])  # there; absent; nobody looked
    photo = target_of(masks, neg_category_ids=make([7, 8]), not_exhaustive_category_ids=make([5]))
    joined = paste_target(photo, pasted, VisibilityRule())
    assert joined["labels"].tolist() == [2, 8, 9, 8, 2]
    assert [*map(int, joined["neg_category_ids"])] == [7]
    # 1 can be seen and has no row, of 9 there may be more, 2 is as it was
    assert [*map(int, joined["not_exhaustive_category_ids"])] == [1, 5, 9]


# the stream


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


# real photos


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
