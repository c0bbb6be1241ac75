"""Cupcakes: a pleated wrapper, a swirl of frosting and a cherry."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, adjective, with_article
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View, round_chart
from sos_online.library.demo.solids import Field, Points, blend, capsule, ellipsoid, sphere

_PITCH = 0.27  # height that the frosting climbs in one turn
_TOP = 0.74  # height of its whole climb
_FLOOR = -0.05  # where it begins


def _wrapper(p: Points) -> Field:
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    pleats = 0.02 * np.cos(30.0 * np.arctan2(p[0], p[2]))
    side = (radius - 0.57 - 0.27 * (p[1] + 0.2) - pleats) * 0.75
    distance: Field = np.maximum(side, np.abs(p[1] + 0.46) - 0.37)
    return distance


def _cake(p: Points) -> Field:
    return ellipsoid(p, (0.0, -0.10, 0.0), (0.66, 0.14, 0.66))


def _frosting(p: Points) -> Field:
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    climb = np.arctan2(p[2], p[0]) * (_PITCH / (2 * np.pi))
    height = p[1] - _FLOOR
    turn = np.round((height - climb) / _PITCH)
    nearest = radius - np.maximum(0.43 * (1.0 - height / (_TOP + 0.1)), 0.02)
    nearest = np.maximum(nearest, np.maximum(-height, height - _TOP))
    for step in (-1.0, 0.0, 1.0):
        middle = np.clip(climb + (turn + step) * _PITCH, 0.0, _TOP)
        share = middle * (1.0 / _TOP)
        across, along = radius - 0.52 * (1.0 - share) ** 0.85, height - middle
        ridges = 0.012 * np.cos(6.0 * np.arctan2(along, across) + 40.0 * climb)
        rope = np.sqrt(across * across + along * along) - (0.18 - 0.10 * share) - ridges
        nearest = blend(nearest, rope, 0.03)
    distance: Field = nearest * 0.8
    return distance


def _cherry(p: Points) -> Field:
    return sphere(p, (0.0, 0.82, 0.02), 0.14)


def _stem(p: Points) -> Field:
    return capsule(p, (0.0, 0.93, 0.02), (0.13, 1.16, 0.0), 0.014, 0.02)


def _model() -> Model:
    return Model(
        parts=(
            Part("frosting", _frosting, (0.0, 0.25, 0.0), 0.95, round_chart(0.5)),
            Part("wrapper", _wrapper, (0.0, -0.46, 0.0), 0.85, round_chart(0.57)),
            Part("cake", _cake, (0.0, -0.1, 0.0), 0.67),
            Part("cherry", _cherry, (0.0, 0.82, 0.02), 0.15),
            Part("stem", _stem, (0.06, 1.04, 0.0), 0.17),
        ),
        view=View(pitch=0.26),
        centre=(0.0, 0.12, 0.0),
        reach=1.2,
        caution=0.85,
    )


def _coats(style: Style) -> Mapping[str, Coat]:
    wrapper = _WRAPPER[style.colour]
    scale = {"upright": 2 * np.pi * 0.57 / 15, "dotted": 0.2}.get(style.pattern, 0.24)
    return {
        "frosting": Coat(style.colour, "frosting"),
        "wrapper": Coat(wrapper, "paper", style.pattern, style.accent, float(scale)),
        "cake": Coat("brown", "matte"),
        "cherry": Coat("red", "natural"),
        "stem": Coat("brown", "matte"),
    }


_WRAPPER = {
    "pink": "teal", "white": "red", "brown": "yellow", "yellow": "blue", "light blue": "orange", "purple": "green",
    "green": "pink", "orange": "purple", "cream": "brown", "teal": "pink",
}  # fmt: skip


def _words(style: Style) -> Words:
    pattern = "" if style.pattern == "plain" else f"{adjective(style.pattern)} "
    wrapper = _WRAPPER[style.colour]
    colours = f"{wrapper} and {style.accent}" if pattern else wrapper
    dressed = with_article(f"{pattern}{wrapper} wrapper")
    return Words(
        sub_category=f"cupcake with {style.colour} frosting",
        short_phrase=f"{with_article(f'{style.colour} frosted cupcake')} in {dressed}",
        description=f"A cupcake with a swirl of {style.colour} frosting, a red cherry on top and "
        f"{with_article(f'{pattern}{colours} paper wrapper')}.",
        features=(style.colour, "frosted", "swirled", f"{pattern}{wrapper} wrapper", "cherry on top"),
    )


KIND = Kind(
    category="cupcake",
    styles=(
        Style("pink", "frosting", "upright"),
        Style("white", "frosting", "dotted"),
        Style("brown", "frosting", "plain"),
        Style("yellow", "frosting", "upright"),
        Style("light blue", "frosting", "plain"),
        Style("purple", "frosting", "dotted"),
        Style("green", "frosting", "upright"),
        Style("orange", "frosting", "zigzag"),
        Style("cream", "frosting", "plain"),
        Style("teal", "frosting", "dotted"),
        Style("pink", "frosting", "plain"),
        Style("white", "frosting", "upright"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
