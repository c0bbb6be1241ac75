"""Average precision against values worked out by hand, and against perfect predictions on real annotations."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.multiprocessing
from pycocotools.coco import COCO
from torch import Tensor

import sos_online as sos
from sos_online.evaluate import CocoEvaluator, annotations_of, match_categories
from tests.conftest import small_recipe

CAT, DOG = 17, 18  # category ids as COCO has them
LABELS: dict[int, int | None] = {1: CAT, 2: DOG}
RECALLS = 101  # COCO reads precision at recall 0, 0.01 … 1


def annotation(image_id: int, category: int, xywh: list[float], **more: Any) -> dict[str, Any]:
    return {"image_id": image_id, "category_id": category, "bbox": xywh, "area": xywh[2] * xywh[3], "id": 0, **more}


def content(*annotations: dict[str, Any]) -> dict[str, Any]:
    """Two images of 200 x 100 pixels, two categories; annotation ids begin at 0, which pycocotools alone gets wrong."""
    return {
        "images": [{"id": number, "height": 100, "width": 200} for number in (1, 2)],
        "categories": [{"id": CAT, "name": "cat"}, {"id": DOG, "name": "Guide_Dog"}],
        "annotations": [{**annotation, "id": number} for number, annotation in enumerate(annotations)],
    }


def prediction(*rows: tuple[int, float, list[float]], masks: Tensor | None = None) -> dict[str, Tensor]:
    """Rows of label, score, XYXY box."""
    found = {
        "labels": torch.tensor([label for label, _, _ in rows], dtype=torch.int64),
        "scores": torch.tensor([score for _, score, _ in rows], dtype=torch.float32),
        "boxes": torch.tensor([box for _, _, box in rows], dtype=torch.float32).reshape(-1, 4),
    }
    return found if masks is None else {**found, "masks": masks}


ONE_CAT = content(annotation(1, CAT, [0, 0, 100, 100]))
TWO_CATS = content(annotation(1, CAT, [0, 0, 50, 50]), annotation(1, CAT, [100, 0, 50, 50]))


@pytest.mark.parametrize(
    ("truth", "rows", "expected"),
    [
        (ONE_CAT, [], {"AP": 0, "AP50": 0, "AP75": 0, "APl": 0}),  # nothing found
        (ONE_CAT, [(1, 0.5, [0, 0, 100, 100])], {"AP": 1, "AP50": 1, "AP75": 1, "APl": 1}),  # perfect
        (ONE_CAT, [(2, 0.5, [0, 0, 100, 100])], {"AP": 0}),  # the wrong category
        # IoU 0.62 passes the thresholds 0.5, 0.55 and 0.6 of ten
        (ONE_CAT, [(1, 0.5, [0, 0, 62, 100])], {"AP": 0.3, "AP50": 1, "AP75": 0}),
        # right, wrong, right: precision 1 up to recall 0.5 (51 readings), then 2 / 3
        (
            TWO_CATS,
            [(1, 0.9, [0, 0, 50, 50]), (1, 0.8, [60, 50, 90, 90]), (1, 0.7, [100, 0, 150, 50])],
            {"AP": (51 + 50 * 2 / 3) / RECALLS, "AP50": (51 + 50 * 2 / 3) / RECALLS},
        ),
        # one of two found: precision 1 up to recall 0.5, then nothing
        (TWO_CATS, [(1, 0.9, [0, 0, 50, 50])], {"AP": 51 / RECALLS}),
        # found twice: the second is wrong, but comes after full recall
        (ONE_CAT, [(1, 0.9, [0, 0, 100, 100]), (1, 0.8, [0, 0, 99, 100])], {"AP": 1}),
        # found twice, the worse one first: at the thresholds above 0.62 it is a wrong one before the right one
        (
            ONE_CAT,
            [(1, 0.9, [0, 0, 62, 100]), (1, 0.8, [0, 0, 100, 100])],
            {"AP": (3 * 1 + 7 * 1 / 2) / 10, "AP50": 1, "AP75": 1 / 2},
        ),
        # mean over the two categories that have objects
        (
            content(annotation(1, CAT, [0, 0, 50, 50]), annotation(2, DOG, [0, 0, 50, 50])),
            [(1, 0.9, [0, 0, 50, 50])],
            {"AP": 0.5},
        ),
        # a detection inside a crowd is neither right nor wrong
        (
            content(annotation(1, CAT, [0, 0, 50, 50]), annotation(1, CAT, [100, 0, 100, 100], iscrowd=1)),
            [(1, 0.9, [120, 20, 160, 60]), (1, 0.8, [0, 0, 50, 50])],
            {"AP": 1},
        ),
    ],
)  # fmt: skip
def test_worked_by_hand(
    truth: dict[str, Any], rows: list[tuple[int, float, list[float]]], expected: dict[str, float]
) -> None:
    evaluator = CocoEvaluator(truth, LABELS)
    evaluator.add(1, prediction(*rows))
    scores = evaluator.summarize()
    assert {name: scores[f"bbox_{name}"] for name in expected} == pytest.approx(expected)


def test_sizes_are_by_area() -> None:
    truth = content(
        annotation(1, CAT, [0, 0, 31, 31]), annotation(1, CAT, [50, 0, 60, 60]), annotation(2, CAT, [0, 0, 99, 99])
    )
    evaluator = CocoEvaluator(truth, LABELS)
    evaluator.add(1, prediction((1, 0.9, [50, 0, 110, 60])))
    scores = evaluator.summarize()
    assert [scores[f"bbox_AP{size}"] for size in "sml"] == pytest.approx([0, 1, 0])


def test_boxes_are_half_open() -> None:
    """Pixels in columns 10 … 13 and rows 20 … 24 are the box (10, 20, 14, 25), 4 wide and 5 high."""
    evaluator = CocoEvaluator(content(annotation(1, CAT, [10, 20, 4, 5])), LABELS)
    evaluator.add(1, prediction((1, 0.5, [10, 20, 14, 25])))
    assert evaluator.summarize()["bbox_AP"] == pytest.approx(1)
    evaluator.add(1, prediction((1, 0.5, [10, 20, 13, 24])))  # closed, as some formats have it: 12 of 20 pixels
    assert evaluator.summarize()["bbox_AP75"] == 0


@pytest.mark.parametrize("channels", [(), (1,)], ids=["NHW", "N1HW"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.bool])
def test_masks(channels: tuple[int, ...], dtype: torch.dtype) -> None:
    """The mask decides for ``segm``: here it covers the left half of the object, IoU 0.5, inside a perfect box."""
    square = [[10, 10, 50, 10, 50, 50, 10, 50]]
    truth = content(annotation(1, CAT, [10, 10, 40, 40], segmentation=square))
    evaluator = CocoEvaluator(truth, LABELS, ("bbox", "segm"))
    mask = torch.zeros(1, *channels, 100, 200)
    mask[..., 10:50, 10:50] = 0.4 if dtype.is_floating_point else 0
    mask[..., 10:50, 10:30] = 1
    evaluator.add(1, prediction((1, 0.5, [10, 10, 50, 50]), masks=mask.to(dtype)))
    scores = evaluator.summarize()
    assert scores["bbox_AP"] == pytest.approx(1)
    assert (scores["segm_AP50"], scores["segm_AP75"]) == pytest.approx((1, 0))
    assert scores["segm_AP"] == pytest.approx(0.1)
    assert scores["segm_APm"] == pytest.approx(0.1)
    assert math.isnan(scores["segm_APs"])


def test_names_and_nothing_printed(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"AP", "AP50", "AP75", "APs", "APm", "APl"}
    truth = content(annotation(1, CAT, [0, 0, 9, 9], segmentation=[[0, 0, 9, 0, 9, 9]]))
    scores = CocoEvaluator(truth, LABELS, ("segm", "bbox")).summarize()
    assert set(scores) == {f"{iou_type}_{name}" for iou_type in ("bbox", "segm") for name in names}
    assert scores["bbox_AP"] == scores["segm_AP"] == 0, "no image was added: nothing was found"
    assert capsys.readouterr().out == ""


def test_nothing_to_find_is_nan() -> None:
    evaluator = CocoEvaluator(content(), LABELS)
    evaluator.add(1, prediction((1, 0.5, [0, 0, 9, 9])))
    assert all(math.isnan(value) for value in evaluator.summarize().values())
    nothing_in_common = CocoEvaluator(ONE_CAT, {1: None})
    nothing_in_common.add(1, prediction((1, 0.5, [0, 0, 100, 100])))
    assert math.isnan(nothing_in_common.summarize()["bbox_AP"])


def test_labels_without_a_category_are_left_out_and_so_are_categories_without_a_label() -> None:
    truth = content(annotation(1, CAT, [0, 0, 50, 50]), annotation(1, DOG, [60, 0, 50, 50]))
    evaluator = CocoEvaluator(truth, {1: CAT, 2: None})
    evaluator.add(1, prediction((2, 0.9, [100, 50, 150, 90]), (1, 0.5, [0, 0, 50, 50])))
    assert evaluator.summarize()["bbox_AP"] == pytest.approx(1)


def test_the_last_prediction_for_an_image_counts() -> None:
    evaluator = CocoEvaluator(ONE_CAT, LABELS)
    evaluator.add(1, prediction((1, 0.9, [100, 0, 200, 100])))
    evaluator.add(1, prediction((1, 0.5, [0, 0, 100, 100])))
    assert evaluator.summarize()["bbox_AP"] == evaluator.summarize()["bbox_AP"] == pytest.approx(1)


def test_the_callers_annotations_stay_as_they_are() -> None:
    truth = content(annotation(1, CAT, [0, 0, 9, 9], segmentation=[[0, 0, 9, 0, 9, 9]]))
    before = copy.deepcopy(truth)
    CocoEvaluator(truth, LABELS, ("bbox", "segm")).summarize()
    assert truth == before


def without(field: str, key: str) -> dict[str, Any]:
    broken = content(annotation(1, CAT, [0, 0, 9, 9], segmentation=[[0, 0, 9, 0, 9, 9]]))
    del broken[field][0][key]
    return broken


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([], "'images': expected a list"),
        ({"images": []}, "'annotations': expected a list"),
        (without("images", "id"), r"images\[0\]: field 'id' is missing"),
        (without("images", "height"), r"images\[0\]: field 'height' is missing"),
        (without("categories", "name"), r"categories\[0\]: field 'name' is missing"),
        (without("annotations", "bbox"), r"annotations\[0\]: field 'bbox' is missing"),
        (without("annotations", "segmentation"), r"annotations\[0\]: field 'segmentation' is missing"),
        ({**content(), "categories": []}, "categories: labels map to id 17, which is not there"),
    ],
)
def test_a_broken_file_is_refused(broken: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(broken))
    with pytest.raises(sos.SOSError, match=f"instances.json: .*{message}"):
        CocoEvaluator(path, LABELS, ("bbox", "segm"))


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    with pytest.raises(sos.SOSError, match=r"instances\.json: cannot be read"):
        CocoEvaluator(path, LABELS)
    path.write_text("{")
    with pytest.raises(sos.SOSError, match=r"instances\.json: cannot be read as JSON"):
        CocoEvaluator(path, LABELS)


@pytest.mark.parametrize("iou_types", [(), ("bbox", "keypoints"), "bbox"])
def test_other_iou_types_are_refused(iou_types: Any) -> None:
    with pytest.raises(sos.SOSError, match="iou_types"):
        CocoEvaluator(ONE_CAT, LABELS, iou_types)


BOX = [0.0, 0.0, 9.0, 9.0]


@pytest.mark.parametrize(
    ("image_id", "found", "message"),
    [
        (3, prediction(), "no image has the id 3"),
        (1, prediction((9, 0.5, BOX)), r"image 1: labels\[0\]: .* found 9"),
        (1, {"boxes": torch.zeros(0, 4), "scores": torch.zeros(0)}, "image 1: 'labels' is missing"),
        (1, {**prediction((1, 0.5, BOX)), "boxes": torch.zeros(2, 4)}, r"boxes: expected .*\[1, 4\], found \[2, 4\]"),
        (1, prediction((1, 0.5, BOX)), "'masks' is missing"),
        (1, prediction((1, 0.5, BOX), masks=torch.zeros(1, 200, 100)), r"masks: .*\[1, 100, 200\], found"),
    ],
)
def test_a_wrong_prediction_is_refused(image_id: int, found: dict[str, Tensor], message: str) -> None:
    truth = content(annotation(1, CAT, [0, 0, 9, 9], segmentation=[[0, 0, 9, 0, 9, 9]]))
    with pytest.raises(sos.SOSError, match=message):
        CocoEvaluator(truth, LABELS, ("segm",)).add(image_id, found)


def test_match_categories() -> None:
    labels, missing = match_categories(["guide dog", "zebra", "CAT"], content())
    assert labels == {1: DOG, 2: None, 3: CAT}
    assert missing == ["zebra"]


def test_match_categories_refuses_a_name_that_is_there_twice() -> None:
    twice = {**content(), "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "Cat"}]}
    with pytest.raises(sos.SOSError, match="'Cat' twice"):
        match_categories(["cat"], twice)


def test_perfect_on_real_annotations(real_data: Path) -> None:
    """The annotations themselves, crowds left out, as predictions: 1.000 for boxes, for masks and for every size."""
    path = real_data / "coco" / "instances_val.json"
    coco = COCO(path)
    names = [category["name"] for category in coco.dataset["categories"]]
    labels, missing = match_categories([name.upper() for name in names], path)
    assert missing == []
    label_of = {category: label for label, category in labels.items()}
    evaluator = CocoEvaluator(path, labels, ("bbox", "segm"))
    assert set(evaluator.images) == set(coco.getImgIds())
    for image_id, image in evaluator.images.items():
        truth = [entry for entry in coco.imgToAnns[image_id] if not entry["iscrowd"]]
        boxes = [[x, y, x + w, y + h] for x, y, w, h in (entry["bbox"] for entry in truth)]
        masks = np.array([coco.annToMask(entry) for entry in truth]).reshape(-1, 1, image["height"], image["width"])
        rows = [(label_of[entry["category_id"]], 0.9, box) for entry, box in zip(truth, boxes, strict=True)]
        evaluator.add(image_id, prediction(*rows, masks=torch.from_numpy(masks)))
    scores = evaluator.summarize()
    assert list(scores.values()) == pytest.approx([1.0] * len(scores), abs=5e-4), scores


def test_perfect_on_the_stream(library: sos.SegmentLibrary) -> None:
    """Targets as predictions: what the stream says and what is measured agree to the pixel."""
    dataset = sos.SOSDataset(library, small_recipe(), length=8)
    truth = annotations_of(map(dataset.sample, range(8)), library.category_names)
    labels, missing = match_categories(library.category_names, truth)
    assert missing == []
    evaluator = CocoEvaluator(truth, labels, ("bbox", "segm"))
    for _, targets in sos.make_loader(dataset, batch_size=4, masks=True):
        for target in targets:
            evaluator.add(target["image_id"], {**target, "scores": torch.ones(len(target["labels"]))})
    scores = evaluator.summarize()
    assert scores["bbox_AP"] == scores["segm_AP"] == pytest.approx(1)


def _add_on_a_rank(rank: int, folder: Path) -> None:
    torch.distributed.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=2)
    evaluator = CocoEvaluator(content(annotation(1, CAT, [0, 0, 50, 50]), annotation(2, DOG, [0, 0, 60, 60])), LABELS)
    evaluator.add(1 + rank, prediction((1 + rank, 0.9, [0, 0, 50 + 10 * rank, 50 + 10 * rank])))
    scores = {"alone": evaluator.summarize(), "together": evaluator.summarize(all_ranks=True)}
    (folder / f"{rank}.json").write_text(json.dumps(scores))
    torch.distributed.destroy_process_group()


def test_ranks_are_joined(tmp_path: Path) -> None:
    torch.multiprocessing.start_processes(_add_on_a_rank, (tmp_path,), nprocs=2, start_method="fork")
    for rank in range(2):
        scores = json.loads((tmp_path / f"{rank}.json").read_text())
        assert scores["alone"]["bbox_AP"] == pytest.approx(0.5)
        assert scores["together"]["bbox_AP"] == pytest.approx(1)
