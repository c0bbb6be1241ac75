"""Where objects are, three-valued: 1 true, 0 undecided, -1 false. Objects are rows of a scene."""

from __future__ import annotations

import numpy as np

from tests.refer.checker.scene import Array, Scene


def is_at(scene: Scene, row: int, where: str) -> int:
    """On the left, at the top, in a corner, in the middle."""
    x1, y1, x2, y2 = scene.seen[row]
    u, v = (x1 + x2) / 2 / scene.width, (y1 + y2) / 2 / scene.height
    if " " in where:
        deep = min(u, 1 - u) <= 0.25 and min(v, 1 - v) <= 0.25
        gaps = min(x1, scene.width - x2) / scene.width, min(y1, scene.height - y2) / scene.height
        deep = deep and max(gaps) <= 0.15
        return min(1 if deep else 0, *(is_at(scene, row, side) for side in where.split()))
    if where == "middle":
        small = x2 - x1 <= 0.6 * scene.width and y2 - y1 <= 0.6 * scene.height
        if abs(u - 0.5) <= 0.12 and abs(v - 0.5) <= 0.12 and small:
            return 1
        return -1 if abs(u - 0.5) >= 0.25 or abs(v - 0.5) >= 0.25 else 0
    if where == "left":
        true, false = u <= 0.35 and x1 <= 0.2 * scene.width and x2 <= 0.55 * scene.width, u >= 0.5
    elif where == "right":
        true, false = u >= 0.65 and x2 >= 0.8 * scene.width and x1 >= 0.45 * scene.width, u <= 0.5
    elif where == "top":
        true, false = v <= 0.35 and y1 <= 0.2 * scene.height and y2 <= 0.55 * scene.height, v >= 0.5
    else:
        assert where == "bottom"
        true, false = v >= 0.65 and y2 >= 0.8 * scene.height and y1 >= 0.45 * scene.height, v <= 0.5
    return 1 if true else -1 if false else 0


def _decidedly_before(scene: Scene, one: int, other: int, axis: int) -> bool:
    margin = 0.05 * (scene.width, scene.height)[axis]
    apart = (
        scene.centres[other, axis] - scene.centres[one, axis] >= margin
        and scene.whole_centres[other, axis] - scene.whole_centres[one, axis] >= margin
    )
    starts = scene.seen[one, axis] < scene.seen[other, axis]
    ends = scene.seen[one, axis + 2] < scene.seen[other, axis + 2]
    return bool(apart and starts and ends)


def before(scene: Scene, one: int, other: int, side: str) -> int:
    """Whether ``one`` is nearer to a side of the picture than ``other``."""
    axis = 0 if side in ("left", "right") else 1
    if side in ("right", "bottom"):
        one, other = other, one
    if _decidedly_before(scene, one, other, axis):
        return 1
    return -1 if _decidedly_before(scene, other, one, axis) else 0


def box_area(box: Array) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _decidedly_larger(scene: Scene, one: int, other: int) -> bool:
    return bool(
        scene.area[one] >= 1.4 * scene.whole_area[other]
        and box_area(scene.seen[one]) >= 1.2 * box_area(scene.whole[other])
    )


def larger(scene: Scene, one: int, other: int) -> int:
    return 1 if _decidedly_larger(scene, one, other) else -1 if _decidedly_larger(scene, other, one) else 0


def gap(one: Array, other: Array) -> float:
    """Distance of two boxes; 0 where they touch."""
    dx = max(other[0] - one[2], one[0] - other[2], 0.0)
    dy = max(other[1] - one[3], one[1] - other[3], 0.0)
    return float(np.hypot(dx, dy))


def distance(scene: Scene, one: int, other: int) -> float:
    return float(np.hypot(*(scene.centres[one] - scene.centres[other])))


def _decidedly_nearer(scene: Scene, one: int, other: int, anchor: int) -> bool:
    near, far = gap(scene.seen[one], scene.seen[anchor]), gap(scene.seen[other], scene.seen[anchor])
    diagonal = np.hypot(scene.width, scene.height)
    return bool(
        distance(scene, other, anchor) >= 1.3 * distance(scene, one, anchor)
        and far >= 1.3 * near
        and far - near >= 0.03 * diagonal
    )


