"""Masks as polygons along the edges of their pixels, without loss."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]


def piece_polygons(mask: npt.NDArray[np.bool_], inset: float = 0.0) -> list[Points]:
    """One polygon for each piece of a mask; holes are cut in by a path of no width to the piece's rim and back.

    Pieces are those that hang together over edges, not over corners. The even-odd rule fills the polygons to exactly
    the mask's pixels: pycocotools does, and so does ``cv2.fillPoly``, which paints the outline's own pixels too, if
    ``inset`` keeps them inside the mask (but for pixels under the paths to holes, where a hole is a pixel wide).

    Args:
        mask: bool ``[H, W]``.
        inset: pixels by which edges are moved into the mask, below 0.5.

    Returns:
        float64 ``[K, 2]`` x, y each, in pixels, pixel ``(column, row)`` being the square from there to ``(column + 1,
        row + 1)``; from the largest piece to the smallest. Empty for an empty mask.
    """
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if not width:
        return []
    crop = np.ascontiguousarray(mask[y : y + height, x : x + width]).view(np.uint8)
    pieces, areas = _pieces(crop)
    polygons: dict[int, Points] = {}
    holes: dict[int, list[Points]] = {}
    for ring, (column, row) in _rings(crop, inset):
        if crop[row : row + 1, column : column + 1].any():  # the ring's topmost, leftmost corner has the piece inside
            polygons[int(pieces[row, column])] = ring
        else:
            holes.setdefault(int(pieces[row - 1, column]), []).append(ring)
    ordered = sorted(polygons, key=lambda piece: (-areas[piece], piece))
    corner = np.array([x, y], np.float64)
    return [joined([polygons[piece], *holes.get(piece, [])]) + corner for piece in ordered]


def joined(rings: list[Points]) -> Points:
    """Closed rings as one: each is entered from the nearest corner of what is joined already, and left to it again."""
    path = rings[0]
    for ring in rings[1:]:
        here, there = _nearest(path, ring)
        around = np.concatenate([ring[there:], ring[: there + 1]])
        path = np.concatenate([path[: here + 1], around, path[here:]])
    return path


def _nearest(path: Points, ring: Points, at_once: int = 1 << 20) -> tuple[int, int]:
    """Positions of the nearest two corners; of several such pairs, the first."""
    best = (np.inf, 0, 0)
    step = max(at_once // len(ring), 1)
    for begin in range(0, len(path), step):
        part = path[begin : begin + step].astype(np.float32)
        distances = (part[:, :1] - ring[:, 0].astype(np.float32)) ** 2
        distances += (part[:, 1:] - ring[:, 1].astype(np.float32)) ** 2
        found = int(distances.argmin())
        if distances.flat[found] < best[0]:
            here, there = divmod(found, len(ring))
            best = (float(distances.flat[found]), begin + here, there)
    return best[1], best[2]


def _pieces(crop: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], list[int]]:
    """The number of each pixel's piece, and the pieces' areas by number."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(crop, connectivity=4)
    return np.asarray(pieces, np.int32), stats[:, cv2.CC_STAT_AREA].tolist()


def _rings(crop: npt.NDArray[np.uint8], inset: float) -> list[tuple[Points, tuple[int, int]]]:
    """The closed paths around and inside of what is set, and the first corner of each, x, y on the grid of pixel edges.

    Corners are the points of the grid about which one or three of four pixels are set, and twice those about which two
    opposite ones are. Along a row of the grid, an edge runs from each odd corner to the next; along a column too.
    Every path begins at its topmost, leftmost corner.
    """
    height, width = crop.shape
    padded = np.zeros((height + 2, width + 2), np.uint8)
    padded[1:-1, 1:-1] = crop
    up_left, up_right, down_left, down_right = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    saddle = (up_left == down_right) & (up_right == down_left) & (up_left != up_right)
    corner = (up_left ^ up_right ^ down_left ^ down_right).astype(bool)
    rows, columns = np.nonzero(corner | saddle)
    times = 1 + saddle[rows, columns]
    rows, columns = np.repeat(rows, times), np.repeat(columns, times)
    count = len(rows)
    numbers = np.arange(count)

    along_row = numbers ^ 1  # they are sorted by rows already
    # of two corners at one point, the first ends the edge from the left. It must meet the vertical edge that bounds the
    # same pixel: from above if that is the upper left one, which is first, else from below, which is second
    second = np.zeros(count, bool)
    second[1:] = (rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1])
    turned = second | np.append(second[1:], False)
    turned &= up_right[rows, columns].astype(bool) & saddle[rows, columns]
    by_column = np.lexsort((second ^ turned, rows, columns))
    along_column = np.empty(count, np.int64)
    along_column[by_column] = by_column[numbers ^ 1]

    # inwards from a corner: right of a vertical edge or left of it, below a horizontal one or above
    top = np.minimum(rows, rows[along_column])
    left = np.minimum(columns, columns[along_row])
    shift_x = np.where(down_right[top, columns], inset, -inset)
    shift_y = np.where(down_right[rows, left], inset, -inset)
    points: Points = np.stack([columns + shift_x, rows + shift_y], axis=1).astype(np.float64)

    return [
        (points[ring], (int(columns[ring[0]]), int(rows[ring[0]])))
        for ring in _followed(along_row.tolist(), along_column.tolist())
    ]


def _followed(along_row: list[int], along_column: list[int]) -> list[list[int]]:
    """Corners in the order of their paths, from edges that go along rows and columns in turns."""
    rings = []
    seen = bytearray(len(along_row))
    for start in range(len(along_row)):
        if seen[start]:
            continue
        ring, at = [], start
        while not seen[at]:
            other = along_row[at]
            seen[at] = seen[other] = 1
            ring += [at, other]
            at = along_column[other]
        rings.append(ring)
    return rings
