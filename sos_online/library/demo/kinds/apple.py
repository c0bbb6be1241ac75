"""Apples with a stem and a leaf: fresh ones, and ornaments in other materials."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View, round_chart
from sos_online.library.demo.noise import ripple
from sos_online.library.demo.outlines import Outline, profile, shape
from sos_online.library.demo.solids import Field, Points, capsule, moved, slab, turned


@cache
def _curves() -> tuple[Outline, Outline]:
    flesh = profile([
        (0.0, -0.58), (0.10, -0.66), (0.30, -0.71), (0.56, -0.54), (0.78, -0.12), (0.82, 0.20),
        (0.68, 0.50), (0.42, 0.62), (0.22, 0.56), (0.09, 0.43), (0.0, 0.36),
    ])  # fmt: skip
    leaf = shape([(0.0, 0.0), (0.16, 0.11), (0.34, 0.12), (0.50, 0.04), (0.58, 0.0), (0.50, -0.05), (0.30, -0.12),
                  (0.12, -0.09)])  # fmt: skip
    return flesh, leaf


def _flesh(p: Points) -> Field:
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    lobes = 1.0 + 0.035 * np.cos(5.0 * np.arctan2(p[0], p[2]) + 0.5) * np.clip(0.55 - 0.55 * p[1], 0.0, 1.0)
    return _curves()[0](radius * lobes, p[1])


def _stem(p: Points) -> Field:
    return capsule(p, (0.0, 0.38, 0.0), (0.07, 0.84, 0.0), 0.03, 0.045)


def _leaf(p: Points) -> Field:
    x, y, z = turned(turned(moved(p, (0.05, 0.66, 0.02)), 2, 0.5), 0, 0.75)
    bowed = y + 0.5 * (x - 0.28) ** 2 - 0.9 * z * z
    return slab(_curves()[1](x, z), bowed, 0.02, 0.015) * 0.65


def _model() -> Model:
    return Model(
        parts=(
            Part("flesh", _flesh, (0.0, 0.0, 0.0), 1.0, round_chart(0.8)),
            Part("stem", _stem, (0.035, 0.61, 0.0), 0.3),
            Part("leaf", _leaf, (0.3, 0.75, 0.0), 0.42),
        ),
        view=View(yaw=-0.1, pitch=0.28),
        centre=(0.0, 0.1, 0.0),
        reach=1.15,
        caution=0.9,
    )


def _blush(p: Points) -> Field:
    """Pale streaks that run down from the hollow round the stem; 0..0.6."""
    angle = np.arctan2(p[0], p[2])
    streaks = 0.5 + 0.22 * ripple(angle * 26.0 + 7.0, p[1] * 2.0 + 3.0)
    down = np.clip((p[1] - 0.22) / 0.5, 0.0, 1.0)
    share: Field = np.clip(streaks * down * down, 0.0, 0.6)
    return share


_BLUSH = {"red": "yellow", "green": "yellow", "yellow": "orange", "pink": "cream"}


def _coats(style: Style) -> Mapping[str, Coat]:
    fresh = style.material == "natural"
    flesh = Coat(style.colour, style.material, style.pattern, style.accent, 0.3)
    if fresh:
        flesh = Coat(style.colour, "natural", accent=_BLUSH[style.colour], mask=_blush)
    same = style.material in ("metal", "glass")
    return {
        "flesh": flesh,
        "stem": Coat(style.colour, style.material) if same else Coat("brown", "wood"),
        "leaf": Coat(style.colour, style.material) if same else Coat("green", "leaf"),
    }


def _words(style: Style) -> Words:
    fresh = ("fresh",) if style.material == "natural" else ()
    leaf = "a leaf" if style.material in ("metal", "glass") else "a green leaf"
    return usual_words("apple", style, f"{leaf} on its stem", ("round", *fresh))


KIND = Kind(
    category="apple",
    styles=(
        Style("red", "natural"),
        Style("green", "natural"),
        Style("yellow", "natural"),
        Style("pink", "natural"),
        Style("red", "ceramic", "dotted"),
        Style("blue", "ceramic", "striped"),
        Style("brown", "wood"),
        Style("purple", "glass"),
        Style("red", "glass"),
        Style("orange", "ceramic", "starry"),
        Style("gold", "metal"),
        Style("white", "fabric", "checked", "red"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
