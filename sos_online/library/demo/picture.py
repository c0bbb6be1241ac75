"""From lit samples to the finished picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from sos_online.library.demo.march import SUPER, Frame, chunks, frame_object, look
from sos_online.library.demo.materials import Coat, shaded
from sos_online.library.demo.model import Model, Part
from sos_online.library.demo.solids import Field, Points
from sos_online.library.demo.studio import Light, light

LONG_SIDE = 324  # of the object in pixels; the picture has MARGIN more on each side
MARGIN = 6
LIGHT_STEPS = 16384  # to the unit; no light on a surface reaches 4
_SOFTEN = 0.75  # blur in samples before they are averaged into pixels: an edge about two pixels wide


@dataclass(frozen=True, slots=True)
class Sitting:
    """A model seen and lit, waiting to be painted; entries are those of `Hits`.

    `place`: int32 [N], flat index in the sample grid. `points`: float32 [N] each, in object axes.
    `lit`: uint16 [N] each, in steps of 1/LIGHT_STEPS, to keep many sittings in memory.
    """

    parts: tuple[Part, ...]
    frame: Frame
    spans: tuple[tuple[int, int], ...]
    place: NDArray[np.int32]
    points: Points
    lit: Mapping[str, NDArray[np.uint16]]


def sit(model: Model) -> Sitting:
    """See and light a model: the slow part, the same for all its coats."""
    hits = look(model, frame_object(model, LONG_SIDE))
    lit = light(model, hits)
    stored = {f.name: (getattr(lit, f.name) * LIGHT_STEPS + 0.5).astype(np.uint16) for f in fields(Light)}
    return Sitting(model.parts, hits.frame, hits.spans, hits.place.astype(np.int32), hits.points, stored)


def paint(sitting: Sitting, coats: Mapping[str, Coat]) -> NDArray[np.uint8]:
    """The picture of a model in coats (one for each part's name): uint8 [H, W, 4], RGB and straight alpha."""
    frame = sitting.frame
    samples = np.zeros((frame.rows * frame.columns, 4), np.float32)
    for part, (first, last) in zip(sitting.parts, sitting.spans, strict=True):
        for here in chunks(first, last):
            x, y, z = (axis[here] for axis in sitting.points)
            lit = Light(**{name: values[here] * np.float32(1 / LIGHT_STEPS) for name, values in sitting.lit.items()})
            samples[sitting.place[here]] = shaded(coats[part.name], (x, y, z), part.chart((x, y, z)), lit).T
    return _developed(samples.reshape(frame.rows, frame.columns, 4))


def _developed(samples: Field) -> NDArray[np.uint8]:
    """Linear premultiplied samples [rows, columns, 4] to a trimmed sRGB picture with straight alpha."""
    border = 2 * MARGIN * SUPER
    framed = cv2.copyMakeBorder(samples, border, border, border, border, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    framed = cv2.GaussianBlur(framed, (5, 5), _SOFTEN)
    size = (framed.shape[1] // SUPER, framed.shape[0] // SUPER)
    pixels = cv2.resize(framed, size, interpolation=cv2.INTER_AREA)
    alpha = pixels[..., 3]
    seen = alpha >= 0.5 / 255
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    window = (
        slice(int(rows[0]) - MARGIN, int(rows[-1]) + MARGIN + 1),
        slice(int(columns[0]) - MARGIN, int(columns[-1]) + MARGIN + 1),
    )
    pixels, alpha, seen = pixels[window], alpha[window], seen[window]
    colour = pixels[..., :3] / np.maximum(alpha, 1e-4)[..., None]
    # where nothing is seen the mean colour stands, so that careless resampling draws no dark halo
    colour[~seen] = pixels[..., :3].sum(axis=(0, 1)) / alpha.sum()
    picture = np.empty((*alpha.shape, 4), np.uint8)
    levels = np.clip(colour * 4095.0, 0.0, 4095.0).astype(np.uint16)
    picture[..., :3] = _SRGB.take(levels)
    picture[..., 3] = np.where(seen, alpha * 255.0 + 0.5, 0.0).astype(np.uint8)
    return picture


def _srgb_table() -> NDArray[np.uint8]:
    """sRGB code, uint8 [4096], of each linear level."""
    level = np.arange(4096) / 4095.0
    encoded = np.where(level <= 0.0031308, level * 12.92, 1.055 * np.maximum(level, 1e-9) ** (1 / 2.4) - 0.055)
    return (encoded * 255.0 + 0.5).astype(np.uint8)


_SRGB = _srgb_table()
