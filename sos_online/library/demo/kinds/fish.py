"""Fish with a fan tail, looking to the left."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View
from sos_online.library.demo.outlines import Outline, shape
from sos_online.library.demo.solids import Field, Points, blend, capsule, carve, ellipsoid, moved, slab, sphere, turned


@cache
def _curves() -> tuple[Outline, Outline, Outline, Outline]:
    tail = shape([
        (0.58, 0.0), (0.76, 0.16), (0.98, 0.44), (1.14, 0.48), (1.10, 0.24), (1.02, 0.0), (1.10, -0.24), (1.14, -0.46),
        (0.98, -0.42), (0.76, -0.16),
    ])  # fmt: skip
    back = shape([(-0.40, 0.34), (-0.22, 0.58), (0.04, 0.74), (0.34, 0.66), (0.46, 0.50), (0.40, 0.22), (0.0, 0.26)])
    belly = shape([(-0.06, -0.34), (0.10, -0.60), (0.34, -0.64), (0.40, -0.46), (0.34, -0.22), (0.1, -0.24)])
    side = shape([(0.0, 0.05), (0.20, 0.15), (0.38, 0.10), (0.40, -0.06), (0.28, -0.17), (0.06, -0.08)])
    return tail, back, belly, side


def _body(p: Points) -> Field:
    trunk = ellipsoid(p, (-0.16, 0.0, 0.0), (0.74, 0.48, 0.32))
    trunk = blend(trunk, capsule(p, (0.2, 0.0, 0.0), (0.74, 0.0, 0.0), 0.24, 0.07), 0.18)
    mouth = turned(moved(p, (-0.93, -0.10, 0.0)), 2, 0.35)
    return carve(trunk, ellipsoid(mouth, (0.0, 0.0, 0.0), (0.13, 0.03, 0.2)), 0.03)


def _fins(p: Points) -> Field:
    tail, back, belly, side = _curves()
    across = p[2]
    waves = 0.014 * np.sin(np.arctan2(p[1], p[0] - 0.30) * 26.0)
    nearest = slab(tail(p[0], p[1]), across + waves, 0.045, 0.04)
    nearest = np.minimum(nearest, slab(np.minimum(back(p[0], p[1]), belly(p[0], p[1])), across + waves, 0.045, 0.04))
    x, y, z = turned(turned(moved(p, (-0.22, -0.10, 0.30)), 1, -0.55), 2, -0.30)
    return np.minimum(nearest, slab(side(x, y), z, 0.032, 0.028)) * 0.85


def _eyes(p: Points) -> Field:
    return sphere((p[0], p[1], np.abs(p[2])), (-0.60, 0.14, 0.185), 0.105)


def _pupils(p: Points) -> Field:
    return sphere((p[0], p[1], np.abs(p[2])), (-0.628, 0.145, 0.225), 0.082)


def _model() -> Model:
    return Model(
        parts=(
            Part("body", _body, (-0.1, 0.0, 0.0), 0.98),
            Part("fins", _fins, (0.35, 0.0, 0.05), 1.05),
            Part("eyes", _eyes, (-0.6, 0.14, 0.0), 0.3),
            Part("pupils", _pupils, (-0.628, 0.145, 0.0), 0.32),
        ),
        view=View(yaw=-0.42, pitch=0.14),
        centre=(0.1, 0.05, 0.0),
        reach=1.2,
        caution=0.9,
    )


def _scales(p: Points) -> Field:
    """Rows of overlapping scales behind the head, each a paler arc: 0..0.9."""
    step = 0.17
    x, y = p[0] + 0.30, p[1]
    nearest = np.zeros_like(x)
    for shift in (0.0, 0.5):
        column = np.round(x / step - shift) + shift
        row = np.round(y / step - shift) + shift
        away = np.sqrt((x - column * step - 0.03) ** 2 + (y - row * step) ** 2)
        nearest = np.maximum(nearest, np.clip((0.016 - np.abs(away - 0.085)) / 0.012, 0.0, 1.0))
    share: Field = nearest * np.clip((x - 0.02) * 40.0, 0.0, 0.9)
    return share


def _three_bands(p: Points) -> Field:
    """Broad upright bands, curved like a clown fish's."""
    x = p[0] + 0.35 * p[1] * p[1]
    wide = np.maximum(0.085 - np.abs(x + 0.36), np.maximum(0.10 - np.abs(x - 0.10), 0.05 - np.abs(x - 0.52)))
    return np.clip(wide / 0.012 + 0.5, 0.0, 1.0)


_FINS = {"orange": "orange", "yellow": "blue", "blue": "yellow", "teal": "orange", "purple": "pink"}


def _coats(style: Style) -> Mapping[str, Coat]:
    mask = {"upright": _three_bands, "scaly": _scales}.get(style.pattern)
    fins = _FINS.get(style.colour, style.colour) if style.material != "metal" else style.colour
    return {
        "body": Coat(style.colour, style.material, style.pattern, style.accent, 0.24, mask=mask),
        "fins": Coat(fins, style.material),
        "eyes": Coat("white", "ceramic"),
        "pupils": Coat("black", "ceramic"),
    }


def _words(style: Style) -> Words:
    fins = _FINS.get(style.colour, style.colour) if style.material != "metal" else style.colour
    return usual_words("fish", style, f"{fins} fins")


KIND = Kind(
    category="fish",
    styles=(
        Style("orange", "natural", "upright"),
        Style("blue", "natural", "upright", "yellow"),
        Style("yellow", "natural", "upright", "black"),
        Style("red", "natural", "scaly", "orange"),
        Style("teal", "natural", "scaly", "light blue"),
        Style("purple", "natural", "dotted", "pink"),
        Style("green", "ceramic", "dotted", "yellow"),
        Style("pink", "ceramic"),
        Style("white", "ceramic", "scaly", "blue"),
        Style("brown", "wood"),
        Style("grey", "natural"),
        Style("gold", "metal"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
