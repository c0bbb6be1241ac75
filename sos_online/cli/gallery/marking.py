"""A picture scaled to a given size with its objects marked: tint, contour, box and label."""

from __future__ import annotations

from bisect import bisect_right

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from sos_online.cli.gallery.colours import instance_colours
from sos_online.cli.gallery.entry import Entry
from sos_online.cli.gallery.labels import LabelWish, place_labels

_OVERSAMPLING = 2  # marks are drawn this much larger and scaled down, which smooths every line
_TINT = 0.36
_INK = (16, 20, 28)
_SMALL_AREA = 40 * 40  # in oversampled pixels


def scaled_picture(entry: Entry, width: int, height: int) -> npt.NDArray[np.uint8]:
    """The bare picture as ``[height, width, 3]`` uint8 RGB."""
    shrinks = width <= entry.image.shape[1]
    scaled = cv2.resize(entry.image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(scaled, dtype=np.uint8)


def marked_picture(entry: Entry, width: int, height: int, label_size: int) -> npt.NDArray[np.uint8]:
    """The picture with its objects marked, as ``[height, width, 3]`` uint8 RGB; ``label_size`` is in pixels."""
    canvas = scaled_picture(entry, width * _OVERSAMPLING, height * _OVERSAMPLING)
    colours = instance_colours(len(entry.objects))
    scale_x, scale_y = width / entry.image.shape[1], height / entry.image.shape[0]
    boxes = [
        (item.box[0] * scale_x, item.box[1] * scale_y, item.box[2] * scale_x, item.box[3] * scale_y)
        for item in entry.objects
    ]
    # Large objects first: small ones on top of them stay visible.
    drawn = sorted(
        (index for index, item in enumerate(entry.objects) if item.area > 0), key=lambda i: -entry.objects[i].area
    )
    for index in drawn:
        _tint_and_contour(canvas, entry, index, colours[index])
    for index in drawn:
        _outline_box(canvas, boxes[index], colours[index])
    canvas = _with_labels(canvas, entry, drawn, boxes, colours, label_size)
    return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _tint_and_contour(canvas: npt.NDArray[np.uint8], entry: Entry, index: int, colour: npt.NDArray[np.uint8]) -> None:
    """Tints object ``index`` on ``canvas`` in place, working only on the part of the picture that it covers."""
    map_height, map_width = entry.instance_map.shape
    left, top, right, bottom = entry.objects[index].box
    # One pixel more on every side: the outline needs the background around it to close.
    x0, y0 = max(int(left) - 1, 0), max(int(top) - 1, 0)
    x1, y1 = min(int(np.ceil(right)) + 1, map_width), min(int(np.ceil(bottom)) + 1, map_height)
    inside = (entry.instance_map[y0:y1, x0:x1] == index + 1).astype(np.float32)
    if inside.size == 0:
        return
    factor_x, factor_y = canvas.shape[1] / map_width, canvas.shape[0] / map_height
    cx0, cy0 = round(x0 * factor_x), round(y0 * factor_y)
    cx1, cy1 = max(round(x1 * factor_x), cx0 + 1), max(round(y1 * factor_y), cy0 + 1)
    # Scaling a soft mask and cutting it at one half gives a smooth outline where scaling the ids would give stairs.
    shrinks = factor_x < 1
    soft = cv2.resize(inside, (cx1 - cx0, cy1 - cy0), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    covered = (soft >= 0.5).astype(np.uint8)
    region = canvas[cy0:cy1, cx0:cx1]
    where = covered.astype(bool)
    region[where] = np.rint(region[where] * (1 - _TINT) + colour * _TINT).astype(np.uint8)
    contours, _ = cv2.findContours(covered, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=(cx0, cy0))
    # A full line around an object of a few pixels would leave nothing of it to see.
    thickness = _OVERSAMPLING + 1 if np.count_nonzero(covered) > _SMALL_AREA else _OVERSAMPLING
    cv2.drawContours(canvas, contours, -1, _scalar(colour), thickness=thickness, lineType=cv2.LINE_AA)


def _outline_box(
    canvas: npt.NDArray[np.uint8], box: tuple[float, float, float, float], colour: npt.NDArray[np.uint8]
) -> None:
    """A line one pixel wide in the finished picture, on whole pixels so that it is not blurred."""
    x0, y0, x1, y1 = (round(edge) * _OVERSAMPLING for edge in box)
    one_pixel = _OVERSAMPLING
    right, bottom = min(x1, canvas.shape[1]), min(y1, canvas.shape[0])
    for rows, columns in (
        (slice(y0, y0 + one_pixel), slice(x0, right)),
        (slice(max(bottom - one_pixel, 0), bottom), slice(x0, right)),
        (slice(y0, bottom), slice(x0, x0 + one_pixel)),
        (slice(y0, bottom), slice(max(right - one_pixel, 0), right)),
    ):
        canvas[rows, columns] = colour


def _with_labels(
    canvas: npt.NDArray[np.uint8],
    entry: Entry,
    order: list[int],
    boxes: list[tuple[float, float, float, float]],
    colours: npt.NDArray[np.uint8],
    label_size: int,
) -> npt.NDArray[np.uint8]:
    """``canvas`` with labels; they are placed on whole pixels of the finished picture, which keeps their edges sharp.

    The letters are drawn oversampled as well: at their final size the font's spacing would be rounded to whole pixels.
    """
    height, width = canvas.shape[0] // _OVERSAMPLING, canvas.shape[1] // _OVERSAMPLING
    font = ImageFont.load_default(label_size * _OVERSAMPLING)
    pad, line_height = max(2, label_size // 3), round(label_size * 1.45)
    texts = [shortened(entry.objects[index].category, font, width * 0.6 * _OVERSAMPLING) for index in order]
    wishes = [
        LabelWish(boxes[index], round(font.getlength(text) / _OVERSAMPLING) + 2 * pad, line_height)
        for index, text in zip(order, texts, strict=True)
    ]
    image = Image.fromarray(canvas)
    draw = ImageDraw.Draw(image)
    corners = place_labels(wishes, width, height)
    for index, text, wish, corner in zip(order, texts, wishes, corners, strict=True):
        if corner is None:
            continue
        x, y = corner[0] * _OVERSAMPLING, corner[1] * _OVERSAMPLING
        edge = (x + wish.width * _OVERSAMPLING - 1, y + line_height * _OVERSAMPLING - 1)
        draw.rounded_rectangle(((x, y), edge), radius=label_size * _OVERSAMPLING // 4, fill=_rgb(colours[index]))
        middle = y + line_height * _OVERSAMPLING / 2
        draw.text((x + pad * _OVERSAMPLING, middle), text, font=font, fill=_INK, anchor="lm")
    return np.asarray(image)


def shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    """``text`` on one line, cut with an ellipsis so that it is at most ``room`` pixels wide."""
    line = " ".join(text.split())
    if font.getlength(line) <= room:
        return line
    kept = bisect_right(range(len(line)), room, key=lambda count: font.getlength(line[:count] + "…")) - 1
    return line[: max(kept, 0)].rstrip() + "…"


def _scalar(colour: npt.NDArray[np.uint8]) -> tuple[float, float, float]:
    return float(colour[0]), float(colour[1]), float(colour[2])


def _rgb(colour: npt.NDArray[np.uint8]) -> tuple[int, int, int]:
    return int(colour[0]), int(colour[1]), int(colour[2])
