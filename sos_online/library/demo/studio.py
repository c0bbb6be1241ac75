"""The light of the studio on a shape: everything about it that does not depend on the object's colours.

A big soft window above left, a strip on the right, a bright ceiling and a warm floor. Directions are in camera axes
(x right, y up, z towards the camera), so all objects of one picture are lit alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sos_online.library.demo.march import Hits, chunks
from sos_online.library.demo.model import Model
from sos_online.library.demo.solids import Field, Points, Triple

_KEY: Triple = (-0.54, 0.62, 0.569)
_RIM: Triple = (0.75, 0.35, -0.56)


@dataclass(frozen=True, slots=True)
class _Lamp:
    """A bright rectangle facing the object: unit vectors to it and along its sides, and half its size at distance 1."""

    ahead: Triple
    across: Triple
    along: Triple
    width: float
    height: float


def _lamp(ahead: Triple, width: float, height: float) -> _Lamp:
    across = np.cross((0.0, 1.0, 0.0), ahead)
    across /= np.linalg.norm(across)
    along = np.cross(ahead, across)
    return _Lamp(ahead, _triple(across), _triple(along), width, height)


def _triple(vector: NDArray[np.float64]) -> Triple:
    return float(vector[0]), float(vector[1]), float(vector[2])


_WINDOW = _lamp(_KEY, 0.52, 0.58)
_STRIP = _lamp((0.90, 0.12, 0.42), 0.09, 0.75)
_STRIDE = 3  # shadows and occlusion are smooth: one sample in 3 x 3 is enough


@dataclass(frozen=True, slots=True)
class Light:
    """Per visible sample (as in `Hits`), float32 [N]; intensities are linear and about 0..1.

    `key`: the window's direct light. `sky`, `floor`: ambient light from above and below. `rim`: light from behind.
    `cavity`: how open the place is, 0..1. `grazing`: 1 - cos of the angle between view and normal.
    `mirror`, `satin`, `broad`: sharp, soft and very soft reflections of the lamps. `room`: reflection of the room.
    `chrome`: the whole studio as bare metal shows it. `through`: light that has crossed the object from behind.
    """

    key: Field
    sky: Field
    floor: Field
    rim: Field
    cavity: Field
    grazing: Field
    mirror: Field
    satin: Field
    broad: Field
    room: Field
    chrome: Field
    through: Field


def light(model: Model, hits: Hits) -> Light:
    """The studio's light on the visible surface."""
    nx, ny, nz = camera_axes(model, hits.normals)
    nz = np.maximum(nz, 0.2)  # not quite edge-on, or single samples along the outline would flash
    shade, cavity = _occlusion(model, hits)
    facing = nx * _KEY[0] + ny * _KEY[1] + nz * _KEY[2]
    key = np.clip((facing + 0.18) / 1.18, 0.0, 1.0) * shade
    upward = 0.5 - 0.12 * nx + 0.44 * ny + 0.12 * nz
    grazing = 1.0 - nz
    rim = np.clip(nx * _RIM[0] + ny * _RIM[1] + nz * _RIM[2] + 0.25, 0.0, 1.0) * cavity
    reflected = (2 * nz * nx, 2 * nz * ny, 2 * nz * nz - 1.0)
    open_shade = 0.35 + 0.65 * shade
    mirror = (_window(reflected, 0.035) * open_shade + 0.5 * _strip(reflected, 0.05)) * cavity
    satin = (0.62 * _window(reflected, 0.22) * open_shade + 0.3 * _strip(reflected, 0.22)) * cavity
    broad = (0.4 * _window(reflected, 0.6) * open_shade + 0.16 * _strip(reflected, 0.5)) * cavity
    room = (0.25 + 0.75 * _step(reflected[1], -0.5, 0.9)) * cavity
    height = reflected[1] + 0.14 * np.sin(3.0 * reflected[0] + 0.7)
    horizon = _step(height, -0.12, 0.06) * (0.74 - 0.46 * _step(height, 0.06, 0.5) + 0.3 * _step(height, 0.55, 0.95))
    ground = 0.46 * _step(-height, 0.1, 0.7) - 0.16 * _step(-height, 0.7, 1.0)
    walls = 1.0 - 0.55 * _step(np.abs(reflected[0] + 0.1), 0.72, 0.95)
    lamps = 0.75 * _window(reflected, 0.1) * open_shade + 0.45 * _strip(reflected, 0.12)
    chrome = (0.07 + horizon + ground) * walls + lamps
    through = np.clip(0.48 * nx - 0.62 * ny + 0.25 * nz + 0.1, 0.0, 1.0) ** 2
    return Light(
        key=key,
        sky=upward * cavity,
        floor=(1.0 - upward) * cavity,
        rim=rim * grazing * grazing,
        cavity=cavity,
        grazing=grazing,
        mirror=mirror,
        satin=satin,
        broad=broad,
        room=room,
        chrome=chrome * (0.35 + 0.65 * cavity),
        through=through,
    )


