"""A contact sheet: many pictures, with their objects marked, in one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from sos_online.cli.gallery.entry import Entry
from sos_online.cli.gallery.marking import marked_picture, scaled_picture, shortened
from sos_online.cli.gallery.sheet_expressions import LINES, draw_expressions

SMALLEST_TILE = 64
_NARROWEST_WINDOW, _WIDEST_WINDOW = 0.66, 2.0  # width / height

_PAPER = (244, 245, 248)
_CARD = (255, 255, 255)
_MOUNT = (229, 232, 238)
_CARD_EDGE = (225, 228, 234)
_INK = (28, 33, 43)
_MUTED = (108, 117, 133)


def contact_sheet(
    entries: Sequence[Entry], columns: int | None = None, tile: int = 320, overlay: bool = True, group: int = 1
) -> npt.NDArray[np.uint8]:
    """The entries side by side as one ``[H, W, 3]`` uint8 RGB picture.

    Each picture keeps its proportions in a window ``tile`` pixels wide. ``columns`` is chosen for a sheet somewhat
    wider than high where it is not given. ``overlay`` marks the objects: tint, contour, box and label; below the
    pictures then stand some of their expressions, beside the colours of the objects meant. Entries belong together
    ``group`` by ``group``, and stand closer to each other than to the next.
    """
    if not entries:
        raise ValueError("a contact sheet needs at least one entry")
    if tile < SMALLEST_TILE:
        raise ValueError(f"tile must be at least {SMALLEST_TILE} pixels, not {tile}")
    if columns is None:
        columns = min(len(entries), math.ceil(math.sqrt(len(entries) * 1.4)))
    if columns < 1:
        raise ValueError(f"columns must be at least 1, not {columns}")
    if group < 1:
        raise ValueError(f"group must be at least 1, not {group}")
    columns = min(columns, len(entries))

    gap, inset = max(8, tile // 20), max(4, tile // 40)
    caption = max(22, tile // 9)
    line_height = max(15, tile // 16)
    has_expressions = overlay and any(entry.expressions for entry in entries)
    lines_height = LINES * line_height + inset if has_expressions else 0
    window = (tile, _window_height(entries, tile))
    card_width, card_height = tile + 2 * inset, window[1] + inset + caption + lines_height
    rows = math.ceil(len(entries) / columns)
    lefts = [gap]
    for column in range(1, columns + 1):
        lefts.append(lefts[-1] + card_width + (gap if column % group == 0 or column == columns else inset // 2))
    size = (lefts[columns], rows * (card_height + gap) + gap)
    sheet = Image.new("RGB", size, _PAPER)
    for index, entry in enumerate(entries):
        left = lefts[index % columns]
        top = gap + index // columns * (card_height + gap)
        draw = ImageDraw.Draw(sheet)
        edges = ((left, top), (left + card_width - 1, top + card_height - 1))
        draw.rounded_rectangle(edges, radius=inset + inset // 2, fill=_CARD, outline=_CARD_EDGE)
        sheet.paste(_mounted(entry, window, overlay), (left + inset, top + inset), _rounded(window, radius=inset))
        _draw_caption(
            draw,
            entry,
            left=left + 2 * inset,
            right=left + card_width - 2 * inset,
            middle=top + inset + window[1] + caption / 2,
            height=caption,
        )
        if has_expressions:
            draw_expressions(
                draw,
                entry,
                left=left + 2 * inset,
                right=left + card_width - 2 * inset,
                top=top + inset + window[1] + caption - inset / 2,
                line_height=line_height,
            )
    return np.array(sheet)


def _window_height(entries: Sequence[Entry], tile: int) -> int:
    """Windows take the usual proportions of the pictures, so that a set of one size wastes no space."""
    ratio = float(np.median([entry.image.shape[1] / entry.image.shape[0] for entry in entries]))
    return round(tile / min(max(ratio, _NARROWEST_WINDOW), _WIDEST_WINDOW))


def _mounted(entry: Entry, window: tuple[int, int], overlay: bool) -> Image.Image:
    """The picture, as large as ``window`` (width, height) allows, in the middle of a mount of that size."""
    image_height, image_width = entry.image.shape[:2]
    scale = min(window[0] / image_width, window[1] / image_height)
    width, height = max(1, round(image_width * scale)), max(1, round(image_height * scale))
    if overlay:
        picture = marked_picture(entry, width, height, label_size=max(9, round(window[0] / 28)))
    else:
        picture = scaled_picture(entry, width, height)
    mount = Image.new("RGB", window, _MOUNT)
    mount.paste(Image.fromarray(picture), ((window[0] - width) // 2, (window[1] - height) // 2))
    return mount


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    """A mask (mode L) with smooth round corners."""
    width, height = size
    large = Image.new("L", (width * 2, height * 2), 0)
    ImageDraw.Draw(large).rounded_rectangle(((0, 0), (width * 2 - 1, height * 2 - 1)), radius=radius * 2, fill=255)
    return large.resize(size, Image.Resampling.BOX)


def _draw_caption(
    draw: ImageDraw.ImageDraw, entry: Entry, *, left: float, right: float, middle: float, height: int
) -> None:
    font = ImageFont.load_default(max(10, round(height * 0.38)))
    count = len(entry.objects)
    tally = f"{count} object" if count == 1 else f"{count} objects"
    title = shortened(entry.title, font, right - left - font.getlength(tally) - height * 0.4)
    draw.text((left, middle), title, font=font, fill=_INK, anchor="lm")
    draw.text((right, middle), tally, font=font, fill=_MUTED, anchor="rm")
