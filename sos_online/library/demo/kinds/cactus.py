"""Potted cacti: a ribbed column with two arms, a flower on top, in pots of many looks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from sos_online.library.demo.kind import Kind, Style, Words, adjective, trim, with_article
from sos_online.library.demo.materials import Coat
from sos_online.library.demo.model import Model, Part, View, round_chart
from sos_online.library.demo.outlines import Outline, profile, turn
from sos_online.library.demo.solids import Field, Points, blend, capsule, drum, ellipsoid, sphere

_RIBS = 12.0


@cache
def _pot_curve() -> Outline:
    return profile([
        (0.0, -1.04), (0.30, -1.04), (0.355, -1.0), (0.40, -0.78), (0.44, -0.60), (0.50, -0.58), (0.515, -0.53),
        (0.51, -0.42), (0.46, -0.40), (0.42, -0.46), (0.40, -0.52), (0.0, -0.53),
    ])  # fmt: skip


def _ribbed(x: Field, z: Field, depth: float) -> Field:
    """How far the skin stands out about an upright axis; the ribs run out towards the axis, where they would meet."""
    return depth * np.minimum(np.sqrt(x * x + z * z) * 8.0, 1.0) * np.cos(_RIBS * np.arctan2(x, z))


def _plant(p: Points) -> Field:
    trunk = capsule(p, (0.0, -0.55, 0.0), (0.0, 0.58, 0.0), 0.26, 0.25) - _ribbed(p[0], p[2], 0.022)
    left = capsule(p, (-0.20, -0.02, 0.0), (-0.46, 0.02, 0.0), 0.11, 0.12)
    left_up = capsule(p, (-0.50, 0.06, 0.0), (-0.50, 0.36, 0.0), 0.13, 0.125) - _ribbed(p[0] + 0.5, p[2], 0.012)
    right = capsule(p, (0.20, 0.20, 0.0), (0.42, 0.22, 0.0), 0.10, 0.105)
    right_up = capsule(p, (0.46, 0.26, 0.0), (0.46, 0.62, 0.0), 0.115, 0.11) - _ribbed(p[0] - 0.46, p[2], 0.012)
    arms = np.minimum(blend(left, left_up, 0.10), blend(right, right_up, 0.10))
    return blend(trunk, arms, 0.06) * 0.75


def _flower(p: Points) -> Field:
    x, y, z = p[0], p[1] - 0.86, p[2]
    turn_by = np.arctan2(x, z)
    fold = turn_by - (2 * np.pi / 6) * np.round(turn_by / (2 * np.pi / 6))
    radius = np.sqrt(x * x + z * z)
    petal: Points = (radius * np.sin(fold), y, radius * np.cos(fold))
    tilted: Points = (petal[0], petal[1] - 0.55 * petal[2], petal[2])
    return ellipsoid(tilted, (0.0, -0.02, 0.10), (0.075, 0.035, 0.12)) * 0.75


def _heart(p: Points) -> Field:
    return sphere(p, (0.0, 0.89, 0.0), 0.06)


def _pot(p: Points) -> Field:
    return turn(_pot_curve(), p)


def _soil(p: Points) -> Field:
    return drum(p, (0.0, -0.47, 0.0), 0.44, 0.02, 0.01)


def _model() -> Model:
    return Model(
        parts=(
            Part("plant", _plant, (0.0, 0.15, 0.0), 1.05),
            Part("pot", _pot, (0.0, -0.75, 0.0), 0.65, round_chart(0.45)),
            Part("soil", _soil, (0.0, -0.47, 0.0), 0.46),
            Part("flower", _flower, (0.0, 0.88, 0.0), 0.28),
            Part("heart", _heart, (0.0, 0.89, 0.0), 0.07),
        ),
        view=View(yaw=0.25, pitch=0.28),
        centre=(0.0, -0.05, 0.0),
        reach=1.25,
        caution=0.9,
    )


def _spines(p: Points) -> Field:
    """Pale tufts in rows down the ribs of the trunk and the arms; 0..1."""
    x = np.where(p[0] < -0.33, p[0] + 0.5, np.where(p[0] > 0.33, p[0] - 0.46, p[0]))
    angle = np.arctan2(x, p[2]) * (_RIBS / (2 * np.pi))
    radius = np.sqrt(x * x + p[2] * p[2])
    across = (angle - np.round(angle)) * radius * (2 * np.pi / _RIBS)
    row = p[1] / 0.13 + 0.5 * np.abs(np.round(angle) % 2)
    along = (row - np.round(row)) * 0.13
    return np.clip((0.019 - np.sqrt(across * across + along * along)) / 0.012 + 0.5, 0.0, 1.0)


def _below_rim(p: Points) -> Field:
    return (p[1] < -0.60).astype(np.float32)


def _coats(style: Style) -> Mapping[str, Coat]:
    within = _below_rim if style.pattern != "plain" else None
    scale = {"striped": 0.17, "dotted": 0.2, "checked": 0.235, "upright": 0.2}.get(style.pattern, 0.19)
    flower = "pink" if style.colour not in ("pink", "red") else "yellow"
    return {
        "plant": Coat("green", "leaf", accent="cream", mask=_spines),
        "pot": Coat(style.colour, style.material, style.pattern, style.accent, scale, within=within),
        "soil": Coat("brown", "clay"),
        "flower": Coat(flower, "leaf"),
        "heart": Coat("yellow" if flower == "pink" else "orange", "leaf"),
    }


def _words(style: Style) -> Words:
    flower = "pink" if style.colour not in ("pink", "red") else "yellow"
    pattern = "" if style.pattern == "plain" else f"{adjective(style.pattern)} "
    pot = f"{style.colour} {pattern}{adjective(style.material)} pot"
    marks = f" with {trim(style)}" if pattern else ""
    return Words(
        sub_category=f"cactus in {with_article(f'{pattern}{adjective(style.material)} pot')}",
        short_phrase=f"a green cactus in {with_article(pot)}",
        description=f"A ribbed green cactus with two arms and a {flower} flower, planted in "
        f"{with_article(f'{style.colour} {adjective(style.material)} pot')}{marks}.",
        features=("green", "potted", "ribbed", f"{flower} flower", f"{style.colour} pot"),
    )


KIND = Kind(
    category="cactus",
    styles=(
        Style("terracotta", "clay"),
        Style("white", "ceramic"),
        Style("blue", "ceramic", "dotted"),
        Style("yellow", "ceramic", "zigzag"),
        Style("red", "ceramic", "dotted"),
        Style("black", "ceramic", "starry", "gold"),
        Style("teal", "ceramic", "upright"),
        Style("pink", "ceramic", "checked"),
        Style("purple", "ceramic"),
        Style("orange", "ceramic", "striped"),
        Style("copper", "metal"),
        Style("brown", "wood"),
    ),
    models={"": _model},
    coats=_coats,
    words=_words,
)
