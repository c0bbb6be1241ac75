"""Patterns on an unrolled surface: how much of the second colour lies at each place.

All take float32 [N] coordinates in object units (an object is about two across) and answer float32 [N] in 0..1, with
edges softened over about one picture pixel.
"""

from __future__ import annotations

import numpy as np

from sos_online.library.demo.solids import Field

_SOFT = 0.006


def _cover(inside: Field) -> Field:
    """1 where `inside` (a distance, positive within) is positive, with a soft edge."""
    share: Field = np.clip(inside / (2 * _SOFT) + 0.5, 0.0, 1.0)
    return share


def _wave(value: Field, period: float) -> Field:
    """Distance from the nearest multiple of `period`, 0..period/2."""
    return np.abs(value - period * np.round(value / period))


def bands(u: Field, period: float, share: float = 0.5, shift: float = 0.0) -> Field:
    """Stripes across u, each covering `share` of its period."""
    return _cover(period * share / 2 - _wave(u - shift * period, period))


def dots(u: Field, v: Field, period: float, share: float = 0.28) -> Field:
    """Round spots of radius share*period in staggered rows."""
    row_height = period * 0.866
    row = np.round(v / row_height)
    across = _wave(u + (row - 2 * np.floor(row / 2)) * (period / 2), period)
    along = v - row * row_height
    return _cover(period * share - np.sqrt(across * across + along * along))


def checks(u: Field, v: Field, period: float) -> Field:
    """A chessboard with squares of side period/2."""
    a = _wave(u, period) - period / 4
    b = _wave(v, period) - period / 4
    return _cover(np.where((a > 0) == (b > 0), 1.0, -1.0) * np.minimum(np.abs(a), np.abs(b)))


def zigzags(u: Field, v: Field, period: float, share: float = 0.45) -> Field:
    """Zigzag bands that run along u."""
    return bands(v + _wave(u, period) * 0.8, period * 0.8, share)


def stars(u: Field, v: Field, period: float, share: float = 0.34) -> Field:
    """Five-pointed stars in staggered rows."""
    row = np.round(v / period)
    across = u + (row - 2 * np.floor(row / 2)) * (period / 2)
    across = across - period * np.round(across / period)
    along = v - row * period
    turn = np.arctan2(across, along)
    fold = np.abs(turn - (2 * np.pi / 5) * np.round(turn / (2 * np.pi / 5)))
    distance = np.sqrt(across * across + along * along)
    # within a tenth of a turn a star's edge is the straight line from its tip to its inner corner
    x, y = distance * np.cos(fold), distance * np.sin(fold)
    tip = period * share
    inner_x, inner_y = 0.45 * tip * float(np.cos(np.pi / 5)), 0.45 * tip * float(np.sin(np.pi / 5))
    length = float(np.hypot(tip - inner_x, inner_y))
    return _cover(((tip - x) * inner_y - y * (tip - inner_x)) / length)


def pattern(name: str, u: Field, v: Field, scale: float) -> Field:
    """Share of the second colour under the pattern of that name; `scale` is its period in object units."""
    if name == "striped":
        return bands(v, scale)
    if name == "upright":
        return bands(u, scale)
    if name == "banded":
        return bands(v, scale, 0.3)
    if name == "dotted":
        return dots(u, v, scale)
    if name == "checked":
        return checks(u, v, scale)
    if name == "zigzag":
        return zigzags(u, v, scale)
    if name == "starry":
        return stars(u, v, scale)
    raise ValueError(f"there is no pattern named {name!r}")
