"""Targets of other datasets, completed to the package's convention."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2.functional import to_dtype
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Image, Mask

import sos_online as sos
from sos_online.data.map_stream import MapStream
from sos_online.targets.masks import flatten_masks
from tests.data.compare import digest
from tests.data.map_sets import Given, completed, plain


def test_a_tutorials_target_is_completed() -> None:
    given_image, given_target = plain()
    image, target = completed((given_image, given_target))
    assert torch.equal(image, given_image)
    assert isinstance(target["boxes"], BoundingBoxes) and isinstance(target["masks"], Mask)
    assert target["masks"].dtype is torch.uint8
    assert torch.equal(target["masks"].bool(), given_target["masks"])
    assert np.array_equal(target["instance_map"], flatten_masks(target["masks"].numpy()))
    assert target["area"].tolist() == [28, 28] and target["area"].dtype is torch.int64
    assert target["iscrowd"].tolist() == [0, 0]
    assert target["image_id"] == 0
    assert digest(given_target) == digest(plain()[1]), "what the dataset gave is not changed"


def test_pictures_of_all_kinds() -> None:
    pixels = torch.arange(3 * 16 * 16, dtype=torch.int32).remainder(256).to(torch.uint8).reshape(3, 16, 16)
    target = plain()[1]
    kinds = [
        pixels,
        Image(pixels),
        to_dtype(pixels, torch.float32, scale=True),
        PIL.Image.fromarray(pixels.permute(1, 2, 0).numpy()),
        PIL.Image.fromarray(pixels.permute(1, 2, 0).numpy()).convert("RGBA"),
    ]
    for picture in kinds:
        image, _ = completed((picture, target))
        assert isinstance(image, Image) and image.dtype is torch.uint8 and torch.equal(image, pixels)
    for grey in (pixels[:1], PIL.Image.fromarray(pixels[0].numpy())):
        assert torch.equal(completed((grey, target))[0], pixels[:1].expand(3, -1, -1))


@pytest.mark.parametrize("kind", [BoundingBoxFormat.XYWH, BoundingBoxFormat.CXCYWH, BoundingBoxFormat.XYXY])
def test_boxes_of_all_formats(kind: BoundingBoxFormat) -> None:
    corners = BoundingBoxes([[2.0, 0, 9, 4], [2, 1, 9, 5]], format="XYXY", canvas_size=(16, 16))
    boxes = v2.functional.convert_bounding_box_format(corners, new_format=kind)
    assert completed(plain(boxes=boxes))[1]["boxes"].tolist() == corners.tolist()


def test_without_masks_there_is_no_instance_map() -> None:
    _, target = completed(plain(masks=None))
    assert not {"masks", "instance_map"} & target.keys()
    assert target["area"].tolist() == [28, 28]
    stream = MapStream(Given(plain(masks=None), plain(masks=None)))
    _, served = next(iter(sos.make_loader(stream, 2)))
    assert all("instance_map" not in target for target in served)
    with pytest.raises(sos.StreamError, match=r"masks: the target of image . knows boxes alone"):
        next(iter(sos.make_loader(stream, 2, masks=True)))


def test_with_and_without_masks_in_one_batch() -> None:
    stream = MapStream(Given(plain(masks=None), plain(), plain(3, masks=None)), shuffle=False)
    _, served = next(iter(sos.make_loader(stream, 3, num_workers=1)))
    for index, target in enumerate(served):
        expected = stream.sample(index)[1]
        expected.pop("masks", None)
        assert digest(target) == digest(expected)


@pytest.mark.parametrize(
    "target",
    [
        {"image_id": 5},
        {"boxes": torch.tensor([]), "labels": torch.tensor([], dtype=torch.int64), "image_id": [5]},
        {"boxes": [], "labels": [], "masks": [], "image_id": torch.tensor([5])},
    ],
)
def test_no_objects(target: dict[str, Any]) -> None:
    _, found = completed((plain()[0], target))
    assert {key: tuple(found[key].shape) for key in ("boxes", "labels", "masks", "instance_map", "area")} == {
        "boxes": (0, 4),
        "labels": (0,),
        "masks": (0, 16, 16),
        "instance_map": (16, 16),
        "area": (0,),
    }
    assert found["image_id"] == 5


def test_empty_boxes() -> None:
    """Of a mask one column wide, torchvision's ``masks_to_boxes`` makes a box without width."""
    masks = torch.zeros(3, 16, 16, dtype=torch.bool)
    masks[0, 3:9, 5] = True
    masks[2, 1:4, 1:4] = True
    boxes = torch.tensor([[5.0, 3, 5, 8], [7, 7, 7, 9], [1, 1, 3, 3]])
    sample = plain(3, boxes=boxes, masks=masks, labels=torch.tensor([4, 5, 6]), scores=torch.tensor([0.4, 0.5, 0.6]))
    _, target = completed(sample)
    assert target["labels"].tolist() == [4, 6]
    assert target["boxes"].tolist() == [[5, 3, 6, 9], [1, 1, 3, 3]]
    assert target["scores"].tolist() == pytest.approx([0.4, 0.6])


WRONG = [
    (5, "expected .image, target., found int"),
    ((1, 2, 3), "expected .image, target."),
    ((plain()[0], [{"bbox": [1, 2, 3, 4]}]), "target: expected a dict .* wrap_dataset_for_transforms_v2"),
    ((plain()[0], {"boxes": torch.zeros(2, 4)}), "target: 'labels' is missing"),
    ((plain()[0].numpy(), plain()[1]), "image: expected a PIL image or a tensor"),
    ((plain()[0].float() - 9.5, plain()[1]), "image: .* found .*-0.5 … -0.5; what a model normalises with"),
    ((torch.zeros(16, 16, 3, dtype=torch.uint8), plain()[1]), "image: expected"),
    (plain(labels=torch.tensor([0, 1])), "labels: expected 1 … C .0 is the background., found 0 … 1"),
    (plain(labels=torch.tensor([0.5, 1])), "labels: expected integers"),
    (plain(labels=["a", "b"]), "labels: expected a tensor, found list"),
    (plain(boxes=torch.zeros(3, 4)), r"boxes: expected \[2, 4\]"),
    (plain(boxes=torch.full((2, 4), torch.nan)), r"boxes: expected .* all finite"),
    (plain(masks=torch.zeros(2, 8, 8)), r"masks: expected \[2, 16, 16\], found \[2, 8, 8\]"),
    (plain(area=torch.zeros(1)), r"area: expected \[2\]"),
]


@pytest.mark.parametrize(("sample", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_no_sample_is_refused(sample: Any, message: str) -> None:
    with pytest.raises(sos.StreamError, match=r"Given\[0\]: " + message):
        completed(sample)
