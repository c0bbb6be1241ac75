"""Finding, for every pixel, the point of an object that the camera sees (sphere tracing, coarse to fine)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sos_online.library.demo.model import Model
from sos_online.library.demo.solids import Field, Points

SUPER = 2  # samples per picture pixel, each way
_CHUNK = 16384  # points at a time: their arrays stay in the processor's cache
_BLOCKS = (8, 4, 1)  # samples per side of the beams, from coarse to fine
_PROBE = 0.008  # how far to the side the slope of a surface is felt
_CELLS = 72  # coarse cells over the whole field of view when looking for the object


@dataclass(frozen=True, slots=True)
class Frame:
    """The camera's sample grid: sample (row, column) looks through (left + column*step, top - row*step)."""

    left: float
    top: float
    step: float
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Hits:
    """The visible surface, one entry per sample that meets the object, ordered by part.

    `place`: int64 [N], flat index in the frame. `points`, `normals`: three float32 [N] each, in object axes.
    `spans`: for each part, the range of its entries.
    """

    frame: Frame
    place: NDArray[np.int64]
    points: Points
    normals: Points
    spans: tuple[tuple[int, int], ...]


def chunks(first: int, last: int) -> Iterator[slice]:
    """Slices that cover entries `first` to `last` a cacheful at a time."""
    for start in range(first, last, _CHUNK):
        yield slice(start, min(start + _CHUNK, last))


def _ray_points(model: Model, a: Field, b: Field, depth: Field) -> Points:
    (rx, ry, rz), (ux, uy, uz), (kx, ky, kz) = model.axes
    x, y, z = model.centre
    return (
        a * rx + b * ux - depth * kx + x,
        a * ry + b * uy - depth * ky + y,
        a * rz + b * uz - depth * kz + z,
    )


def _trace(model: Model, a: Field, b: Field, start: Field, beam: float, steps: int) -> tuple[Field, NDArray[np.bool_]]:
    """Depths at which beams of half width `beam` first come within that of the surface, and whether they do."""
    depth = start.copy()
    met = np.zeros(a.shape, np.bool_)
    for here in chunks(0, a.size):
        alive = np.arange(here.start, here.stop)
        va, vb, vd = a[here], b[here], depth[here]
        for _ in range(steps):
            gap = model.distance(_ray_points(model, va, vb, vd)) - beam
            close = gap < beam * 0.3
            done = alive[close]
            met[done] = True
            depth[done] = vd[close]
            vd = vd + np.maximum(gap * model.caution, beam * 0.3)
            keep = ~close & (vd < model.reach)
            alive, va, vb, vd = alive[keep], va[keep], vb[keep], vd[keep]
            if not alive.size:
                break
        else:
            met[alive] = True  # still creeping along a surface seen edge-on: it is within a hair of it
            depth[alive] = vd
    return depth, met


def frame_object(model: Model, long_side: int) -> Frame:
    """The sample grid that shows the whole object, `long_side` picture pixels long."""
    cell = 2 * model.reach / _CELLS
    axis = (np.arange(_CELLS, dtype=np.float32) + 0.5) * cell - model.reach
    a, b = (grid.ravel() for grid in np.meshgrid(axis, axis))
    _, met = _trace(model, a, b, np.full_like(a, -model.reach), cell * 0.71, 60)
    a, b = a[met], b[met]
    left, right = float(a.min()) - cell / 2, float(a.max()) + cell / 2
    low, high = float(b.min()) - cell / 2, float(b.max()) + cell / 2
    step = max(right - left, high - low) / (long_side * SUPER)
    rows, columns = (int(np.ceil(extent / step / _BLOCKS[0])) * _BLOCKS[0] for extent in (high - low, right - left))
    return Frame(left + step / 2, high - step / 2, step, rows, columns)


def look(model: Model, frame: Frame) -> Hits:
    """Every sample's first meeting with the object."""
    place = np.arange((frame.rows // _BLOCKS[0]) * (frame.columns // _BLOCKS[0]))
    depth = np.full(place.shape, -model.reach, np.float32)
    for block, finer in zip(_BLOCKS, (*_BLOCKS[1:], 0), strict=True):
        columns = frame.columns // block
        middle = (block - 1) / 2
        a = (frame.left + frame.step * (place % columns * block + middle)).astype(np.float32)
        b = (frame.top - frame.step * (place // columns * block + middle)).astype(np.float32)
        depth, met = _trace(model, a, b, depth, frame.step * (0.71 * block if finer else 0.45), 80 if finer else 40)
        place, depth, a, b = place[met], depth[met], a[met], b[met]
        if finer:
            split = block // finer
            inner = np.arange(split)
            row = (place // columns * split)[:, None, None] + inner[None, :, None]
            column = (place % columns * split)[:, None, None] + inner[None, None, :]
            place = (row * (columns * split) + column).reshape(-1)
            depth = np.repeat(depth, split * split)

    owner, gap = np.empty(depth.shape, np.uint8), np.empty_like(depth)
    for here in chunks(0, a.size):
        owner[here], gap[here] = model.owner(_ray_points(model, a[here], b[here], depth[here]))
    order = np.argsort(owner, kind="stable")
    place, a, b, depth, owner, gap = place[order], a[order], b[order], depth[order], owner[order], gap[order]
    points = _ray_points(model, a, b, depth)
    spans = tuple(pairwise(np.searchsorted(owner, np.arange(len(model.parts) + 1)).tolist()))
    return Hits(frame, place, points, _normals(model, points, gap, spans), spans)


def _normals(model: Model, points: Points, gap: Field, spans: tuple[tuple[int, int], ...]) -> Points:
    """Unit outward normals in object axes: each part's own slope, from the distance `gap` there and three probes."""
    normals = (np.empty_like(gap), np.empty_like(gap), np.empty_like(gap))
    for part, (first, last) in zip(model.parts, spans, strict=True):
        for here in chunks(first, last):
            x, y, z = (axis[here] for axis in points)
            slope_x = part.solid((x + _PROBE, y, z)) - gap[here]
            slope_y = part.solid((x, y + _PROBE, z)) - gap[here]
            slope_z = part.solid((x, y, z + _PROBE)) - gap[here]
            length = np.sqrt(slope_x * slope_x + slope_y * slope_y + slope_z * slope_z) + np.float32(1e-9)
            for normal, slope in zip(normals, (slope_x, slope_y, slope_z), strict=True):
                normal[here] = slope / length
    return normals
