"""The rule that none of the boxes may be hidden too far by those that are laid on top of it."""

from __future__ import annotations

from sos_online.ops.boxes import Rect, area, subtract


class VisibleShares:
    """Boxes laid one on top of the other, and what is still to be seen of each.

    Args:
        mean: fewest mean visible share of all boxes, 0 … 1.
        each: fewest visible share of every single box, 0 … 1.
    """

    def __init__(self, mean: float, each: float) -> None:
        self._mean, self._each = mean, each
        self.boxes: list[Rect] = []
        self._areas: list[float] = []
        self._pieces: list[list[Rect]] = []  # what later boxes leave of each, disjoint
        self.shares: list[float] = []

    def lay(self, box: Rect) -> bool:
        """Lay a box on top of all others if the rule then still holds; whether it does."""
        x1, y1, x2, y2 = box
        shares = self.shares.copy()
        changed: list[tuple[int, list[Rect]]] = []
        for position, (left, top, right, bottom) in enumerate(self.boxes):
            if x1 >= right or x2 <= left or y1 >= bottom or y2 <= top:
                continue
            pieces = subtract(self._pieces[position], box)
            shares[position] = sum([(c - a) * (d - b) for a, b, c, d in pieces]) / self._areas[position]
            if shares[position] < self._each:
                return False
            changed.append((position, pieces))
        # the new box is wholly visible
        if (sum(shares) + 1) / (len(shares) + 1) < self._mean:
            return False
        for position, pieces in changed:
            self._pieces[position] = pieces
        self.boxes.append(box)
        self._areas.append(area(box))
        self._pieces.append([box])
        self.shares = [*shares, 1.0]
        return True
