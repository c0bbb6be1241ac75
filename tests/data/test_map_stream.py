"""MapStream: any map-style dataset, reproducible on any worker, and its targets completed."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.datasets import CocoDetection, VOCDetection, wrap_dataset_for_transforms_v2
from torchvision.ops import masks_to_boxes
from torchvision.transforms import v2
from torchvision.transforms.v2.functional import pil_to_tensor
from torchvision.tv_tensors import BoundingBoxes, Image, Mask

import sos_online as sos
from sos_online.data.map_stream import MapStream, as_stream
from sos_online.data.real import CocoDataset, LvisDataset
from tests.data.compare import digests
from tests.data.map_sets import Given, Numbered, completed, plain
from tests.data.streams import NumberedStream


def items(stream: MapStream, epoch: int = 0) -> list[int]:
    return [stream.sample(index, epoch)[1]["image_id"] for index in range(stream.length)]


@given(st.integers(1, 60), st.integers(0, 2**63 - 1), st.integers(0, 5))
def test_an_epoch_holds_every_item_once(length: int, seed: int, epoch: int) -> None:
    stream = MapStream(Numbered(length), seed=seed)
    assert sorted(stream.item(index, epoch) for index in range(length)) == list(range(length))


def test_orders() -> None:
    stream = MapStream(Numbered(50), seed=3)
    orders = [items(stream, 0), items(stream, 1), items(MapStream(Numbered(50), seed=4), 0)]
    assert len({tuple(order) for order in orders}) == 3
    assert items(stream, 0) == orders[0], "an epoch that was left and is come back to"
    assert items(MapStream(Numbered(50), shuffle=False), 7) == list(range(50))


def test_random_numbers_are_of_the_sample() -> None:
    """On any worker, in any order, whatever was drawn before; and the caller's own generators do not notice."""
    stream = MapStream(Numbered(12), transforms=v2.RandomHorizontalFlip())
    expected = digests(stream.sample(index) for index in range(12))
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]  # noqa: NPY002
    assert digests(stream.sample(index) for index in reversed(range(12))) == expected[::-1]
    after = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]  # noqa: NPY002
    assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
    drawn = {stream.sample(index, epoch)[1]["drawn"] for index in range(12) for epoch in (0, 1)}
    assert len(drawn) == 24


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_are_the_same_for_any_number_of_workers(workers: int) -> None:
    def served(workers: int) -> list[str]:
        loader = sos.make_loader(MapStream(Numbered(23), seed=1), 4, num_workers=workers)
        return digests(loader) + digests(loader)  # two epochs

    assert served(workers) == served(0)


def test_a_loader_takes_a_map_style_dataset_and_goes_on_where_it_was() -> None:
    loader = sos.make_loader(Numbered(20), 3)  # type: ignore[arg-type]
    whole = digests(loader)
    stopped = sos.make_loader(Numbered(20), 3)  # type: ignore[arg-type]
    for count, _ in enumerate(stopped, start=1):
        if count == 2:
            break
    resumed = sos.make_loader(Numbered(20), 3)  # type: ignore[arg-type]
    resumed.load_state_dict(stopped.state_dict())
    assert digests(resumed) == whole[2:]
    with pytest.raises(sos.StreamError, match="length"):
        sos.make_loader(Numbered(21), 3).load_state_dict(stopped.state_dict())  # type: ignore[arg-type]


def test_as_stream() -> None:
    stream = NumberedStream(3)
    assert as_stream(stream) is stream
    assert isinstance(as_stream(Numbered(3)), MapStream)
    with pytest.raises(sos.StreamError, match=r"dataset: expected .* found 5"):
        as_stream(5)
    with pytest.raises(sos.StreamError, match="at least one sample"):
        as_stream(Numbered(0))


@pytest.mark.parametrize(
    "options",
    [{"seed": -1}, {"seed": 1.5}, {"on_error": "ignore"}, {"category_names": "abc"}, {"category_names": [1]}],
)
def test_arguments_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(sos.StreamError, match=next(iter(options))):
        MapStream(Numbered(3), **options)


def test_broken_items() -> None:
    broken = (2, 5)
    with pytest.raises(sos.errors.BrokenSampleError, match=r"Numbered\[2\]: cannot be read: 2.jpg is truncated"):
        items(MapStream(Numbered(8, broken), shuffle=False))
    quiet = MapStream(Numbered(8, broken), shuffle=False, on_error="replace")
    served = items(quiet)
    assert served == items(quiet), "the same every time"
    assert [served[index] for index in (0, 1, 3, 4, 6, 7)] == [0, 1, 3, 4, 6, 7]
    assert not {2, 5} & set(served)
    assert quiet.failures.samples >= 4
    loud = MapStream(Numbered(8, broken), shuffle=False, on_error="warn")
    with pytest.warns(RuntimeWarning, match=r"[25].jpg is truncated"):
        assert items(loud) == served
    with pytest.raises(sos.StreamError, match="16 samples in a row"):
        MapStream(Numbered(3, (0, 1, 2)), on_error="replace").sample(0)


def test_category_names() -> None:
    assert MapStream(Numbered(1)).category_names == ["a", "b", "c"]
    assert MapStream(Given(plain()), category_names=["ball"]).category_names == ["ball"]
    with pytest.raises(sos.StreamError, match="category_names: Given says none"):
        _ = MapStream(Given(plain())).category_names
    with pytest.raises(sos.StreamError, match=r"Given\[0\]: labels: expected 1 … 1 .* found 2 … 2"):
        MapStream(Given(plain(labels=torch.tensor([2, 2]))), category_names=["ball"]).sample(0)


