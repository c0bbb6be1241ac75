"""Table lamps: a turned base, a brass rod and a lit cloth shade."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, adjective, trim, with_article
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View, round_chart
from sos_online.library.demo.outlines import Outline, profile, turn
from sos_online.library.demo.solids import Field, Points, capsule, drum, sphere


@cache
def _base_curve() -> Outline:
    return profile([
        (0.0, -1.06), (0.30, -1.06), (0.36, -1.02), (0.34, -0.96), (0.18, -0.90), (0.16, -0.84), (0.28, -0.68),
        (0.33, -0.48), (0.26, -0.26), (0.12, -0.12), (0.08, -0.04), (0.0, -0.03),
    ])  # fmt: skip


def _base(p: Points) -> Field:
    return turn(_base_curve(), p)


def _rod(p: Points) -> Field:
    nearest = drum(p, (0.0, 0.3, 0.0), 0.035, 0.6, 0.01)
    nearest = np.minimum(nearest, drum(p, (0.0, -0.02, 0.0), 0.075, 0.035, 0.015))
    nearest = np.minimum(nearest, sphere(p, (0.0, 0.97, 0.0), 0.055))
    chain = capsule(p, (0.16, -0.02, 0.22), (0.16, -0.16, 0.22), 0.008, 0.008)
    return np.minimum(nearest, np.minimum(chain, sphere(p, (0.16, -0.19, 0.22), 0.032)))


def _shade(p: Points) -> Field:
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    middle = radius - 0.515 + 0.30 * (p[1] - 0.44)
    skin = np.abs(middle) * 0.958 - 0.018
    height = np.abs(p[1] - 0.44) - 0.42
    distance: Field = np.maximum(skin, height)
    return distance


def _hem(p: Points) -> Field:
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    low = np.sqrt((radius - 0.64) ** 2 + (p[1] - 0.025) ** 2)
    high = np.sqrt((radius - 0.39) ** 2 + (p[1] - 0.855) ** 2)
    return np.minimum(low, high) - 0.028


def _model() -> Model:
    return Model(
        parts=(
            Part("shade", _shade, (0.0, 0.44, 0.0), 0.8, round_chart(0.52)),
            Part("base", _base, (0.0, -0.55, 0.0), 0.65, round_chart(0.3)),
            Part("rod", _rod, (0.0, 0.35, 0.0), 0.72),
            Part("hem", _hem, (0.0, 0.44, 0.0), 0.82),
        ),
        view=View(pitch=0.16),
        reach=1.2,
        caution=0.95,
    )


def _bulb_light(p: Points) -> Field:
    """How brightly the bulb behind shines through the shade: most across the middle."""
    share: Field = 0.75 * np.exp(-((p[1] - 0.34) ** 2) / 0.06)
    return share


_BASES = {
    "red": ("white", "ceramic"), "yellow": ("blue", "ceramic"), "blue": ("brown", "wood"), "green": ("brown", "wood"),
    "teal": ("gold", "metal"), "pink": ("white", "ceramic"), "white": ("teal", "ceramic"), "cream": ("red", "ceramic"),
    "purple": ("silver", "metal"), "orange": ("black", "ceramic"), "black": ("gold", "metal"),
}  # fmt: skip


def _coats(style: Style) -> Mapping[str, Coat]:
    scale = {"upright": 2 * np.pi * 0.52 / 14, "dotted": 0.26, "checked": 0.30}.get(style.pattern, 0.26)
    hem = style.accent if style.pattern != "plain" else style.colour
    return {
        "shade": Coat(style.colour, "lit fabric", style.pattern, style.accent, float(scale), shine=_bulb_light),
        "base": Coat(*_BASES[style.colour]),
        "rod": Coat("gold", "metal"),
        "hem": Coat(hem, "fabric"),
    }


def _words(style: Style) -> Words:
    pattern = "" if style.pattern == "plain" else f"{adjective(style.pattern)} "
    base_colour, base_material = _BASES[style.colour]
    base = base_colour if base_colour in ("gold", "silver") else f"{base_colour} {adjective(base_material)}"
    marks = f" patterned with {trim(style)}" if pattern else ""
    return Words(
        sub_category=f"table lamp with {with_article(f'{pattern}fabric shade')}",
        short_phrase=f"a table lamp with {with_article(f'{style.colour} {pattern}shade')}",
        description=f"A tall table lamp on {with_article(f'{base} base')}, with "
        f"{with_article(f'{style.colour} fabric shade')}{marks}.",
        features=(style.colour, pattern.strip() or "plain", "fabric shade", f"{base} base", "tall"),
    )


KIND = Kind(
    category="lamp",
    styles=(
        Style("red", "fabric"),
        Style("yellow", "fabric", "dotted"),
        Style("blue", "fabric", "upright"),
        Style("green", "fabric", "checked", "cream"),
        Style("teal", "fabric"),
        Style("pink", "fabric", "dotted"),
        Style("white", "fabric", "zigzag", "teal"),
        Style("cream", "fabric"),
        Style("purple", "fabric", "starry", "yellow"),
        Style("orange", "fabric", "striped", "cream"),
        Style("black", "fabric", "banded", "gold"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
