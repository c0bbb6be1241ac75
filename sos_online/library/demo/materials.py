"""How surfaces answer the studio's light, and the coats that objects wear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sos_online.library.demo.noise import ripple, speckle
from sos_online.library.demo.palette import linear, pigment
from sos_online.library.demo.patterns import pattern
from sos_online.library.demo.solids import Field, Points
from sos_online.library.demo.studio import Light

_WINDOW_LIGHT = linear(255, 250, 240)[:, None] * np.float32(1.06)
_SKY_LIGHT = linear(244, 248, 255)[:, None] * np.float32(0.34)
_FLOOR_LIGHT = linear(255, 238, 220)[:, None] * np.float32(0.2)
_BOUNCE = 0.22
_RIM_SHARE = 0.4  # of the light from behind, how much takes the pigment's colour


@dataclass(frozen=True, slots=True)
class Material:
    """Strengths, about 0..1, of what a surface does with light.

    `diffuse`: light scattered in the pigment's colour. `mirror`, `satin`, `broad`: sharp to very soft highlights.
    `room`: reflection of the surroundings, strongest at grazing angles. `metal`: coloured mirror of the whole studio.
    `sheen`: the soft brightness of cloth seen edge-on. `through`: glow of light come through from behind.
    `clear`: tinted light from the scene behind.
    `opacity`: alpha of the surface seen straight on (it goes to 1 edge-on). `grain`: see `_grained`.
    """

    diffuse: float = 1.0
    mirror: float = 0.0
    satin: float = 0.0
    broad: float = 0.0
    room: float = 0.0
    metal: float = 0.0
    sheen: float = 0.0
    through: float = 0.0
    clear: float = 0.0
    opacity: float = 1.0
    grain: str = ""


MATERIALS: dict[str, Material] = {
    "ceramic": Material(mirror=0.62, broad=0.16, room=0.5),
    "plastic": Material(mirror=0.25, satin=0.35, broad=0.2, room=0.4),
    "rubber": Material(satin=0.16, broad=0.28, room=0.22, through=0.06),
    "clay": Material(broad=0.06, room=0.05, grain="clay"),
    "metal": Material(diffuse=0.10, metal=1.22, mirror=0.25, room=0.2),
    "foil": Material(diffuse=0.10, metal=1.22, mirror=0.25, room=0.2),
    "wood": Material(satin=0.10, broad=0.14, room=0.18, grain="wood"),
    "fabric": Material(diffuse=0.95, sheen=0.35, grain="weave"),
    "paper": Material(satin=0.05, broad=0.12, room=0.12),
    "glass": Material(diffuse=0.3, mirror=0.9, broad=0.1, room=0.45, through=1.5, clear=0.6, opacity=0.66),
    "latex": Material(diffuse=0.9, mirror=0.6, broad=0.22, room=0.5, through=0.5, opacity=0.86),
    "natural": Material(mirror=0.35, satin=0.2, broad=0.15, room=0.35, through=0.08),
    "leaf": Material(satin=0.12, broad=0.18, room=0.2, through=0.12),
    "frosting": Material(broad=0.2, room=0.12, through=0.12),
    "satin": Material(satin=0.28, broad=0.2, room=0.25, sheen=0.2),
    "matte": Material(broad=0.08, room=0.08),
    "lit fabric": Material(diffuse=0.75, sheen=0.2, grain="weave"),
}


@dataclass(frozen=True, slots=True)
class Coat:
    """What one part wears: a colour of the palette, a material, and possibly a pattern in a second colour.

    `scale`: period of the pattern in object units. `mask`: the second colour's share, for parts painted by hand.
    `within`: where the pattern lies, 0..1, if not everywhere.
    `shine`: light of the part's own, as a share of its colour.
    """

    colour: str
    material: str
    pattern: str = "plain"
    accent: str = "white"
    scale: float = 0.3
    mask: Callable[[Points], Field] | None = None
    within: Callable[[Points], Field] | None = None
    shine: Callable[[Points], Field] | None = None


def shaded(coat: Coat, points: Points, chart: tuple[Field, Field], lit: Light) -> Field:
    """Linear premultiplied colour and alpha of samples, float32 [4, N] in 0..1.

    `points`: object coordinates, [N] each. `chart`: their pattern coordinates. `lit`: the light on them.
    """
    material = MATERIALS[coat.material]
    albedo = _albedo(coat, points, chart)
    albedo = _grained(material.grain, albedo, points, chart)
    # light that leaves a crevice has met its walls several times and is tinted by them
    received = lit.key * _WINDOW_LIGHT + lit.sky * _SKY_LIGHT + lit.floor * _FLOOR_LIGHT
    received += (1.0 - lit.cavity) * _BOUNCE * albedo
    colour = albedo * (material.diffuse * received + _RIM_SHARE * lit.rim)
    if material.metal:
        tint = albedo + (1.0 - albedo) * (0.6 * lit.grazing**4)
        colour += tint * (material.metal * lit.chrome)
    if material.through:
        colour += np.sqrt(albedo) * albedo * (material.through * lit.through)
    if material.sheen:
        colour += (albedo * 0.8 + 0.05) * (material.sheen * lit.grazing * lit.grazing * lit.cavity)
    if coat.shine is not None:
        colour += albedo * coat.shine(points)
    edge_on = lit.grazing * lit.grazing
    edge_on *= edge_on
    highlight = material.mirror * lit.mirror + material.satin * lit.satin + material.broad * lit.broad
    highlight = highlight * (0.8 + 0.6 * edge_on) + material.room * lit.room * (0.05 + 0.35 * edge_on)
    highlight += (0.5 - _RIM_SHARE) * lit.rim
    result = np.empty((4, points[0].size), np.float32)
    if material.clear:
        # tinted light from behind: pale where the wall is thin, deep where it is seen edge-on
        depth = np.clip(1.7 * lit.grazing, 0.0, 1.0)
        colour += material.clear * (albedo + (1.0 - depth) * 0.03) * (1.0 - 0.75 * depth * (1.0 - albedo))
    if material.opacity < 1.0:
        alpha = material.opacity + (1.0 - material.opacity) * np.clip(1.25 * edge_on + highlight, 0.0, 1.0)
        result[:3] = _toned(colour * alpha + highlight)
        result[3] = np.maximum(alpha, result[:3].max(axis=0))
    else:
        result[:3] = _toned(colour + highlight)
        result[3] = 1.0
    return result


def _albedo(coat: Coat, points: Points, chart: tuple[Field, Field]) -> Field:
    """Pigment of each sample, float32 [3, N], or [3, 1] where all are alike."""
    first = pigment(coat.colour)[:, None]
    if coat.mask is not None:
        share = coat.mask(points)
    elif coat.pattern != "plain":
        share = pattern(coat.pattern, chart[0], chart[1], coat.scale)
        if coat.within is not None:
            share = share * coat.within(points)
    else:
        return first
    return first + share * (pigment(coat.accent)[:, None] - first)


def _grained(grain: str, albedo: Field, points: Points, chart: tuple[Field, Field]) -> Field:
    """The pigment with the fine texture of the material: `clay` speckles, `wood` rings or a cloth's `weave`."""
    tone: Field
    if grain == "clay":
        tone = 1.0 + 0.018 * speckle(points, 30.0) + 0.03 * speckle(points, 90.0)
    elif grain == "wood":
        x, y, z = points
        warp = ripple(x * 3.0 + 9.0, y * 1.6 + z * 3.0)
        radius = np.sqrt((x + 1.6) ** 2 + (z * 1.2 + 0.5) ** 2) + 0.08 * warp + 0.06 * y
        ring = radius * 11.0
        ring = ring - np.floor(ring)
        early = np.minimum(ring * 1.25, (1.0 - ring) * 5.0)
        tone = 1.14 + 0.55 * early + 0.05 * ripple(x * 60.0 + z * 40.0, y * 5.0)
    elif grain == "weave":
        u, v = chart
        tone = 1.0 + 0.10 * np.sin(u * 130.0) * np.sin(v * 130.0) + 0.035 * speckle(points, 22.0)
    else:
        return albedo
    return albedo * tone


def _toned(colour: Field) -> Field:
    """Brightness eased under 1: unchanged up to 0.6, then a shoulder."""
    over = np.maximum(colour - 0.6, 0.0)
    eased: Field = np.minimum(colour, 0.6) + over / (1.0 + over * 2.5)
    return eased
