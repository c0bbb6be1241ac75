"""Rubber ducks, looking to the right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View
from sos_online.library.demo.solids import Field, Points, blend, capsule, ellipsoid, sphere

_YAW = 0.62


def _body(p: Points) -> Field:
    trunk = ellipsoid(p, (0.0, -0.36, 0.0), (0.74, 0.44, 0.56))
    trunk = blend(trunk, capsule(p, (-0.38, -0.3, 0.0), (-0.86, 0.1, 0.0), 0.28, 0.05), 0.22)
    mirrored: Points = (p[0], p[1], np.abs(p[2]))
    trunk = blend(trunk, ellipsoid(mirrored, (-0.12, -0.28, 0.50), (0.40, 0.22, 0.15)), 0.06)
    return blend(trunk, sphere(p, (0.36, 0.36, 0.0), 0.40), 0.12)


def _beak(p: Points) -> Field:
    upper = ellipsoid(p, (0.80, 0.32, 0.0), (0.24, 0.075, 0.19))
    return blend(upper, ellipsoid(p, (0.76, 0.24, 0.0), (0.19, 0.06, 0.14)), 0.02)


def _eyes(p: Points) -> Field:
    mirrored: Points = (p[0], p[1], np.abs(p[2]))
    return ellipsoid(mirrored, (0.63, 0.47, 0.215), (0.05, 0.08, 0.05))


def _facing(p: Points) -> tuple[Field, Field]:
    """Pattern coordinates as the camera sees them, so that no dot is drawn out."""
    return p[0] * float(np.cos(_YAW)) - p[2] * float(np.sin(_YAW)), p[1]


def _model() -> Model:
    return Model(
        parts=(
            Part("body", _body, (0.0, 0.0, 0.0), 1.1, _facing),
            Part("beak", _beak, (0.8, 0.3, 0.0), 0.3),
            Part("eyes", _eyes, (0.645, 0.47, 0.0), 0.36),
        ),
        view=View(yaw=_YAW, pitch=0.22),
        centre=(0.0, -0.02, 0.0),
        reach=1.2,
        caution=0.9,
    )


def _coats(style: Style) -> Mapping[str, Coat]:
    return {
        "body": Coat(style.colour, style.material, style.pattern, style.accent, 0.3),
        "beak": Coat("red" if style.colour == "orange" else "orange", style.material),
        "eyes": Coat("black", "ceramic"),
    }


def _words(style: Style) -> Words:
    beak = "a red beak" if style.colour == "orange" else "an orange beak"
    return usual_words("duck", style, beak)


KIND = Kind(
    category="rubber duck",
    styles=(
        Style("yellow", "rubber"),
        Style("pink", "rubber"),
        Style("light blue", "rubber"),
        Style("green", "rubber"),
        Style("purple", "rubber"),
        Style("white", "rubber", "dotted", "blue"),
        Style("yellow", "rubber", "dotted", "orange"),
        Style("red", "rubber", "dotted", "white"),
        Style("teal", "rubber", "striped", "white"),
        Style("orange", "rubber"),
        Style("light blue", "rubber", "starry"),
        Style("black", "rubber", "starry", "yellow"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