def camera_axes(model: Model, vectors: Points) -> Points:
    """Vectors in object axes, given in camera axes."""
    x, y, z = (vectors[0] * u[0] + vectors[1] * u[1] + vectors[2] * u[2] for u in model.axes)
    return x, y, z


def _step(value: Field, low: float, high: float) -> Field:
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    eased: Field = t * t * (3.0 - 2.0 * t)
    return eased


def _panel(r: Points, lamp: _Lamp, softness: float) -> tuple[Field, Field, Field]:
    """How much of a lamp is seen along reflected directions, and where on it (across, along), in half widths."""
    away = 1.0 / np.maximum(r[0] * lamp.ahead[0] + r[1] * lamp.ahead[1] + r[2] * lamp.ahead[2], 0.05)
    across = (r[0] * lamp.across[0] + r[1] * lamp.across[1] + r[2] * lamp.across[2]) * away
    along = (r[0] * lamp.along[0] + r[1] * lamp.along[1] + r[2] * lamp.along[2]) * away
    seen = _step(lamp.width - np.abs(across), -softness, softness)
    seen *= _step(lamp.height - np.abs(along), -softness, softness)
    return seen * _step(1.0 / away, 0.05, 0.3), across, along


def _window(r: Points, softness: float) -> Field:
    """The window upper left, with its four panes when sharp, as seen along reflected directions."""
    seen, across, along = _panel(r, _WINDOW, softness)
    if softness < 0.1:
        seen = seen * (0.3 + 0.7 * _step(np.abs(across + 0.06), 0.02, 0.05) * _step(np.abs(along - 0.05), 0.02, 0.05))
    return seen


def _strip(r: Points, softness: float) -> Field:
    """The tall lamp at the right, as seen along reflected directions."""
    return _panel(r, _STRIP, softness)[0]


def _occlusion(model: Model, hits: Hits) -> tuple[Field, Field]:
    """Share of the window seen past the object itself, and openness of the surroundings; float32 [N], 0..1."""
    frame = hits.frame
    row, column = np.divmod(hits.place, frame.columns)
    few = np.flatnonzero((row % _STRIDE == 1) & (column % _STRIDE == 1))
    points: Points = (hits.points[0][few], hits.points[1][few], hits.points[2][few])
    normals: Points = (hits.normals[0][few], hits.normals[1][few], hits.normals[2][few])
    shade, cavity = np.empty_like(points[0]), np.empty_like(points[0])
    right, up, back = model.axes
    x, y, z = (_KEY[0] * right[i] + _KEY[1] * up[i] + _KEY[2] * back[i] for i in range(3))
    for piece in chunks(0, few.size):
        p: Points = (points[0][piece], points[1][piece], points[2][piece])
        n: Points = (normals[0][piece], normals[1][piece], normals[2][piece])
        shade[piece] = _shadow(model, p, n, (x, y, z))
        cavity[piece] = _openness(model, p, n)
    # spread to every sample: a blur that only averages over samples of the object
    coarse = np.zeros((frame.rows // _STRIDE + 1, frame.columns // _STRIDE + 1, 3), np.float32)
    coarse[row[few] // _STRIDE, column[few] // _STRIDE] = np.stack([shade, cavity, np.ones_like(shade)], axis=1)
    small = cv2.GaussianBlur(coarse, (0, 0), 1.1, borderType=cv2.BORDER_CONSTANT)
    full = cv2.resize(small, (small.shape[1] * _STRIDE, small.shape[0] * _STRIDE), interpolation=cv2.INTER_LINEAR)
    spread = full[row, column]
    weight = np.maximum(spread[:, 2], 1e-4)
    return spread[:, 0] / weight, spread[:, 1] / weight


def _shadow(model: Model, p: Points, n: Points, towards: Triple) -> Field:
    """Penumbra-soft share of the window seen from each point."""
    lifted = tuple(axis + 0.02 * normal for axis, normal in zip(p, n, strict=True))
    seen = np.ones_like(p[0])
    along = np.full_like(p[0], 0.03)
    for _ in range(10):
        gap = model.distance(
            (lifted[0] + along * towards[0], lifted[1] + along * towards[1], lifted[2] + along * towards[2])
        )
        seen = np.minimum(seen, 0.5 + 3.5 * gap / along)
        along = along + np.clip(gap, 0.05, 0.3)
    return _step(seen, 0.0, 1.0)


def _openness(model: Model, p: Points, n: Points) -> Field:
    """Ambient occlusion from how fast the surroundings open up along the normal."""
    closed = np.zeros_like(p[0])
    for reach, weight in ((0.03, 0.9), (0.09, 0.9), (0.2, 0.6), (0.38, 0.35)):
        gap = model.distance((p[0] + reach * n[0], p[1] + reach * n[1], p[2] + reach * n[2]))
        closed += np.clip(reach - gap, 0.0, reach) * (weight / reach)
    open_share: Field = np.clip(1.0 - 0.42 * closed, 0.0, 1.0)
    return open_share
