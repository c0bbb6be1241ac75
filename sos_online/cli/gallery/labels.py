"""Where small labels go on a picture so that they stay beside their object and off each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# A crowded picture is left mostly bare: beyond this share of it, further labels would hide what they name.
_COVERED_SHARE = 0.22


@dataclass(frozen=True, slots=True)
class LabelWish:
    """A label that wants a place: the box of its object and its own size, in pixels of the picture shown."""

    box: tuple[float, float, float, float]
    width: int
    height: int


def place_labels(wishes: Sequence[LabelWish], frame_width: int, frame_height: int) -> list[tuple[int, int] | None]:
    """The left top corner of each label, or ``None`` where no free place is left.

    Earlier wishes choose first, so give the important objects first. No two labels overlap.
    """
    budget = _COVERED_SHARE * frame_width * frame_height
    taken: list[tuple[int, int, int, int]] = []
    corners: list[tuple[int, int] | None] = []
    for wish in wishes:
        corner = None
        if wish.width * wish.height <= budget:
            corner = _free_corner(wish, taken, frame_width, frame_height)
        if corner is not None:
            budget -= wish.width * wish.height
            taken.append((corner[0], corner[1], corner[0] + wish.width, corner[1] + wish.height))
        corners.append(corner)
    return corners


def _free_corner(
    wish: LabelWish, taken: Sequence[tuple[int, int, int, int]], frame_width: int, frame_height: int
) -> tuple[int, int] | None:
    left, top, right, bottom = (round(edge) for edge in wish.box)
    candidates = (
        (left, top - wish.height),  # resting on the box
        (left, top),
        (right - wish.width, top - wish.height),
        (left, bottom),  # hanging below it
        (left, bottom - wish.height),
        (right - wish.width, bottom - wish.height),
        ((left + right - wish.width) // 2, (top + bottom - wish.height) // 2),
    )
    for x, y in candidates:
        x = min(max(x, 0), frame_width - wish.width)
        y = min(max(y, 0), frame_height - wish.height)
        if x < 0 or y < 0:
            return None  # larger than the picture itself
        if all(
            x >= other_right or other_left >= x + wish.width or y >= other_bottom or other_top >= y + wish.height
            for other_left, other_top, other_right, other_bottom in taken
        ):
            return x, y
    return None
