"""CocoDataset: what the file says, exactly, and nothing else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from torch.utils.data import DataLoader
from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2
from torchvision.transforms import v2
from torchvision.transforms.v2.functional import pil_to_tensor
from torchvision.tv_tensors import BoundingBoxes, Image, Mask

import sos_online as sos
from sos_online.data.real import CocoDataset
from tests.data.compare import digest
from tests.data.real.small_set import SmallSet


@pytest.fixture(scope="module")
def coco(real_data: Path) -> CocoDataset:
    return CocoDataset(real_data / "coco/val", real_data / "coco/instances_val.json", crowds=True)


@pytest.fixture(scope="module")
def reference(real_data: Path) -> COCO:
    return COCO(str(real_data / "coco/instances_val.json"))


def test_smoke(coco: CocoDataset) -> None:
    image, target = coco[0]
    count, size = len(target["labels"]), image.shape[1:]
    assert isinstance(image, Image) and image.dtype is torch.uint8 and image.is_contiguous()
    assert isinstance(target["boxes"], BoundingBoxes) and target["boxes"].dtype is torch.float32
    assert target["boxes"].canvas_size == tuple(size)
    assert isinstance(target["masks"], Mask) and target["masks"].shape == (count, *size)
    assert target["masks"].dtype is torch.uint8 and int(target["masks"].max()) == 1
    assert isinstance(target["instance_map"], Mask) and target["instance_map"].shape == size
    assert target["instance_map"].dtype is torch.int16
    assert {key: target[key].dtype for key in ("labels", "area", "iscrowd")} == {
        "labels": torch.int64,
        "area": torch.float32,
        "iscrowd": torch.int64,
    }
    assert target.keys() == {"boxes", "labels", "masks", "instance_map", "area", "iscrowd", "image_id"}
    assert len(coco) == 50 and len(list(coco)) == 50
    assert digest(coco[-1]) == digest(coco[49])
    with pytest.raises(IndexError, match="50"):
        coco[50]


def test_against_pycocotools(coco: CocoDataset, reference: COCO) -> None:
    """Every row of every image: masks to the pixel, the rest to the number."""
    rows = 0
    for index in range(len(coco)):
        image, target = coco[index]
        found = reference.imgToAnns[target["image_id"]]
        height, width = image.shape[1:]
        assert len(found) == len(target["labels"])
        for row, annotation in enumerate(found):
            x, y, w, h = annotation["bbox"]
            expected = np.clip([x, y, x + w, y + h], 0, [width, height, width, height])
            np.testing.assert_allclose(target["boxes"][row], expected, rtol=1e-6)
            assert np.array_equal(target["masks"][row], reference.annToMask(annotation))
            label = int(target["labels"][row])
            assert coco.category_ids[label - 1] == annotation["category_id"]
            assert coco.category_names[label - 1] == reference.cats[annotation["category_id"]]["name"]
            assert int(target["iscrowd"][row]) == annotation["iscrowd"]
            assert float(target["area"][row]) == pytest.approx(annotation["area"])
        rows += len(found)
    assert rows == coco.num_objects == 382


def test_pixels_are_those_of_the_file(coco: CocoDataset, real_data: Path) -> None:
    """To a grey level: decoders round differently."""
    for index in range(5):
        image, _ = coco[index]
        with PIL.Image.open(coco.image_path(index)) as picture:
            expected = pil_to_tensor(picture.convert("RGB"))
        assert (image.int() - expected.int()).abs().max() <= 1


def slow_map(masks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Pixel by pixel: the smallest mask there, of equal ones the first."""
    pixels = masks.sum((1, 2))
    ids = np.zeros(masks.shape[1:], np.int16)
    for y, x in np.argwhere(masks.any(0)):
        here = np.flatnonzero(masks[:, y, x])
        ids[y, x] = min(here, key=lambda row: (pixels[row], row)) + 1
    return ids


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.integers(0, 7)] * 2, *[st.integers(0, 5)] * 2), max_size=5))
def test_the_smaller_object_is_in_front(corners: list[tuple[int, int, int, int]]) -> None:
    masks = np.zeros((len(corners), 8, 8), np.uint8)
    for mask, (y, x, height, width) in zip(masks, corners, strict=True):
        mask[y : y + height, x : x + width] = 1
    assert np.array_equal(sos.targets.flatten_masks(masks), slow_map(masks))


