"""A few expressions as lines under a picture of the contact sheet, each beside the colours of the objects it means."""

from __future__ import annotations

from itertools import zip_longest

from PIL import ImageDraw, ImageFont

from sos_online.cli.gallery.colours import instance_colours
from sos_online.cli.gallery.entry import EXPRESSION_KINDS, Entry, GalleryExpression
from sos_online.cli.gallery.marking import shortened

LINES = 2  # a picture
_INK = (28, 33, 43)
_MUTED = (108, 117, 133)


def shown_expressions(entry: Entry) -> list[GalleryExpression]:
    """At most ``LINES`` expressions: of as many kinds as there is room for, and rather such that mean something."""
    meaning = [expression for expression in entry.expressions if expression.rows]
    per_kind = [[expression for expression in meaning if expression.kind == kind] for kind in EXPRESSION_KINDS]
    in_turn = [expression for of_all_kinds in zip_longest(*per_kind) for expression in of_all_kinds if expression]
    return [*in_turn, *(expression for expression in entry.expressions if not expression.rows)][:LINES]


def draw_expressions(
    draw: ImageDraw.ImageDraw, entry: Entry, *, left: float, right: float, top: float, line_height: int
) -> None:
    """Draws :func:`shown_expressions` from ``top`` downwards, one of them a line; an empty bar means no object."""
    font = ImageFont.load_default(max(10, round(line_height * 0.62)))
    bar_width = max(4, line_height // 4)
    colours = instance_colours(len(entry.objects))
    for line, expression in enumerate(shown_expressions(entry)):
        bar_top = top + line * line_height + line_height * 0.12
        bar_height = round(line_height * 0.76)
        step = bar_height / max(len(expression.rows), 1)
        for place, row in enumerate(expression.rows):
            red, green, blue = (int(channel) for channel in colours[row])
            begin, end = round(bar_top + place * step), round(bar_top + (place + 1) * step) - 1
            draw.rectangle(((left, begin), (left + bar_width - 1, max(end, begin))), fill=(red, green, blue))
        words, ink = expression.text, _INK
        if not expression.rows:
            edge = (left + bar_width - 1, round(bar_top) + bar_height - 1)
            draw.rectangle(((left, round(bar_top)), edge), outline=_MUTED)
            words, ink = f"{words} (nothing here)", _MUTED
        text_left = left + bar_width + line_height * 0.4
        middle = top + (line + 0.5) * line_height
        draw.text((text_left, middle), shortened(words, font, right - text_left), font=font, fill=ink, anchor="lm")
