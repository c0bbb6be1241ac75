"""Mugs: a straight cup with an ear, filled or empty."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View, round_chart
from sos_online.library.demo.outlines import Outline, stroke, turn, wall
from sos_online.library.demo.solids import Field, Points, blend, drum, slab


@cache
def _curves() -> tuple[Outline, Outline, Outline]:
    outer = wall([(0.0, -0.62), (0.40, -0.62), (0.55, -0.56), (0.60, -0.42), (0.61, 0.1), (0.61, 0.62)])
    inner = wall([(0.0, -0.57), (0.38, -0.57), (0.50, -0.52), (0.54, -0.40), (0.55, 0.1), (0.56, 0.62)])
    ear = stroke([(0.62, 0.36), (0.84, 0.40), (1.03, 0.24), (1.04, -0.02), (0.9, -0.26), (0.6, -0.36)])
    return outer, inner, ear


def _outside(p: Points) -> Field:
    outer, _, ear = _curves()
    handle = slab(ear(p[0], p[1]) - 0.075, p[2], 0.105, 0.07)
    return blend(turn(outer, p) - 0.045, handle, 0.07)


def _inside(p: Points) -> Field:
    return turn(_curves()[1], p) - 0.042


def _drink(p: Points) -> Field:
    return drum(p, (0.0, 0.40, 0.0), 0.54, 0.02, 0.01)


def _cup(p: Points) -> Field:
    """1 on the cup's side, 0 on its ear, foot and rim, which stay plain."""
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    return ((radius > 0.60) & (radius < 0.672) & (np.abs(p[1]) < 0.585)).astype(np.float32)


def _model() -> Model:
    return Model(
        parts=(
            Part("outside", _outside, (0.15, 0.0, 0.0), 1.2, round_chart(0.605)),
            Part("inside", _inside, (0.0, 0.0, 0.0), 0.95),
            Part("drink", _drink, (0.0, 0.40, 0.0), 0.6),
        ),
        view=View(yaw=0.42, pitch=0.40),
        centre=(0.2, 0.0, 0.0),
        reach=1.3,
    )


def _coats(style: Style) -> Mapping[str, Coat]:
    lining = style.colour if style.material in ("clay", "metal", "wood") else "white"
    scale = {"dotted": 0.30, "checked": 0.38, "striped": 0.3, "zigzag": 0.32}.get(style.pattern, 0.32)
    return {
        "outside": Coat(style.colour, style.material, style.pattern, style.accent, scale, within=_cup),
        "inside": Coat(lining, style.material),
        "drink": Coat("brown", "ceramic"),
    }


def _words(style: Style) -> Words:
    return usual_words("mug", style, "a curved handle")


KIND = Kind(
    category="mug",
    styles=(
        Style("red", "ceramic"),
        Style("red", "ceramic", "striped"),
        Style("yellow", "ceramic", "dotted"),
        Style("blue", "ceramic", "dotted"),
        Style("teal", "ceramic", "zigzag", "cream"),
        Style("green", "ceramic", "checked", "white"),
        Style("pink", "ceramic", "starry"),
        Style("white", "ceramic", "dotted", "red"),
        Style("black", "ceramic"),
        Style("orange", "clay"),
        Style("brown", "clay", "banded", "cream"),
        Style("silver", "metal"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
