"""Ultralytics' YOLO labels: one text file an image, one line an object, and ``data.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import yaml

from sos_online.targets.class_index import class_indices, id2label
from sos_online.targets.outlines import joined, piece_polygons
from sos_online.targets.row_masks import row_masks
from sos_online.types import Target

# an edge that is moved so far into its pixel is in it still when a reader cuts coordinates down to whole pixels
_INSET = 1 / 32


def segment_lines(target: Target, size_hw: tuple[int, int]) -> str:
    """``class x y x y …`` a line, the object's outline in shares of the image's width and height.

    The format has one polygon an object: pieces are joined by a path of no width between their nearest corners, as
    Ultralytics' converter joins them, and a hole is joined to its rim likewise (its converter fills holes). Painted
    with ``cv2.fillPoly``, as Ultralytics does, a mask comes back to the pixel but for what lies under such paths. An
    object without pixels has no line.
    """
    return _lines(target, _outlines(target, size_hw))


def box_lines(target: Target, size_hw: tuple[int, int]) -> str:
    """``class x y width height`` a line: centre and size of ``boxes`` in shares of the image's width and height."""
    x1, y1, x2, y2 = target["boxes"].double().numpy().T / _sides(size_hw)[:, None]
    boxes = np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=1)
    return _lines(target, (box if box[2] > 0 and box[3] > 0 else None for box in boxes))


def turned_box_lines(target: Target, size_hw: tuple[int, int]) -> str:
    """``class x y x y x y x y`` a line: the corners of the smallest turned rectangle around the object's pixels.

    Corners may lie outside the image. Ultralytics drops an image with a rectangle that is larger than the image, so an
    object whose rectangle would be has its upright box.
    """
    return _lines(target, (_turned_box(mask, size_hw) for mask in row_masks(target)))


LINES: Mapping[str, Callable[[Target, tuple[int, int]], str]] = {
    "yolo-seg": segment_lines,
    "yolo-boxes": box_lines,
    "yolo-obb": turned_box_lines,
}


def data_yaml(category_names: Sequence[str], folders: Mapping[str, str]) -> str:
    """``data.yaml``: the folders of images by split, relative to the file, and the names of the classes.

    Ultralytics wants a ``val``; without one, ``folders`` names the training images.
    """
    content = {**folders, "val": folders.get("val", folders["train"]), "names": id2label(category_names)}
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    return text


def _lines(target: Target, numbers: Iterator[npt.NDArray[np.float64] | None]) -> str:
    """A line for each row that is no crowd and has numbers."""
    rows = zip(class_indices(target["labels"]), target["iscrowd"].tolist(), numbers, strict=True)
    return "".join(
        f"{index} " + " ".join(f"{number:.6f}" for number in line.ravel().tolist()) + "\n"
        for index, crowd, line in rows
        if not crowd and line is not None
    )


def _outlines(target: Target, size_hw: tuple[int, int]) -> Iterator[npt.NDArray[np.float64] | None]:
    for mask in row_masks(target):
        pieces = piece_polygons(mask, _INSET)
        yield joined(pieces) / _sides(size_hw)[:2] if pieces else None


def _turned_box(mask: npt.NDArray[np.bool_], size_hw: tuple[int, int]) -> npt.NDArray[np.float64] | None:
    pieces = piece_polygons(mask)
    if not pieces:
        return None
    corners = np.concatenate(pieces).astype(np.float32)
    turned = cv2.boxPoints(cv2.minAreaRect(corners)).astype(np.float64) / _sides(size_hw)[:2]
    low, high = turned.min(0), turned.max(0)
    if (high - low).max() <= 1 and (low + high).min() >= 0 and (low + high).max() <= 2:
        return turned
    (x1, y1), (x2, y2) = corners.min(0) / _sides(size_hw)[:2], corners.max(0) / _sides(size_hw)[:2]
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])


def _sides(size_hw: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Width, height, width, height."""
    return np.array([size_hw[1], size_hw[0]] * 2, np.float64)