def test_a_row_that_others_cover_is_a_row(small: SmallSet) -> None:
    small.add(0, (5, 5, 15, 15))
    small.add(0, (5, 5, 10, 15))
    small.add(0, (10, 5, 15, 15))
    _, target = CocoDataset(*small.write())[0]
    assert len(target["labels"]) == 3
    assert set(target["instance_map"].unique().tolist()) == {0, 2, 3}
    assert [int(mask.sum()) for mask in target["masks"]] == [100, 50, 50]


def test_an_image_without_objects(small: SmallSet) -> None:
    _, target = CocoDataset(*small.write())[0]
    shapes = {key: tuple(target[key].shape) for key in ("boxes", "labels", "masks", "instance_map", "area", "iscrowd")}
    assert shapes == {
        "boxes": (0, 4),
        "labels": (0,),
        "masks": (0, 30, 40),
        "instance_map": (30, 40),
        "area": (0,),
        "iscrowd": (0,),
    }
    assert not target["instance_map"].any()


def test_labels_are_in_the_order_of_ids_whatever_the_file_does(small: SmallSet) -> None:
    small.add(0, (0, 0, 10, 10), category=7)
    small.add(0, (0, 0, 10, 10), category=3)
    dataset = CocoDataset(*small.write())
    assert (dataset.category_names, dataset.category_ids) == (["traffic light", "ball"], [3, 7])
    assert dataset[0][1]["labels"].tolist() == [2, 1]


def rle_of(mask: np.ndarray[Any, Any], compressed: bool) -> dict[str, Any]:
    if compressed:
        encoded = coco_mask.encode(np.asfortranarray(mask))
        return {"size": list(mask.shape), "counts": encoded["counts"].decode()}
    flat = np.concatenate([[0], mask.T.ravel(), [2]])
    changes = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], changes])).tolist()
    return {"size": list(mask.shape), "counts": counts}


@pytest.mark.parametrize("compressed", [True, False])
def test_run_lengths(small: SmallSet, compressed: bool) -> None:
    mask = np.zeros((30, 40), np.uint8)
    mask[3:9, 4:20] = 1
    mask[8:25, 12:14] = 1
    small.add(0, (1, 1, 5, 5))
    small.add(0, (4, 3, 20, 25), segmentation=rle_of(mask, compressed))
    small.add(1, (4, 3, 20, 25), segmentation=rle_of(1 - mask, compressed))
    dataset = CocoDataset(*small.write())
    assert np.array_equal(dataset[0][1]["masks"][1], mask)
    assert np.array_equal(dataset[1][1]["masks"][0], 1 - mask)


def test_crowds(small: SmallSet) -> None:
    small.add(0, (0, 0, 10, 10))
    small.add(0, (0, 0, 40, 30), iscrowd=1, segmentation=rle_of(np.ones((30, 40), np.uint8), compressed=False))
    given = small.write()
    without, kept = CocoDataset(*given), CocoDataset(*given, crowds=True)
    assert without[0][1]["iscrowd"].tolist() == [0] and without.left_out == {"crowd": 1}
    assert kept[0][1]["iscrowd"].tolist() == [0, 1] and kept.left_out == {}


def test_boxes_alone(small: SmallSet) -> None:
    entry = small.add(0, (2, 3, 10, 12))
    del entry["segmentation"], entry["area"]
    given = small.write()
    _, target = CocoDataset(*given, masks=False)[0]
    assert target.keys() == {"boxes", "labels", "area", "iscrowd", "image_id"}
    assert target["area"].tolist() == [72]
    with pytest.raises(sos.SourceError, match=r"instances.json: annotations: field 'segmentation': .* masks=False"):
        CocoDataset(*given)


def test_what_cannot_be_a_row_is_counted(small: SmallSet) -> None:
    small.add(0, (2, 3, 10, 12))
    small.add(0, (2, 3, 2, 12))  # no width
    small.add(0, (50, 3, 60, 12))  # beyond the image
    small.add(0, (2, 3, 10, 12), segmentation=[])
    small.add(0, (2, 3, 10, 12), segmentation=[[1, 1, 2, 2]])  # a line
    small.add(9, (2, 3, 10, 12))  # of no image
    dataset = CocoDataset(*small.write())
    assert len(dataset[0][1]["labels"]) == 1
    assert dataset.left_out == {"empty box": 2, "no segmentation": 2, "image that is not in the file": 1}


