"""Some of a target's rows, against picking them one by one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask

from sos_online.targets import keep_rows


def target_of(rows: int, side: int = 6) -> dict[str, Any]:
    """Row ``i`` is a block of two columns in the map; every value of it says ``i``."""
    ids = torch.zeros(side, 2 * max(rows, 1) + 1, dtype=torch.int16)
    for row in range(rows):
        ids[:, 2 * row : 2 * row + 2] = row + 1
    corners = torch.tensor([[2 * row, 0, 2 * row + 2, side] for row in range(rows)], dtype=torch.float32)
    return {
        "boxes": BoundingBoxes(corners.reshape(-1, 4), format=BoundingBoxFormat.XYXY, canvas_size=tuple(ids.shape)),
        "labels": torch.arange(rows) + 10,
        "instance_map": Mask(ids),
        "amodal_masks": Mask(torch.stack([ids == row + 1 for row in range(rows)]).to(torch.uint8))
        if rows
        else Mask(torch.zeros(0, *ids.shape, dtype=torch.uint8)),
        "visibility": torch.arange(rows) / 10,
        "image_id": 5,
        "note": "kept",
        "mean": torch.tensor(0.5),
    }


@st.composite
def targets_and_rows(draw: st.DrawFn) -> tuple[dict[str, Any], list[int]]:
    count = draw(st.integers(0, 6))
    rows = draw(st.lists(st.integers(0, max(count - 1, 0)), unique=True, max_size=count))
    return target_of(count), rows if count else []


@given(targets_and_rows())
def test_rows_agree_with_picking_them_one_by_one(case: tuple[dict[str, Any], list[int]]) -> None:
    target, rows = case
    before = {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in target.items()}
    kept = keep_rows(target, rows)
    assert kept.keys() == target.keys()
    assert kept["labels"].tolist() == [10 + row for row in rows]
    for number, row in enumerate(rows):
        for key in ("boxes", "amodal_masks", "visibility"):
            assert torch.equal(kept[key][number], target[key][row]), key
        assert torch.equal(kept["instance_map"] == number + 1, target["instance_map"] == row + 1)
    gone = torch.isin(target["instance_map"], torch.tensor([row + 1 for row in rows])).logical_not()
    assert (kept["instance_map"][gone] == 0).all()
    assert kept["instance_map"].max() == len(rows)
    assert (kept["image_id"], kept["note"], float(kept["mean"])) == (5, "kept", 0.5)
    for key, value in before.items():  # what was given is as it was
        assert torch.equal(value, target[key]) if isinstance(value, torch.Tensor) else value == target[key], key


@pytest.mark.parametrize("rows", [[], [1], [2, 0], [0, 1, 2]])
def test_kinds_stay_what_they_are(rows: list[int]) -> None:
    target = target_of(3)
    kept = keep_rows(target, rows)
    for key, value in target.items():
        assert type(kept[key]) is type(value), key
        if isinstance(value, torch.Tensor):
            assert kept[key].dtype == value.dtype, key
    assert kept["boxes"].shape == (len(rows), 4)
    assert kept["boxes"].canvas_size == target["boxes"].canvas_size
    assert kept["boxes"].format is BoundingBoxFormat.XYXY


def test_all_rows_in_their_order_are_the_target_in_a_dict_of_its_own() -> None:
    target = target_of(3)
    kept = keep_rows(target, range(3))
    assert kept == target and kept is not target


@pytest.mark.parametrize("rows", [[3], [-4], [0, 9]])
def test_a_row_that_is_not_there_is_an_error(rows: list[int]) -> None:
    with pytest.raises(IndexError):
        keep_rows(target_of(3), rows)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
@pytest.mark.parametrize("count", [254, 255, 256, 300])
def test_ids_that_fill_a_byte_and_more_are_numbered_anew(count: int, dtype: torch.dtype) -> None:
    if dtype is torch.uint8 and count > 255:
        return
    ids = torch.arange(count + 1, dtype=torch.int64).repeat(2, 1)[:, ::3].to(dtype)  # not contiguous
    rows = [row for row in reversed(range(count)) if row % 7]
    numbers = {row + 1: number for number, row in enumerate(rows, start=1)}
    kept = keep_rows({"labels": torch.zeros(count), "instance_map": Mask(ids)}, rows)["instance_map"]
    assert kept.dtype is dtype
    assert kept.tolist() == [[numbers.get(number, 0) for number in line] for line in ids.tolist()]


@pytest.mark.parametrize("number", [-1, 4, 256, 257])
def test_an_id_of_a_row_that_is_not_there_is_an_error(number: int) -> None:
    ids = torch.tensor([[0, number]], dtype=torch.int16)
    with pytest.raises(IndexError, match="instance_map: expected 0 … 3"):
        keep_rows({"labels": torch.zeros(3), "instance_map": Mask(ids)}, [1])


def test_rows_that_follow_each_other_are_not_copied() -> None:
    target = target_of(5)
    for rows in ([0, 1], [2, 3, 4], [3]):
        kept = keep_rows(target, rows)["amodal_masks"]
        assert kept.data_ptr() == target["amodal_masks"][rows[0]].data_ptr()


def test_expressions_follow_the_rows_that_they_mean() -> None:
    said = [
        {"text": "the left ones", "rows": [0, 1], "kind": "position"},
        {"text": "the right one", "rows": [2], "kind": "position"},
        {"text": "the green one", "rows": [], "kind": "attribute"},
    ]
    target = {**target_of(3), "expressions": said}
    kept = {rows: [(e["text"], e["rows"]) for e in keep_rows(target, rows)["expressions"]] for rows in [(2, 1), (1, 0)]}
    assert kept == {
        (2, 1): [("the right one", [0]), ("the green one", [])],
        (1, 0): [("the left ones", [0, 1]), ("the green one", [])],
    }
    assert said[1]["rows"] == [2]  # what was given is as it was
