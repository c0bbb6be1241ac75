"""Teapots: a round belly with a spout, an ear and a lid with a knob."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View
from sos_online.library.demo.outlines import Outline, profile, stroke, turn
from sos_online.library.demo.solids import Field, Points, blend, carve, slab, sphere


@cache
def _curves() -> tuple[Outline, Outline, Outline, Outline]:
    belly = profile([
        (0.0, -0.56), (0.36, -0.56), (0.42, -0.53), (0.40, -0.49), (0.60, -0.33), (0.71, -0.06),
        (0.64, 0.22), (0.44, 0.40), (0.36, 0.43), (0.0, 0.43),
    ])  # fmt: skip
    lid = profile([(0.0, 0.40), (0.37, 0.40), (0.40, 0.43), (0.36, 0.47), (0.22, 0.55), (0.0, 0.58)])
    spout = stroke([(0.42, -0.10), (0.71, -0.05), (0.87, 0.11), (0.96, 0.28), (1.12, 0.40)])
    ear = stroke([(-0.52, 0.26), (-0.80, 0.34), (-1.06, 0.22), (-1.06, -0.02), (-0.86, -0.22), (-0.62, -0.27)])
    return belly, lid, spout, ear


def _pot(p: Points) -> Field:
    belly, _, spout, ear = _curves()
    thickness = np.clip(0.16 - 0.21 * (p[0] - 0.58) - 0.05 * (p[1] + 0.1), 0.062, 0.16)
    middle = spout(p[0], p[1])
    pipe = np.sqrt(middle * middle + p[2] * p[2])
    mouth = sphere(p, (1.19, 0.43, 0.0), 0.1)
    pipe = carve((pipe - thickness) * 0.85, mouth, 0.03)
    handle = slab(ear(p[0], p[1]) - 0.065, p[2], 0.095, 0.06)
    return blend(blend(turn(belly, p), pipe, 0.15), handle, 0.07)


def _lid(p: Points) -> Field:
    return turn(_curves()[1], p)


def _knob(p: Points) -> Field:
    return sphere(p, (0.0, 0.66, 0.0), 0.105)


def _unrolled(p: Points) -> tuple[Field, Field]:
    """Arc length and height about the middle of the belly, so that whole rows of a pattern fit on it."""
    return np.arctan2(p[0], p[2]) * 0.68, p[1] + 0.06


def _model() -> Model:
    return Model(
        parts=(
            Part("pot", _pot, (0.0, 0.0, 0.0), 1.3, _unrolled),
            Part("lid", _lid, (0.0, 0.48, 0.0), 0.45),
            Part("knob", _knob, (0.0, 0.66, 0.0), 0.11),
        ),
        view=View(yaw=0.22, pitch=0.30),
        centre=(0.04, 0.05, 0.0),
        reach=1.35,
        caution=0.9,
    )


def _belly_only(p: Points) -> Field:
    """1 on the round of the belly, 0 on the spout, the ear, the foot and the shoulder."""
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    bulge = 0.735 - 0.9 * (p[1] + 0.06) ** 2 - radius
    share: Field = ((bulge > 0.0) & (np.abs(p[1] + 0.06) < 0.36)).astype(np.float32)
    return share


def _coats(style: Style) -> Mapping[str, Coat]:
    scale = {"striped": 0.24, "checked": 0.36}.get(style.pattern, 0.28)
    knob = style.accent if style.pattern != "plain" else style.colour
    return {
        "pot": Coat(style.colour, style.material, style.pattern, style.accent, scale, within=_belly_only),
        "lid": Coat(style.colour, style.material),
        "knob": Coat(knob, style.material),
    }


def _words(style: Style) -> Words:
    return usual_words("teapot", style, "a curved spout")


KIND = Kind(
    category="teapot",
    styles=(
        Style("blue", "ceramic"),
        Style("blue", "ceramic", "dotted"),
        Style("red", "ceramic", "dotted"),
        Style("white", "ceramic", "banded", "blue"),
        Style("yellow", "ceramic", "checked"),
        Style("green", "ceramic", "zigzag", "cream"),
        Style("pink", "ceramic", "starry"),
        Style("teal", "ceramic"),
        Style("black", "ceramic", "banded", "gold"),
        Style("brown", "clay"),
        Style("copper", "metal"),
        Style("silver", "metal"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