def test_boxes_are_cut_at_the_image_also_if_its_size_is_not_stated(small: SmallSet) -> None:
    small.add(0, (-5, 3, 55, 12.5))
    small.add(0, (45, 3, 55, 12))
    for stated in (True, False):
        if not stated:
            del small.content["images"][0]["width"]
        _, target = CocoDataset(*small.write())[0]
        assert target["boxes"].tolist() == [[0, 3, 40, 12.5]]


def test_stored_orientation(small: SmallSet) -> None:
    """A JPEG that EXIF turns: annotations are of the stored pixels, unless only the turned ones have the size."""
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[:, 20:] = 255
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    for number, size in enumerate([(30, 40), (40, 30)]):
        data = io.BytesIO()
        PIL.Image.fromarray(pixels).save(data, "jpeg", exif=exif, quality=95)
        (small.folder / f"{number}.png").write_bytes(data.getvalue())
        small.content["images"][number].update(height=size[0], width=size[1])
    dataset = CocoDataset(*small.write())
    stored, turned = dataset[0][0], dataset[1][0]
    assert stored.shape == (3, 30, 40) and stored[0, :, 30:].min() > 200 and stored[0, :, :10].max() < 50
    assert turned.shape == (3, 40, 30) and turned[0, 30:].min() > 200


def test_only_images_touches_no_other(small: SmallSet) -> None:
    for number in range(3):
        small.add(number, (0, 0, 10, 10))
    given = small.write()
    (small.folder / "0.png").unlink()
    (small.folder / "2.png").write_bytes(b"no image")
    dataset = CocoDataset(*given, only_images={"1.png"})
    assert [target["image_id"] for _, target in dataset] == [11]
    assert dataset.num_objects == 1
    with pytest.raises(sos.SourceError, match=r"no image is named 'other\.png'"):
        CocoDataset(*given, only_images=["1.png", "other.png"])
    with pytest.raises(sos.SourceError, match="only_images: expected a collection"):
        CocoDataset(*given, only_images="1.png")


def test_transforms_leave_an_exact_target(coco: CocoDataset, real_data: Path) -> None:
    transforms = v2.Compose([v2.RandomRotation(20), v2.RandomCrop(200, pad_if_needed=True), v2.RandomHorizontalFlip()])
    moved = CocoDataset(real_data / "coco/val", real_data / "coco/instances_val.json", transforms=transforms)
    torch.manual_seed(0)
    rows = 0
    for index in range(20):
        image, target = moved[index]
        assert image.shape == (3, 200, 200)
        rows += len(target["labels"])
        assert len({len(target[key]) for key in ("boxes", "labels", "masks", "area", "iscrowd")}) == 1
        for mask, box, area in zip(target["masks"], target["boxes"], target["area"], strict=True):
            ys, xs = np.nonzero(mask.numpy())
            assert box.tolist() == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
            assert area == len(xs)
        assert np.array_equal(target["instance_map"], sos.targets.flatten_masks(target["masks"].numpy()))
    assert rows > 20


def test_workers_give_the_same(coco: CocoDataset) -> None:
    """As an ordinary dataset in an ordinary loader, forked and spawned."""
    expected = [digest(coco[index]) for index in range(6)]
    some = torch.utils.data.Subset(coco, range(6))
    for context in ("fork", "spawn"):
        loader = DataLoader(some, batch_size=None, num_workers=1, multiprocessing_context=context)
        assert [digest(sample) for sample in loader] == expected


def test_fingerprint(small: SmallSet) -> None:
    small.add(0, (0, 0, 10, 10))
    first = CocoDataset(*small.write()).fingerprint()
    assert CocoDataset(*small.write()).fingerprint() == first
    small.content["annotations"][0]["segmentation"][0][0] = 1
    assert CocoDataset(*small.write()).fingerprint() != first


def test_targets_are_torchvisions(coco: CocoDataset, real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = CocoDetection(str(real_data / "coco/val"), str(real_data / "coco/instances_val.json"))
    theirs = wrap_dataset_for_transforms_v2(plain, target_keys=("image_id", "boxes", "labels", "masks"))
    ours = {target["image_id"]: target for _, target in coco}
    for index in range(len(theirs)):
        target = theirs[index][1]
        if "boxes" not in target:
            continue
        mine = ours[target["image_id"]]
        torch.testing.assert_close(mine["boxes"].as_subclass(torch.Tensor), target["boxes"].as_subclass(torch.Tensor))
        assert torch.equal(mine["masks"], target["masks"])
        assert [coco.category_ids[label - 1] for label in mine["labels"]] == target["labels"].tolist()
