"""Gift boxes: a lidded box tied crosswise with ribbon under a big bow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, adjective, with_article
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View
from sos_online.library.demo.outlines import Outline, stroke
from sos_online.library.demo.solids import Field, Points, blend, box, ellipsoid, moved, slab, turned

_HALF = 0.62  # of the box, along x and z
_LID_HALF = 0.66
_LID_TOP = 0.50
_RIBBON = 0.13  # half its width


@cache
def _curves() -> tuple[Outline, Outline]:
    loop = stroke([
        (0.0, 0.02), (0.12, 0.16), (0.30, 0.31), (0.46, 0.30), (0.50, 0.17), (0.40, 0.07), (0.20, 0.03), (0.0, 0.01),
    ])  # fmt: skip
    tail = stroke([(0.0, 0.02), (0.16, 0.035), (0.30, 0.02), (0.44, 0.035), (0.54, 0.02)])
    return loop, tail


def _case(p: Points) -> Field:
    return box(p, (0.0, -0.16, 0.0), (_HALF, 0.46, _HALF), 0.03)


def _lid(p: Points) -> Field:
    return box(p, (0.0, 0.37, 0.0), (_LID_HALF, 0.13, _LID_HALF), 0.03)


def _bands(p: Points) -> Field:
    along = np.minimum(np.abs(p[0]), np.abs(p[2])) - _RIBBON
    skin = np.minimum(
        box(p, (0.0, -0.16, 0.0), (_HALF + 0.014, 0.47, _HALF + 0.014), 0.03),
        box(p, (0.0, 0.37, 0.0), (_LID_HALF + 0.014, 0.144, _LID_HALF + 0.014), 0.03),
    )
    return np.maximum(skin, along)


def _bow(p: Points) -> Field:
    loop, tail = _curves()
    nearest = ellipsoid(p, (0.0, _LID_TOP + 0.07, 0.0), (0.12, 0.10, 0.12))
    for angle in (0.12, 0.12 + np.pi / 2):
        x, y, z = turned(moved(p, (0.0, _LID_TOP + 0.03, 0.0)), 1, angle)
        width = 0.06 + 0.16 * np.minimum(np.abs(x), 0.5)
        ring = slab(loop(np.abs(x), y) - 0.018, z, width, 0.014) * 0.9
        nearest = blend(nearest, ring, 0.03)
    for angle in (0.85, -0.75):
        x, y, z = turned(moved(p, (0.0, _LID_TOP, 0.0)), 1, angle)
        width = 0.055 + 0.08 * np.minimum(np.abs(x), 0.6)
        nearest = np.minimum(nearest, slab(tail(np.abs(x), y) - 0.014, z, width, 0.012))
    return nearest


def _sides(p: Points) -> tuple[Field, Field]:
    """Each face of the box unrolled: across and up on the sides, across and back on the top."""
    on_front = p[2] > np.maximum(p[0], p[1] - _LID_TOP + _HALF)
    on_top = p[1] > _LID_TOP - 0.02
    across = np.where(on_top | on_front, p[0], -p[2])
    # set off so that rows of stars and dots lie clear of the edges
    return across + 0.075, np.where(on_top, -p[2], p[1] - 0.5) + 0.15


def _model() -> Model:
    return Model(
        parts=(
            Part("case", _case, (0.0, -0.16, 0.0), 1.05, _sides),
            Part("lid", _lid, (0.0, 0.37, 0.0), 1.0, _sides),
            Part("ribbon", _bands, (0.0, 0.0, 0.0), 1.15, _sides),
            Part("bow", _bow, (0.0, _LID_TOP + 0.1, 0.0), 0.66),
        ),
        view=View(yaw=0.55, pitch=0.42),
        centre=(0.0, 0.1, 0.0),
        reach=1.2,
        caution=0.9,
    )


def _coats(style: Style) -> Mapping[str, Coat]:
    scale = {"dotted": 0.25, "checked": 0.31, "upright": 0.22, "starry": 0.30}.get(style.pattern, 0.24)
    case = Coat(style.colour, style.material, style.pattern, style.accent, scale)
    return {"case": case, "lid": case, "ribbon": Coat(_ribbon(style), "satin"), "bow": Coat(_ribbon(style), "satin")}


def _ribbon(style: Style) -> str:
    return {"red": "gold", "green": "red", "blue": "white", "white": "red", "yellow": "purple", "purple": "yellow"}.get(
        style.colour, "white"
    )


def _words(style: Style) -> Words:
    pattern = "" if style.pattern == "plain" else f"{adjective(style.pattern)} "
    name = f"{pattern}gift box"
    paper = f"{style.colour} paper with {_pattern(style)}" if pattern else f"plain {style.colour} paper"
    return Words(
        sub_category=name,
        short_phrase=f"{with_article(f'{style.colour} {name}')} with {with_article(f'{_ribbon(style)} bow')}",
        description=f"A square gift box wrapped in {paper} and tied with a {_ribbon(style)} ribbon and bow.",
        features=(style.colour, pattern.strip() or "plain", "paper", f"{_ribbon(style)} ribbon", "square"),
    )


def _pattern(style: Style) -> str:
    nouns = {"dotted": "dots", "checked": "checks", "upright": "stripes", "starry": "stars", "zigzag": "zigzags"}
    return f"{style.accent} {nouns[style.pattern]}"


KIND = Kind(
    category="gift box",
    styles=(
        Style("red", "paper"),
        Style("red", "paper", "dotted"),
        Style("green", "paper", "starry", "yellow"),
        Style("green", "paper"),
        Style("blue", "paper", "upright", "light blue"),
        Style("blue", "paper", "starry"),
        Style("white", "paper", "dotted", "red"),
        Style("yellow", "paper", "checked", "orange"),
        Style("purple", "paper", "dotted", "pink"),
        Style("pink", "paper", "upright", "red"),
        Style("teal", "paper", "zigzag", "cream"),
        Style("black", "paper", "starry", "gold"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
