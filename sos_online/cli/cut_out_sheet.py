"""A sheet of cut-outs in sections: each on a checkerboard, with lines of text below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sos_online.cli.gallery.marking import shortened
from sos_online.ops.alpha import lay_over, premultiply
from sos_online.ops.resize import fit
from sos_online.types import Pixels

TILE = 184  # side of a cut-out's window, pixels

_GAP, _INSET = 12, 6
_LINE = 17
_ENLARGED = 3.0  # at most: a cut-out of a few pixels is to be seen, but as what it is
_SQUARE = 8

_PAPER = (244, 245, 248)
_CARD = (255, 255, 255)
_CARD_EDGE = (225, 228, 234)
_INK = (28, 33, 43)
_MUTED = (108, 117, 133)
_BOARD = (250, 250, 251), (226, 229, 234)


@dataclass(frozen=True)
class CutOut:
    """One card.

    Attributes:
        colour: uint8 ``[h, w, 3]``, RGB, straight.
        alpha: uint8 ``[h, w]``.
        lines: of text, the first one the title.
        joined: the card belongs to the one before it, and stands beside it.
    """

    colour: Pixels
    alpha: Pixels
    lines: tuple[str, ...]
    joined: bool = False


@dataclass(frozen=True)
class Section:
    """Cards under a heading, and a note behind it."""

    heading: str
    note: str
    cards: Sequence[CutOut]


def cut_out_sheet(title: str, sections: Sequence[Section], columns: int = 8) -> Pixels:
    """All sections below each other, as uint8 ``[H, W, 3]`` RGB. A card is never parted from what it is joined to."""
    lines = max((len(card.lines) for section in sections for card in section.cards), default=1)
    card_size = TILE + 2 * _INSET, TILE + 2 * _INSET + lines * _LINE + _INSET
    rows = [_in_rows(section.cards, columns) for section in sections]
    width = columns * (card_size[0] + _GAP) + _GAP
    height = 52 + sum(44 + len(of_section) * (card_size[1] + _GAP) for of_section in rows)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (_GAP, 28), title, "", size=22, right=width - _GAP)
    top = 52
    for section, of_section in zip(sections, rows, strict=True):
        _write(draw, (_GAP, top + 22), section.heading, section.note, size=17, right=width - _GAP)
        top += 44
        for row in of_section:
            for position, card in enumerate(row):
                _draw_card(sheet, card, (_GAP + position * (card_size[0] + _GAP), top), card_size)
            top += card_size[1] + _GAP
    return np.array(sheet)


def _in_rows(cards: Sequence[CutOut], columns: int) -> list[list[CutOut]]:
    """At most ``columns`` cards a row; joined ones stay together as long as a row can hold them."""
    together: list[list[CutOut]] = []
    for card in cards:
        if card.joined and together and len(together[-1]) < columns:
            together[-1].append(card)
        else:
            together.append([card])
    rows: list[list[CutOut]] = [[]]
    for group in together:
        if len(rows[-1]) + len(group) > columns:
            rows.append([])
        rows[-1] += group
    return rows if rows[0] else []


def _draw_card(sheet: Image.Image, card: CutOut, corner: tuple[int, int], size: tuple[int, int]) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    edges = ((left, top), (left + size[0] - 1, top + size[1] - 1))
    if card.joined:  # a bridge to the card before
        draw.rectangle(((left - _GAP, top + size[1] // 3), (left, top + size[1] // 3 + 5)), fill=_MUTED)
    draw.rounded_rectangle(edges, radius=_INSET, fill=_CARD, outline=_CARD_EDGE)
    sheet.paste(Image.fromarray(_on_checkerboard(card)), (left + _INSET, top + _INSET))
    right = left + size[0] - _INSET
    for number, line in enumerate(card.lines):
        middle = top + 2 * _INSET + TILE + (number + 0.5) * _LINE
        font = ImageFont.load_default(13 if number == 0 else 12)
        text = shortened(line, font, right - left - _INSET)
        draw.text((left + _INSET, middle), text, font=font, fill=_INK if number == 0 else _MUTED, anchor="lm")


def _write(
    draw: ImageDraw.ImageDraw, left_middle: tuple[int, int], text: str, note: str, *, size: int, right: int
) -> None:
    left, middle = left_middle
    font, small = ImageFont.load_default(size), ImageFont.load_default(size - 3)
    draw.text((left, middle), shortened(text, font, right - left), font=font, fill=_INK, anchor="lm")
    behind = left + font.getlength(text) + size * 0.7
    draw.text((behind, middle), shortened(note, small, right - behind), font=small, fill=_MUTED, anchor="lm")


def _on_checkerboard(card: CutOut) -> Pixels:
    height, width = card.alpha.shape
    scale = min(TILE / max(height, width), _ENLARGED)
    box_wh = max(1, round(width * scale)), max(1, round(height * scale))
    rows, columns = np.mgrid[:TILE, :TILE] // _SQUARE
    board: Pixels = np.asarray(_BOARD, np.uint8)[(rows + columns) % 2]
    left, top = (TILE - box_wh[0]) // 2, (TILE - box_wh[1]) // 2
    behind = board[top : top + box_wh[1], left : left + box_wh[0]]
    lay_over(behind, fit(premultiply(card.colour, card.alpha), box_wh), fit(card.alpha, box_wh))
    return board
