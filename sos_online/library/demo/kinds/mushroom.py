"""Mushrooms with a domed cap, spotted or smooth, on a pale stalk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, finish, with_article
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View, round_chart
from sos_online.library.demo.outlines import Outline, profile, turn
from sos_online.library.demo.solids import Field, Points, Triple, blend, torus

_SPOTS = 17
_GOLDEN = np.pi * (3.0 - np.sqrt(5.0))


@cache
def _curves() -> tuple[Outline, Outline]:
    cap = profile([
        (0.0, 0.10), (0.30, 0.06), (0.62, -0.06), (0.82, -0.12), (0.90, -0.04), (0.85, 0.20),
        (0.66, 0.47), (0.36, 0.64), (0.0, 0.70),
    ])  # fmt: skip
    stalk = profile([
        (0.0, -0.86), (0.26, -0.86), (0.38, -0.76), (0.36, -0.60), (0.26, -0.36), (0.23, -0.1), (0.25, 0.12),
        (0.0, 0.14),
    ])  # fmt: skip
    return cap, stalk


@cache
def _spot_places() -> tuple[tuple[Triple, float], ...]:
    """Centre and radius of each spot: a spiral of points over the dome, pushed out to the cap's surface."""
    places = []
    for number in range(_SPOTS):
        height = 1.0 - 0.93 * (number + 0.35) / _SPOTS
        across = np.sqrt(1.0 - height * height)
        angle = number * _GOLDEN + 1.1
        reach = np.linspace(0.3, 1.0, 200, dtype=np.float32)
        gap = _curves()[0](reach * np.float32(across), reach * np.float32(height))
        at = float(reach[int(np.argmin(np.abs(gap)))])
        centre = (at * across * float(np.sin(angle)), at * height, at * across * float(np.cos(angle)))
        places.append((centre, 0.095 + 0.06 * ((number * 7) % 5) / 4))
    return tuple(places)


def _cap(p: Points) -> Field:
    return turn(_curves()[0], p)


def _stalk(p: Points) -> Field:
    stalk = turn(_curves()[1], p)
    return blend(stalk, torus(p, (0.0, -0.22, 0.0), 0.27, 0.035), 0.06)


def _spots(p: Points) -> Field:
    cap = _cap(p)
    # a spot rises 0.028 over the cap, so farther off the cap itself is bound enough
    distance = cap - 0.028
    near = np.flatnonzero(np.abs(cap) < 0.09)
    x, y, z = (axis[near] for axis in p)
    nearest = np.full_like(x, np.inf)
    for (cx, cy, cz), radius in _spot_places():
        nearest = np.minimum(nearest, np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) - radius)
    distance[near] = -blend(-nearest, 0.028 - cap[near], 0.05)
    return distance


def _model(spotted: bool) -> Model:
    parts = (
        Part("cap", _cap, (0.0, 0.2, 0.0), 1.0, round_chart(0.8)),
        Part("stalk", _stalk, (0.0, -0.4, 0.0), 0.65),
        Part("spots", _spots, (0.0, 0.3, 0.0), 1.0),
    )
    return Model(parts if spotted else parts[:2], View(pitch=0.22), reach=1.15, centre=(0.0, -0.06, 0.0))


def _stalk_colour(style: Style) -> str:
    return style.colour if style.material == "metal" else "cream"


def _coats(style: Style) -> Mapping[str, Coat]:
    natural = style.material == "natural"
    return {
        "cap": Coat(style.colour, style.material),
        "stalk": Coat(_stalk_colour(style), "matte" if natural else style.material),
        "spots": Coat(style.accent, "matte" if natural else style.material),
    }


def _words(style: Style) -> Words:
    stuff = "" if style.material == "natural" else {"wood": "wooden "}.get(style.material, f"{style.material} ")
    spotted = style.form == "spotted"
    name = f"{'spotted ' if spotted else ''}{stuff}mushroom"
    spots = f", {style.accent} spots" if spotted else ""
    look = with_article(f"{finish(style.material)} {stuff}mushroom")
    stalk = with_article(f"{_stalk_colour(style)} stalk")
    features = (style.colour, "spotted" if spotted else "plain", finish(style.material), stuff.strip())
    return Words(
        sub_category=name,
        short_phrase=with_article(f"{style.colour} {name}"),
        description=f"{look[0].upper()}{look[1:]} with a domed {style.colour} cap{spots} and {stalk}.",
        features=tuple(word for word in features if word),
    )


KIND = Kind(
    category="mushroom",
    styles=(
        Style("red", "natural", form="spotted"),
        Style("orange", "natural", form="spotted"),
        Style("purple", "natural", form="spotted"),
        Style("blue", "natural", form="spotted"),
        Style("brown", "natural"),
        Style("yellow", "natural"),
        Style("pink", "ceramic", form="spotted"),
        Style("green", "ceramic", accent="yellow", form="spotted"),
        Style("teal", "ceramic", accent="pink", form="spotted"),
        Style("red", "ceramic"),
        Style("brown", "wood"),
        Style("gold", "metal"),
    ),
    models={"spotted": lambda: _model(True), "": lambda: _model(False)},
    coats=_coats,
    words=_words,
)
