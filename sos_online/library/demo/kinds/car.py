"""Toy cars with a rounded body and fat wheels, driving to the right."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View
from sos_online.library.demo.outlines import Outline, shape
from sos_online.library.demo.solids import Field, Points, blend, box, carve, ellipsoid, slab, wheel

_AXLES = 0.58  # of the front and rear wheels, in x
_LOW = -0.30


@cache
def _curves() -> tuple[Outline, Outline]:
    hull = shape([
        (-1.0, -0.10), (-0.98, 0.06), (-0.84, 0.15), (-0.4, 0.18), (0.3, 0.18), (0.76, 0.12), (0.97, -0.02),
        (1.0, -0.18), (0.94, -0.32), (0.5, -0.34), (-0.5, -0.34), (-0.95, -0.30),
    ])  # fmt: skip
    cabin = shape([
        (-0.76, 0.08), (-0.68, 0.30), (-0.52, 0.50), (-0.24, 0.57), (0.06, 0.54), (0.26, 0.38), (0.46, 0.14),
        (0.4, 0.0), (0.0, -0.05), (-0.6, -0.02),
    ])  # fmt: skip
    return hull, cabin


def _house(p: Points) -> Field:
    """The cabin, narrower towards its roof."""
    return slab(_curves()[1](p[0], p[1]), np.abs(p[2]) + 0.22 * (p[1] - 0.1), 0.40, 0.12) * 0.95


def _body(p: Points) -> Field:
    hull = slab(_curves()[0](p[0], p[1]), p[2], 0.47, 0.12)
    arch = wheel((np.abs(p[0]), p[1], np.abs(p[2])), (_AXLES, _LOW, 0.47), 0.275, 0.17, 0.01)
    return carve(blend(hull, _house(p), 0.05), arch, 0.03)


def _panes(p: Points) -> Field:
    """Glass a hair proud of the cabin: two side windows, a windscreen and a rear window."""
    edge = _curves()[1](p[0], p[1])
    low = 0.22 - p[1]
    side = np.maximum(np.maximum(edge + 0.085, low), np.maximum(0.25 - np.abs(p[2]), 0.032 - np.abs(p[0] + 0.12)))
    ahead = np.maximum(np.maximum(np.abs(p[2]) - 0.29 + 0.2 * (p[1] - 0.2), low), p[1] - 0.46)
    ahead = np.maximum(ahead, 0.40 - np.abs(p[0] + 0.20))
    distance: Field = np.maximum(_house(p) - 0.008, np.minimum(side, ahead))
    return distance


def _tyres(p: Points) -> Field:
    mirrored: Points = (np.abs(p[0]), p[1], np.abs(p[2]))
    return wheel(mirrored, (_AXLES, _LOW, 0.41), 0.24, 0.11, 0.06)


def _hubs(p: Points) -> Field:
    mirrored: Points = (np.abs(p[0]), p[1], np.abs(p[2]))
    return blend(
        wheel(mirrored, (_AXLES, _LOW, 0.45), 0.135, 0.085, 0.02),
        ellipsoid(mirrored, (_AXLES, _LOW, 0.53), (0.06, 0.06, 0.035)),
        0.02,
    )


def _lamps(p: Points) -> Field:
    return ellipsoid((p[0], p[1], np.abs(p[2])), (0.925, 0.0, 0.27), (0.07, 0.085, 0.09))


def _bumpers(p: Points) -> Field:
    return box((np.abs(p[0]), p[1], p[2]), (0.97, -0.24, 0.0), (0.075, 0.055, 0.44), 0.05)


def _model() -> Model:
    return Model(
        parts=(
            Part("body", _body, (0.0, 0.1, 0.0), 1.2, _wrapped),
            Part("panes", _panes, (-0.15, 0.3, 0.0), 0.8),
            Part("tyres", _tyres, (0.0, _LOW, 0.0), 1.0),
            Part("hubs", _hubs, (0.0, _LOW, 0.0), 0.95),
            Part("lamps", _lamps, (0.92, 0.0, 0.0), 0.4),
            Part("bumpers", _bumpers, (0.0, -0.24, 0.0), 1.15),
        ),
        view=View(yaw=0.60, pitch=0.34),
        reach=1.3,
        caution=0.9,
    )


def _wrapped(p: Points) -> tuple[Field, Field]:
    """Pattern coordinates that go on over the edge from the sides to the bonnet and the roof."""
    return p[0] + 0.09, p[1] - np.abs(p[2]) + 0.06


def _glint(p: Points) -> Field:
    """The sky in the panes: paler upwards, with two slanting gleams; 0..0.6."""
    slant = p[0] - p[2] + 0.55 * p[1]
    slant = slant - 0.62 * np.round(slant / 0.62)
    gleam = np.maximum(0.055 - np.abs(slant), 0.016 - np.abs(slant - 0.10))
    share: Field = np.clip(0.05 + 0.45 * (p[1] - 0.2), 0.0, 0.3) + 0.32 * np.clip(gleam / 0.012 + 0.5, 0.0, 1.0)
    return share


def _racing(p: Points) -> Field:
    """Two stripes along the middle, from bumper to bumper over the roof."""
    return np.clip((0.055 - np.abs(np.abs(p[2]) - 0.095)) / 0.012 + 0.5, 0.0, 1.0)


def _coats(style: Style) -> Mapping[str, Coat]:
    mask = _racing if style.pattern == "striped" else None
    scale = 0.36 if style.pattern == "checked" else 0.28
    wooden = style.material == "wood"
    trim = Coat("cream", "wood") if wooden else Coat("silver", "metal")
    panes = Coat("cream", "wood") if wooden else Coat("black", "ceramic", accent="light blue", mask=_glint)
    return {
        "body": Coat(style.colour, style.material, style.pattern, style.accent, scale, mask=mask),
        "panes": panes,
        "tyres": Coat("black", "rubber"),
        "hubs": trim,
        "lamps": Coat("cream", "ceramic"),
        "bumpers": trim,
    }


def _words(style: Style) -> Words:
    return usual_words("toy car", style, "black wheels")


KIND = Kind(
    category="car",
    styles=(
        Style("red", "plastic"),
        Style("red", "plastic", "striped"),
        Style("blue", "plastic", "striped"),
        Style("yellow", "plastic", "striped", "black"),
        Style("green", "plastic"),
        Style("orange", "plastic", "dotted"),
        Style("pink", "plastic", "starry"),
        Style("purple", "plastic"),
        Style("white", "plastic", "striped", "red"),
        Style("teal", "metal"),
        Style("black", "plastic", "striped", "gold"),
        Style("brown", "wood"),
        Style("light blue", "plastic"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
