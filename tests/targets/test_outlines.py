"""Masks as polygons: filled again, they are the masks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco_mask
from scipy import ndimage

from sos_online.targets.outlines import joined, piece_polygons
from tests.targets.made_up import MaskArray, pieces_and_holes, visible_masks

small_masks = arrays.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def filled_by_pycocotools(polygons: list[np.ndarray], size_hw: tuple[int, int]) -> MaskArray:
    rles = coco_mask.frPyObjects([polygon.ravel().tolist() for polygon in polygons], *size_hw)
    return np.asarray(coco_mask.decode(coco_mask.merge(rles)), bool)


def filled_by_opencv(polygon: np.ndarray, size_hw: tuple[int, int]) -> MaskArray:
    """As Ultralytics fills a polygon."""
    canvas = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(canvas, [polygon.astype(np.int32)], 1)
    return canvas.astype(bool)


@given(small_masks)
def test_pycocotools_fills_them_to_the_pixel(mask: MaskArray) -> None:
    polygons = piece_polygons(mask)
    _, count = ndimage.label(mask)
    assert len(polygons) == count
    if count:
        assert np.array_equal(filled_by_pycocotools(polygons, mask.shape), mask)


@given(small_masks)
def test_opencv_fills_them_to_the_pixel_where_there_are_no_holes(mask: MaskArray) -> None:
    solid = ndimage.binary_fill_holes(mask)
    filled = np.zeros_like(solid)
    for polygon in piece_polygons(solid, 1 / 32):
        filled |= filled_by_opencv(polygon, mask.shape)
    # a hole that touches the outside at a corner is none to scipy, and may lie under a path
    holes = ndimage.binary_fill_holes(mask, np.ones((3, 3))) ^ ndimage.binary_fill_holes(mask)
    assert not (filled ^ solid)[~holes].any()


@given(small_masks)
def test_from_the_largest_piece_to_the_smallest(mask: MaskArray) -> None:
    areas = [int(filled_by_pycocotools([polygon], mask.shape).sum()) for polygon in piece_polygons(mask)]
    pieces, count = ndimage.label(mask)
    assert areas == sorted((int((pieces == number + 1).sum()) for number in range(count)), reverse=True)


@pytest.mark.parametrize("inset", [0.0, 1 / 32])
def test_a_single_pixel_is_a_square(inset: float) -> None:
    mask = np.zeros((3, 4), bool)
    mask[1, 2] = True
    (polygon,) = piece_polygons(mask, inset)
    assert {tuple(point) for point in polygon.tolist()} == {
        (x, y) for x in (2 + inset, 3 - inset) for y in (1 + inset, 2 - inset)
    }


@pytest.mark.parametrize("row", [0, 1, 2])
def test_all_pieces_and_holes_in_one_polygon(row: int) -> None:
    mask = visible_masks(pieces_and_holes())[row]
    pieces = piece_polygons(mask, 1 / 32)
    filled = filled_by_opencv(joined(pieces), mask.shape)
    assert not (mask & ~filled).any()
    # what is more lies under the paths that join the pieces, a pixel wide: the shortest way between them
    gaps = {0: 0, 1: 57, 2: 0}
    assert (filled & ~mask).sum() <= gaps[row]


def test_a_path_goes_to_the_nearest_corner_and_back() -> None:
    here = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], float)
    there = np.array([[9, 9], [9, 5], [6, 5], [6, 9]], float)
    path = joined([here, there]).tolist()
    assert path == [[0, 0], [4, 0], [4, 4], [6, 5], [6, 9], [9, 9], [9, 5], [6, 5], [4, 4], [0, 4]]


def test_an_empty_mask_has_none() -> None:
    assert piece_polygons(np.zeros((5, 5), bool)) == []


def test_noise_of_thousands_of_pieces_and_holes() -> None:
    """As a broken annotation has it."""
    mask = np.random.default_rng(0).random((100, 100)) < 0.55
    polygons = piece_polygons(mask)
    assert len(polygons) > 100
    assert np.array_equal(filled_by_pycocotools(polygons, mask.shape), mask)
    assert len(joined(polygons)) > sum(map(len, polygons))
