"""Targets of a photo and of what is pasted into it, joined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask

import sos_online as sos
from sos_online.compose import VisibilityRule
from sos_online.data.paste_target import paste_target
from sos_online.types import Target

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
