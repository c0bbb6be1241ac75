"""Vases: tall ones with a neck and round-bellied ones, in glaze, clay and glass."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, usual_words
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View, round_chart
from sos_online.library.demo.outlines import Outline, profile, turn
from sos_online.library.demo.solids import Field, Points

# outside from the foot to the lip, then down the mouth to a floor that is too deep and dark to be seen
_CORNERS = {
    "tall": [
        (0.0, -1.02), (0.22, -1.02), (0.32, -0.95), (0.41, -0.5), (0.46, -0.1), (0.40, 0.28),
        (0.24, 0.56), (0.19, 0.74), (0.23, 0.92), (0.31, 1.02), (0.25, 1.03), (0.16, 0.90), (0.12, 0.6), (0.0, 0.5),
    ],
    "round": [
        (0.0, -0.76), (0.26, -0.76), (0.36, -0.71), (0.62, -0.40), (0.70, -0.05), (0.58, 0.30),
        (0.34, 0.50), (0.29, 0.60), (0.34, 0.71), (0.43, 0.77), (0.36, 0.77), (0.24, 0.64), (0.20, 0.44), (0.0, 0.34),
    ],
}  # fmt: skip


@cache
def _curve(form: str) -> Outline:
    return profile(_CORNERS[form])


def _tall(p: Points) -> Field:
    return turn(_curve("tall"), p)


def _round(p: Points) -> Field:
    return turn(_curve("round"), p)


def _tall_model() -> Model:
    part = Part("vase", _tall, (0.0, 0.0, 0.0), 1.2, round_chart(0.40))
    return Model((part,), View(pitch=0.26), reach=1.2)


def _round_model() -> Model:
    part = Part("vase", _round, (0.0, 0.0, 0.0), 1.1, round_chart(0.62))
    return Model((part,), View(pitch=0.30), reach=1.1)


def _belly(p: Points) -> Field:
    """1 on the outside of the belly, 0 inside the mouth and about the lip."""
    radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
    return ((radius > 0.27) & (p[1] < 0.48)).astype(np.float32)


def _coats(style: Style) -> Mapping[str, Coat]:
    scale = {"striped": 0.28, "upright": 0.26, "banded": 0.30, "checked": 0.34}.get(style.pattern, 0.28)
    return {"vase": Coat(style.colour, style.material, style.pattern, style.accent, scale, within=_belly)}


def _words(style: Style) -> Words:
    return usual_words("vase", style, "a slender neck" if style.form == "tall" else "a wide belly")


KIND = Kind(
    category="vase",
    styles=(
        Style("blue", "ceramic", "plain", form="tall"),
        Style("white", "ceramic", "zigzag", "blue", form="tall"),
        Style("green", "glass", form="tall"),
        Style("red", "glass", form="tall"),
        Style("black", "ceramic", "banded", "gold", form="tall"),
        Style("pink", "ceramic", "dotted", form="tall"),
        Style("gold", "metal", form="tall"),
        Style("blue", "glass", form="round"),
        Style("purple", "glass", form="round"),
        Style("brown", "clay", "zigzag", "cream", form="round"),
        Style("teal", "ceramic", form="round"),
        Style("yellow", "ceramic", "striped", form="round"),
        Style("orange", "clay", form="round"),
        Style("white", "ceramic", "checked", "green", form="round"),
    ),
    models={"tall": _tall_model, "round": _round_model},
    coats=_coats,
    words=_words,
)