def test_transforms() -> None:
    """Rows without pixels go, and boxes agree with masks."""
    masks = torch.zeros(2, 16, 16, dtype=torch.bool)
    masks[0, 0:4, 0:4] = True
    masks[1, 2:12, 6:14] = True
    boxes = torch.tensor([[0.0, 0, 4, 4], [6, 2, 14, 12]])
    sample = plain(boxes=boxes, masks=masks, labels=torch.tensor([1, 2]))

    def crop(image: Any, target: Any) -> Any:
        assert "instance_map" not in target
        return v2.Lambda(lambda value: v2.functional.crop(value, 4, 4, 8, 8), Image, Mask, BoundingBoxes)(image, target)

    image, target = completed(sample, transforms=crop)
    assert image.shape == (3, 8, 8)
    assert target["labels"].tolist() == [2]
    assert target["boxes"].tolist() == [[2, 0, 8, 8]]
    assert target["area"].tolist() == [48] and int(target["instance_map"].max()) == 1
    del sample[1]["masks"]
    _, target = completed(sample, transforms=crop)
    assert target["labels"].tolist() == [2] and target["boxes"].tolist() == [[2, 0, 8, 8]]


def test_penn_fudan_in_the_style_of_the_tutorial(real_data: Path) -> None:
    class PennFudan:
        def __init__(self) -> None:
            self.images = sorted((real_data / "penn_fudan/PNGImages").iterdir())
            self.masks = sorted((real_data / "penn_fudan/PedMasks").iterdir())

        def __len__(self) -> int:
            return len(self.images)

        def __getitem__(self, item: int) -> Any:
            image = pil_to_tensor(PIL.Image.open(self.images[item]))
            ids = pil_to_tensor(PIL.Image.open(self.masks[item]))
            people = torch.unique(ids)[1:]
            masks = (ids == people[:, None, None]).to(torch.uint8)
            boxes = masks_to_boxes(masks)
            return Image(image), {
                "boxes": BoundingBoxes(boxes, format="XYXY", canvas_size=image.shape[-2:]),
                "masks": Mask(masks),
                "labels": torch.ones(len(people), dtype=torch.int64),
                "image_id": item,
                "area": (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 2] - boxes[:, 0]),
                "iscrowd": torch.zeros(len(people), dtype=torch.int64),
            }

    stream = MapStream(PennFudan(), category_names=["person"], transforms=v2.RandomIoUCrop())
    images, targets = next(iter(sos.make_loader(stream, 4, masks=True)))
    for image, target in zip(images, targets, strict=True):
        assert target["masks"].shape == (len(target["labels"]), *image.shape[1:])
        assert target["masks"].flatten(1).any(1).all()


def test_torchvisions_coco(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = str(real_data / "coco/val"), str(real_data / "coco/instances_val.json")
    plain_coco = CocoDetection(*given)
    with pytest.raises(sos.StreamError, match="wrap_dataset_for_transforms_v2"):
        MapStream(plain_coco).sample(0)
    theirs = MapStream(
        wrap_dataset_for_transforms_v2(plain_coco, ("boxes", "labels", "masks", "image_id", "iscrowd", "area")),
        shuffle=False,
    )
    boxes_alone = MapStream(wrap_dataset_for_transforms_v2(CocoDetection(*given)), shuffle=False)
    ours = CocoDataset(*given, crowds=True)
    by_id = {target["image_id"]: target for _, target in ours}
    for index in range(10):
        _, target = theirs.sample(index)
        mine = by_id[target["image_id"]]
        assert torch.equal(target["masks"], mine["masks"])
        assert torch.equal(target["instance_map"], mine["instance_map"])
        assert torch.equal(target["area"], mine["area"].round())
        assert torch.allclose(target["boxes"], mine["boxes"])
        bare = boxes_alone.sample(index)[1]
        assert ("masks" in bare) == (len(bare["labels"]) == 0)


def test_torchvisions_voc(tmp_path: Path) -> None:
    root = tmp_path / "VOCdevkit/VOC2012"
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    PIL.Image.new("RGB", (40, 30), "red").save(root / "JPEGImages/a.jpg")
    (root / "ImageSets/Main/train.txt").write_text("a\n")
    corners = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>20</xmax><ymax>25</ymax></bndbox>"
    (root / "Annotations/a.xml").write_text(
        f"<annotation><object><name>cat</name>{corners}</object><object><name>dog</name>{corners}</object></annotation>"
    )
    voc = wrap_dataset_for_transforms_v2(VOCDetection(str(tmp_path), "2012", "train"))
    _, target = MapStream(voc).sample(0)
    assert target["boxes"].tolist() == [[3, 4, 20, 25]] * 2
    assert target["labels"].tolist() == [8, 12] and target["image_id"] == 0


def test_an_epoch_of_lvis(real_data: Path) -> None:
    """With what it says of categories, joined or not to a batch of other images."""
    lvis = LvisDataset(real_data / "lvis/images", real_data / "lvis/lvis_v0.5_val_subset.json")
    expected = {target["image_id"]: target for _, target in lvis}
    seen: Counter[int] = Counter()
    for _, targets in sos.make_loader(lvis, 4, num_workers=1, masks=True):
        for target in targets:
            known = expected[target["image_id"]]
            seen[target["image_id"]] += 1
            for key in ("neg_category_ids", "not_exhaustive_category_ids", "labels", "masks", "boxes", "iscrowd"):
                assert torch.equal(target[key], known[key])
                assert target[key].dtype == known[key].dtype
    assert seen == dict.fromkeys(expected, 1) and len(seen) == 16
    assert any(len(target["neg_category_ids"]) for target in expected.values())
