"""A picture of layouts: boxes and categories, without segments."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sos_online.cli.gallery.colours import instance_colours
from sos_online.cli.gallery.marking import shortened
from sos_online.data import SOSDataset
from sos_online.types import Pixels, Scene

_PAPER, _CANVAS, _INK = (244, 245, 248), (255, 255, 255), (28, 33, 43)
_GAP = 10


def layout_sheet(dataset: SOSDataset, tile: int = 240) -> Pixels:
    """The boxes of a stream's first scenes, side by side: uint8 ``[h, w, 3]``, RGB.

    Args:
        dataset: the stream; all ``dataset.length`` scenes of it are drawn.
        tile: longer side of one canvas, pixels.
    """
    scenes = [dataset.scene(index) for index in range(dataset.length)]
    columns = math.ceil(math.sqrt(len(scenes) * 1.4))
    rows = math.ceil(len(scenes) / columns)
    side = tile + _GAP
    sheet = Image.new("RGB", (columns * side + _GAP, rows * side + _GAP), _PAPER)
    for index, scene in enumerate(scenes):
        drawn = _draw(scene, dataset.library.category_names, tile)
        left, top = _GAP + index % columns * side, _GAP + index // columns * side
        sheet.paste(drawn, (left + (tile - drawn.width) // 2, top + (tile - drawn.height) // 2))
    return np.asarray(sheet)


def _draw(scene: Scene, names: list[str], tile: int) -> Image.Image:
    height, width = scene.size_hw
    scale = tile / max(height, width)
    picture = Image.new("RGB", (max(1, round(width * scale)), max(1, round(height * scale))), _CANVAS)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(9, tile // 24))
    colours = instance_colours(len(scene.placements)).tolist()
    for placement, colour in zip(scene.placements, colours, strict=True):
        x1, y1, x2, y2 = (edge * scale for edge in placement.box)
        draw.rectangle((x1, y1, max(x2 - 1, x1), max(y2 - 1, y1)), fill=tuple(colour), outline=_CANVAS)
        name = shortened(names[placement.category - 1], font, x2 - x1 - 6)
        if y2 - y1 > font.getbbox(name)[3] + 2 and len(name) > 2:
            draw.text((max(x1, 0) + 3, max(y1, 0) + 1), name, font=font, fill=_INK)
    return picture
