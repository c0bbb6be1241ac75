"""YOLO labels, read back plainly: outlines, boxes, turned boxes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sos_online.targets.yolo import box_lines, data_yaml, segment_lines, turned_box_lines
from sos_online.types import Target
from tests.targets.made_up import (
    KINDS,
    MaskArray,
    disc,
    many,
    nothing,
    rectangle,
    single_pixels,
    size_of,
    target_of,
    visible_masks,
    with_crowd,
)


def read(text: str, size_hw: tuple[int, int]) -> list[tuple[int, np.ndarray]]:
    """Class and points in pixels of each line, in the precision in which Ultralytics reads them."""
    found = []
    for line in text.splitlines():
        index, *numbers = line.split()
        points = np.array(numbers, np.float32).reshape(-1, 2) * np.array([size_hw[1], size_hw[0]], np.float32)
        found.append((int(index), points))
    return found


def kept_rows(target: Target) -> list[int]:
    return [row for row, crowd in enumerate(target["iscrowd"].tolist()) if not crowd]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_outlines_are_filled_to_the_masks(kind: Callable[[], Target]) -> None:
    target = kind()
    size_hw = size_of(target)
    masks = visible_masks(target)
    lines = read(segment_lines(target, size_hw), size_hw)
    assert [index for index, _ in lines] == [int(target["labels"][row]) - 1 for row in kept_rows(target)]
    for row, (_, points) in zip(kept_rows(target), lines, strict=True):
        canvas = np.zeros(size_hw, np.uint8)
        cv2.fillPoly(canvas, [points.astype(np.int32)], 1)
        assert not (masks[row] & (canvas == 0)).any()
        if cv2.connectedComponents(masks[row].view(np.uint8))[0] == 2:
            assert np.array_equal(canvas.astype(bool), masks[row])
        x1, y1, x2, y2 = [*points.min(0), *points.max(0)]  # the box that Ultralytics makes of them
        assert np.abs(np.array([x1, y1, x2, y2]) - around(masks[row])).max() < 0.05


def around(mask: MaskArray) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_boxes(kind: Callable[[], Target]) -> None:
    target = kind()
    size_hw = size_of(target)
    lines = read(box_lines(target, size_hw), size_hw)
    for row, (index, (centre, sides)) in zip(kept_rows(target), lines, strict=True):
        assert index == target["labels"][row] - 1
        assert np.concatenate([centre - sides / 2, centre + sides / 2]) == pytest.approx(
            target["boxes"][row].numpy(), abs=1e-3
        )


@given(
    st.floats(10, 50), st.floats(10, 50), st.floats(2, 20), st.floats(2, 20), st.floats(0, 180)
)  # fmt: skip
def test_turned_boxes_are_the_smallest_around_the_pixels(
    x: float, y: float, width: float, height: float, angle: float
) -> None:
    canvas = np.zeros((60, 60), np.uint8)
    cv2.fillPoly(canvas, [cv2.boxPoints(((x, y), (width, height), angle)).round().astype(np.int32)], 1)
    target = target_of([canvas.astype(bool)], (60, 60))
    ((_, points),) = read(turned_box_lines(target, (60, 60)), (60, 60))
    # plainly: all four corners of all pixels
    rows, columns = np.nonzero(canvas)
    corners = np.concatenate([np.stack([columns + a, rows + b], 1) for a in (0, 1) for b in (0, 1)]).astype(np.float32)
    expected = cv2.minAreaRect(corners)
    found = cv2.minAreaRect(points)
    assert found[1][0] * found[1][1] == pytest.approx(expected[1][0] * expected[1][1], rel=1e-2, abs=0.05)
    for corner in corners:
        assert cv2.pointPolygonTest(cv2.boxPoints(found).astype(np.float32), corner.tolist(), True) > -0.02


def test_a_turned_box_larger_than_the_image_is_upright() -> None:
    size_hw = 40, 40
    diagonal = np.abs(np.subtract.outer(np.arange(40), np.arange(40))) < 4
    ((_, points),) = read(turned_box_lines(target_of([diagonal], size_hw), size_hw), size_hw)
    assert points == pytest.approx(np.array([[0, 0], [40, 0], [40, 40], [0, 40]]))
    inside = diagonal & rectangle(size_hw, 10, 10, 30, 30)
    ((_, points),) = read(turned_box_lines(target_of([inside], size_hw), size_hw), size_hw)
    assert len(set(np.round(points[:, 0], 2).tolist())) == 4  # turned


@pytest.mark.parametrize("lines", [segment_lines, box_lines, turned_box_lines])
def test_numbers_are_shares_and_crowds_are_left_out(lines: Callable[[Target, tuple[int, int]], str]) -> None:
    assert lines(nothing(), (40, 50)) == ""
    assert len(lines(many(), (60, 64)).splitlines()) == 300
    assert len(lines(with_crowd(), (48, 32)).splitlines()) == 1
    for line in lines(single_pixels(), (40, 50)).splitlines():
        assert all(0 <= float(number) <= 1 for number in line.split()[1:])


def test_points_survive_the_digits_of_a_large_image() -> None:
    size_hw = 3000, 5000
    mask = disc(size_hw, 4000, 1500, 700)
    ((_, points),) = read(segment_lines(target_of([mask], size_hw), size_hw), size_hw)
    canvas = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(canvas, [points.astype(np.int32)], 1)
    assert np.array_equal(canvas.astype(bool), mask)


def test_data_yaml() -> None:
    names = ["cat", "no", "Käse 🧀", "a: b", "0x1f"]  # what YAML might take for something else
    content = yaml.safe_load(data_yaml(names, {"train": "images/train", "val": "images/val"}))
    assert content == {"train": "images/train", "val": "images/val", "names": dict(enumerate(names))}
    assert yaml.safe_load(data_yaml(names, {"train": "images/train"}))["val"] == "images/train"