def nearer(scene: Scene, one: int, other: int, anchor: int) -> int:
    """Whether ``one`` is nearer to an anchor than ``other``."""
    if _decidedly_nearer(scene, one, other, anchor):
        return 1
    return -1 if _decidedly_nearer(scene, other, one, anchor) else 0


OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
TOWARDS = {"left": "left", "right": "right", "above": "top", "below": "bottom"}


def directed(scene: Scene, row: int, anchor: int, sort: str) -> int:
    """Left of, right of, above, below."""
    side = TOWARDS[sort]
    if before(scene, anchor, row, side) == 1:
        return -1
    if before(scene, row, anchor, side) != 1:
        return 0
    axis = 0 if side in ("left", "right") else 1
    first, second = (row, anchor) if side in ("left", "top") else (anchor, row)
    extent = min(scene.seen[at, axis + 2] - scene.seen[at, axis] for at in (row, anchor))
    clear = scene.seen[first, axis + 2] <= scene.seen[second, axis] + 0.15 * extent
    offset = np.abs(scene.centres[row] - scene.centres[anchor])
    return 1 if clear and offset[1 - axis] <= offset[axis] else 0


def in_front(scene: Scene, row: int, anchor: int) -> int:
    hidden = scene.hidden_pixels(row, anchor)
    if hidden == 0:
        return -1
    smaller = min(scene.whole_area[row], scene.whole_area[anchor])
    return 1 if hidden >= 0.1 * smaller and hidden >= 64 else 0


def _share_on(scene: Scene, row: int, anchor: int) -> float:
    return float(np.count_nonzero((scene.instances == row + 1) & scene.masks[anchor]) / scene.area[row])


def lies_on(scene: Scene, row: int, anchor: int) -> int:
    share = _share_on(scene, row, anchor)
    if share < 0.5:
        return -1
    whole = scene.visibility[row] >= 0.9 and scene.area[row] <= scene.whole_area[anchor] / 2
    return 1 if share >= 0.98 and whole else 0


def share_around(scene: Scene, row: int, anchor: int, reach: int) -> float:
    """The share of an anchor among the pixels around a row, at most so many columns and rows from it."""
    x1, y1, x2, y2 = (int(edge) for edge in scene.seen[row])
    window = np.pad(scene.instances, reach)[y1 : y2 + 2 * reach, x1 : x2 + 2 * reach]
    near = own = window == row + 1
    for axis in (0, 1):
        # nothing of the row lies within reach of the window's edges, so that what is rolled out comes back empty
        near = np.logical_or.reduce([np.roll(near, step, axis) for step in range(-reach, reach + 1)])
    ring = near & ~own
    return float(np.count_nonzero(ring & (window == anchor + 1)) / np.count_nonzero(ring))


def surrounded(scene: Scene, row: int, anchor: int) -> int:
    inner, outer = scene.seen[row], scene.seen[anchor]
    gaps = [inner[0] - outer[0], inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3]]
    sizes = 2 * [inner[2] - inner[0], inner[3] - inner[1]]
    if any(-gap >= 0.1 * size for gap, size in zip(gaps, sizes, strict=True)):
        return -1
    if _share_on(scene, row, anchor) < 0.98:
        return 0
    share = share_around(scene, row, anchor, max(2, int(np.sqrt(scene.area[row]) / 20)))
    if share < 0.6:
        return -1
    return 1 if lies_on(scene, row, anchor) == 1 and min(gaps) > 0 and share >= 0.98 else 0


def between(scene: Scene, row: int, one: int, other: int) -> int:
    start, end, point = scene.centres[one], scene.centres[other], scene.centres[row]
    way, there = end - start, point - start
    square = float(way @ way)
    if square == 0:
        return 0
    share = float(there @ way) / square
    off = abs(float(there[0] * way[1] - there[1] * way[0])) / square
    if share <= 0 or share >= 1 or off >= 0.5:
        return -1
    apart = np.hypot(*way) >= 0.25 * np.hypot(scene.width, scene.height)
    return 1 if 0.3 <= share <= 0.7 and off <= 0.15 and apart else 0
