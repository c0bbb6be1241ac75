"""Balloons on a wavy string: thin latex that lets some light through."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View, round_chart
from sos_online.library.demo.outlines import Outline, profile, stroke, turn
from sos_online.library.demo.solids import Field, Points, blend, capsule


@cache
def _curves() -> tuple[Outline, Outline]:
    bag = profile([
        (0.0, -0.42), (0.05, -0.40), (0.20, -0.26), (0.46, 0.02), (0.60, 0.34), (0.56, 0.68), (0.34, 0.93), (0.0, 1.0),
    ])  # fmt: skip
    string = stroke([
        (0.0, -0.46), (0.02, -0.6), (0.09, -0.76), (0.05, -0.94), (-0.06, -1.08), (-0.04, -1.24), (0.04, -1.36),
    ])  # fmt: skip
    return bag, string


def _bag(p: Points) -> Field:
    return turn(_curves()[0], p)


def _knot(p: Points) -> Field:
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    skirt = (np.abs(radius - 0.35 * (-0.40 - p[1])) - 0.02) * 0.9
    skirt = np.maximum(skirt, np.abs(p[1] + 0.47) - 0.06)
    return blend(skirt, capsule(p, (0.0, -0.36, 0.0), (0.0, -0.44, 0.0), 0.05, 0.04), 0.03)


def _string(p: Points) -> Field:
    away = _curves()[1](p[0], p[1])
    return np.sqrt(away * away + p[2] * p[2]) - 0.016


def _model() -> Model:
    return Model(
        parts=(
            Part("bag", _bag, (0.0, 0.3, 0.0), 0.95, round_chart(0.58)),
            Part("knot", _knot, (0.0, -0.45, 0.0), 0.16),
            Part("string", _string, (0.0, -0.9, 0.0), 0.52),
        ),
        view=View(pitch=0.0, roll=-0.12),
        centre=(0.0, -0.15, 0.0),
        reach=1.28,
        caution=0.95,
    )


def _coats(style: Style) -> Mapping[str, Coat]:
    scale = {"striped": 0.32, "upright": 2 * np.pi * 0.58 / 12}.get(style.pattern, 0.34)
    return {
        "bag": Coat(style.colour, style.material, style.pattern, style.accent, float(scale)),
        "knot": Coat(style.colour, style.material),
        "string": Coat("white", "matte"),
    }


def _words(style: Style) -> Words:
    return usual_words("balloon", style, "a wavy white string")


KIND = Kind(
    category="balloon",
    styles=(
        Style("red", "latex"),
        Style("orange", "latex"),
        Style("yellow", "latex"),
        Style("green", "latex"),
        Style("blue", "latex"),
        Style("purple", "latex"),
        Style("pink", "latex"),
        Style("white", "latex", "dotted", "red"),
        Style("teal", "latex", "starry"),
        Style("pink", "latex", "upright", "white"),
        Style("blue", "latex", "dotted"),
        Style("gold", "foil"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
