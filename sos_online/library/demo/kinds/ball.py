"""Balls: beach balls of coloured gores, and plain and patterned ones of rubber, cloth and wood."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View
from sos_online.library.demo.solids import Field, Points, sphere, turned

_TILT = 0.5  # radians the ball's axis leans out of the upright, so that its pole is seen


def _leaning(p: Points) -> Points:
    return turned(turned(p, 0, _TILT + 0.2), 2, -_TILT)


def _ball(p: Points) -> Field:
    return sphere(p, (0.0, 0.0, 0.0), 1.0)


def _chart(p: Points) -> tuple[Field, Field]:
    """Arc lengths right of and above the point that faces the camera: no pole in sight."""
    across = np.sqrt(p[0] * p[0] + p[1] * p[1])
    stretch = np.arctan2(across, p[2]) / np.maximum(across, 1e-6)
    return p[0] * stretch + 0.08, p[1] * stretch + 0.05


def _gores(p: Points) -> Field:
    """Eight lunes about the leaning axis, closed by round caps: 1 on every second lune and on the caps."""
    x, _, z = _leaning(p)
    radius = np.maximum(np.sqrt(x * x + z * z), 1e-3)
    lune = np.arcsin(np.sin(np.arctan2(x, z) * 4.0)) / 4.0 * radius
    lunes = np.clip(lune / 0.012 + 0.5, 0.0, 1.0)
    return np.maximum(lunes, np.clip((0.19 - radius) / 0.012 + 0.5, 0.0, 1.0))


def _model() -> Model:
    return Model((Part("ball", _ball, (0.0, 0.0, 0.0), 1.0, _chart),), View(pitch=0.0), reach=1.05)


def _coats(style: Style) -> Mapping[str, Coat]:
    mask = _gores if style.pattern == "upright" else None
    scale = {"banded": 0.62, "checked": 0.62, "starry": 0.5}.get(style.pattern, 0.46)
    return {"ball": Coat(style.colour, style.material, style.pattern, style.accent, scale, mask=mask)}


def _words(style: Style) -> Words:
    return usual_words("ball", style, "", ("round",))


KIND = Kind(
    category="ball",
    styles=(
        Style("red", "plastic", "upright"),
        Style("blue", "plastic", "upright", "yellow"),
        Style("green", "plastic", "upright"),
        Style("purple", "plastic", "upright", "orange"),
        Style("orange", "rubber"),
        Style("yellow", "rubber", "starry", "blue"),
        Style("pink", "rubber", "dotted"),
        Style("teal", "rubber", "zigzag"),
        Style("black", "plastic", "checked"),
        Style("brown", "wood"),
        Style("grey", "fabric", "banded", "yellow"),
        Style("red", "glass"),
        Style("silver", "metal"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
