"""Rows that are no rows: what is said of the whole image stays whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.tv_tensors import Image

import sos_online as sos
from sos_online.targets import annotated_target, refit_annotated
from sos_online.types import Target

IMAGE = Image(torch.zeros(3, 10, 12, dtype=torch.uint8))


def boxes_alone(*corners: tuple[float, float, float, float]) -> Target:
    count = len(corners)
    target: Target = {
        "labels": torch.arange(1, count + 1),
        "area": torch.zeros(count),
        "iscrowd": torch.zeros(count, dtype=torch.int64),
        "scores": torch.arange(count) / 10,
        "neg_category_ids": torch.arange(100, 100 + count),  # as many as rows, by chance
    }
    return annotated_target(target, np.array(corners, np.float32).reshape(-1, 4), None, (10, 12))


def test_boxes_are_cut_and_empty_ones_go() -> None:
    before = boxes_alone((0, 0, 5, 5), (6, 6, 9, 9), (2, 2, 4, 4))
    moved = {**before, "boxes": before["boxes"] + torch.tensor([8.0, 0, 8, 0])}
    _, target = refit_annotated(IMAGE, moved, before)
    assert target["boxes"].tolist() == [[8, 0, 12, 5], [10, 2, 12, 4]]
    assert target["labels"].tolist() == [1, 3]
    assert target["scores"].tolist() == pytest.approx([0, 0.2])
    assert target["area"].tolist() == [20, 4] and target["area"].dtype is torch.float32
    assert target["neg_category_ids"].tolist() == [100, 101, 102]


def test_a_value_that_forgot_which_rows_went() -> None:
    before = boxes_alone((0, 0, 5, 5), (6, 6, 9, 9))
    dropped = {**before, "boxes": before["boxes"][1:], "labels": before["labels"][1:]}
    with pytest.raises(sos.StreamError, match="scores: expected 1 rows, as labels have, found 2"):
        refit_annotated(IMAGE, dropped, before)
    _, target = refit_annotated(IMAGE, {**dropped, "scores": before["scores"][1:]}, before)
    assert target["iscrowd"].tolist() == [0] and target["labels"].tolist() == [2]


def test_all_rows_may_go() -> None:
    before = boxes_alone((0, 0, 5, 5))
    gone = {**before, "boxes": before["boxes"][:0], "labels": before["labels"][:0]}
    _, target = refit_annotated(IMAGE, gone, before)
    assert [len(target[key]) for key in ("boxes", "labels", "area", "iscrowd", "scores")] == [0] * 5
