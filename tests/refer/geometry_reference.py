"""Statements about positions as ``docs/words.md`` words them: one object after the other, in float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.refer.made_up import Box

Answer = bool | None


def either(true: bool, false: bool) -> Answer:
    assert not (true and false)
    return True if true else False if false else None


def centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def is_before(seen: Sequence[Box], whole: Sequence[Box], o: int, p: int, axis: int, length: float) -> bool:
    return (
        centre(seen[p])[axis] - centre(seen[o])[axis] >= 0.05 * length
        and centre(whole[p])[axis] - centre(whole[o])[axis] >= 0.05 * length
        and seen[o][axis] < seen[p][axis]
        and seen[o][axis + 2] < seen[p][axis + 2]
    )


def direction(name: str, seen: Sequence[Box], whole: Sequence[Box], o: int, p: int, size_hw: tuple[int, int]) -> Answer:
    if o == p:
        return False
    if name in ("right of", "below"):
        return direction({"right of": "left of", "below": "above"}[name], seen, whole, p, o, size_hw)
    axis = 0 if name == "left of" else 1
    length = size_hw[1 - axis]
    along, aside = (abs(centre(seen[p])[k] - centre(seen[o])[k]) for k in (axis, 1 - axis))
    narrower = min(seen[o][axis + 2] - seen[o][axis], seen[p][axis + 2] - seen[p][axis])
    return either(
        is_before(seen, whole, o, p, axis, length)
        and seen[o][axis + 2] <= seen[p][axis] + 0.15 * narrower
        and aside <= along,
        is_before(seen, whole, p, o, axis, length),
    )


def place(name: str, box: Box, size_hw: tuple[int, int]) -> Answer:
    height, width = size_hw
    u, v = centre(box)[0] / width, centre(box)[1] / height
    x1, y1, x2, y2 = box[0] / width, box[1] / height, box[2] / width, box[3] / height
    if name == "left":
        return either(u <= 0.35 and x1 <= 0.2 and x2 <= 0.55, u >= 0.5)
    if name == "right":
        return either(u >= 0.65 and x2 >= 0.8 and x1 >= 0.45, u <= 0.5)
    if name == "top":
        return either(v <= 0.35 and y1 <= 0.2 and y2 <= 0.55, v >= 0.5)
    if name == "bottom":
        return either(v >= 0.65 and y2 >= 0.8 and y1 >= 0.45, v <= 0.5)
    if name == "middle":
        off = max(abs(u - 0.5), abs(v - 0.5))
        return either(off <= 0.12 and x2 - x1 <= 0.6 and y2 - y1 <= 0.6, off >= 0.25)
    parts = [place(part, box, size_hw) for part in name.split()]
    deep = min(u, 1 - u) <= 0.25 and min(v, 1 - v) <= 0.25
    deep = deep and min(x1, 1 - x2) <= 0.15 and min(y1, 1 - y2) <= 0.15
    return False if False in parts else None if None in parts or not deep else True


def distance(a: Box, b: Box) -> float:
    return float(np.hypot(centre(a)[0] - centre(b)[0], centre(a)[1] - centre(b)[1]))


def gap(a: Box, b: Box) -> float:
    return float(np.hypot(max(a[0] - b[2], b[0] - a[2], 0), max(a[1] - b[3], b[1] - a[3], 0)))


def is_nearer(o: Box, q: Box, p: Box, size_hw: tuple[int, int]) -> bool:
    return (
        distance(q, p) >= 1.3 * distance(o, p)
        and gap(q, p) >= 1.3 * gap(o, p)
        and gap(q, p) - gap(o, p) >= 0.03 * float(np.hypot(*size_hw))
    )


def nearest(seen: Sequence[Box], rows: Sequence[int], p: int, size_hw: tuple[int, int]) -> int | None:
    """The one that is nearer than each other; None if there is none, or no other."""
    others = [row for row in rows if row != p]
    found = [o for o in others if all(is_nearer(seen[o], seen[q], seen[p], size_hw) for q in others if q != o)]
    return found[0] if found and len(others) > 1 else None


def between(seen: Sequence[Box], o: int, p: int, q: int, size_hw: tuple[int, int]) -> Answer:
    if o in (p, q):
        return False
    start, end, point = centre(seen[p]), centre(seen[q]), centre(seen[o])
    way = end[0] - start[0], end[1] - start[1]
    if float(np.hypot(*way)) < 0.25 * float(np.hypot(*size_hw)):
        return None
    square = way[0] ** 2 + way[1] ** 2
    off = point[0] - start[0], point[1] - start[1]
    along = (off[0] * way[0] + off[1] * way[1]) / square
    aside = abs(off[1] * way[0] - off[0] * way[1]) / square
    return either(0.3 <= along <= 0.7 and aside <= 0.15, along <= 0 or along >= 1 or aside >= 0.5)


def ring(instance_map: npt.NDArray[np.int16], o: int) -> list[int]:
    """The owners of the pixels around o, 0 for the background and beyond the border."""
    height, width = instance_map.shape
    own = np.argwhere(instance_map == o + 1)
    reach = max(2, int(len(own) ** 0.5 / 20))
    owners = []
    for y in range(-reach, height + reach):
        for x in range(-reach, width + reach):
            owner = int(instance_map[y, x]) if 0 <= y < height and 0 <= x < width else 0
            if owner != o + 1 and np.abs(own - (y, x)).max(axis=1).min() <= reach:
                owners.append(owner)
    return owners


def inside(
    instance_map: npt.NDArray[np.int16], whole: Sequence[npt.NDArray[np.bool_]], seen: Sequence[Box], o: int, p: int
) -> Answer:
    if o == p:
        return False
    own = instance_map == o + 1
    area = np.count_nonzero(own)
    is_over = np.count_nonzero(own & whole[p]) >= 0.98 * area
    is_on = is_over and area >= 0.9 * whole[o].sum() and area <= whole[p].sum() / 2
    (x1, y1, x2, y2), (left, top, right, bottom) = seen[o], seen[p]
    owners = ring(instance_map, o) if is_over else []
    goes_beyond = left < x1 and top < y1 and right > x2 and bottom > y2
    reaches_out = max(left - x1, x2 - right) >= 0.1 * (x2 - x1) or max(top - y1, y2 - bottom) >= 0.1 * (y2 - y1)
    return either(
        is_on and goes_beyond and owners.count(p + 1) >= 0.98 * len(owners),
        reaches_out or (is_over and owners.count(p + 1) < 0.6 * len(owners)),
    )


def is_larger(area: float, box: Box, other_whole_area: float, other_whole_box: Box) -> bool:
    def pixels(of: Box) -> float:
        return (of[2] - of[0]) * (of[3] - of[1])

    return area >= 1.4 * other_whole_area and pixels(box) >= 1.2 * pixels(other_whole_box)
