"""What a preview shows: one picture with its instance map, the facts about each object in it, and words for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

EXPRESSION_KINDS = ("attribute", "position", "mixed")


@dataclass(frozen=True, slots=True)
class GalleryObject:
    """One object in a picture.

    Boxes are ``(left, top, right, bottom)`` in pixels, half-open: the right and bottom edges lie just past the last
    pixel. An object of which nothing is seen has ``area == 0``, and its ``box`` is then ignored.
    """

    category: str
    box: tuple[float, float, float, float]  # tight around the visible pixels
    amodal_box: tuple[float, float, float, float]  # around the whole object, hidden parts included
    visibility: float  # visible / whole pixels, 0..1
    area: int  # visible pixels
    phrase: str = ""
    description: str = ""
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GalleryExpression:
    """Words, and which objects of a picture they mean."""

    text: str  # e.g. "the red apple on the left"
    rows: tuple[int, ...]  # places in the entry's objects, ascending; none if nothing in the picture is meant
    kind: str  # what tells them from the others: one of EXPRESSION_KINDS


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of a preview.

    Raises ``ValueError`` where its parts do not fit each other, because a shifted or mislabelled overlay looks like
    wrong data and would be searched for in the wrong place.
    """

    title: str  # e.g. "sample 7"
    image: npt.NDArray[np.uint8]  # [H, W, 3] RGB, 0..255
    instance_map: npt.NDArray[np.int32]  # [H, W]; 0 = background, i + 1 = objects[i]
    objects: tuple[GalleryObject, ...]
    unlit: npt.NDArray[np.uint8] | None = None  # the same picture without its light, [H, W, 3] RGB
    expressions: tuple[GalleryExpression, ...] = ()

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8 or self.image.size == 0:
            raise ValueError(
                f"{self.title}: image must be a non-empty [H, W, 3] uint8 array, "
                f"not {list(self.image.shape)} {self.image.dtype}"
            )
        if self.unlit is not None and (self.unlit.shape != self.image.shape or self.unlit.dtype != np.uint8):
            raise ValueError(
                f"{self.title}: unlit {list(self.unlit.shape)} {self.unlit.dtype} does not fit "
                f"the image's {list(self.image.shape)} uint8"
            )
        if self.instance_map.shape != self.image.shape[:2]:
            raise ValueError(
                f"{self.title}: instance_map {list(self.instance_map.shape)} does not fit "
                f"the image's {list(self.image.shape[:2])}"
            )
        if not np.issubdtype(self.instance_map.dtype, np.integer):
            raise ValueError(f"{self.title}: instance_map must hold integers, not {self.instance_map.dtype}")
        lowest, highest = int(self.instance_map.min()), int(self.instance_map.max())
        if lowest < 0 or highest > len(self.objects):
            raise ValueError(
                f"{self.title}: instance_map holds ids {lowest}..{highest}, but there are {len(self.objects)} objects"
            )
        for number, expression in enumerate(self.expressions):
            _check_expression(expression, len(self.objects), f"{self.title}: expressions[{number}]")


def _check_expression(expression: GalleryExpression, object_count: int, place: str) -> None:
    if not expression.text.strip():
        raise ValueError(f"{place}: text must be words, not {expression.text!r}")
    if expression.kind not in EXPRESSION_KINDS:
        raise ValueError(f"{place}: kind must be one of {', '.join(EXPRESSION_KINDS)}, not {expression.kind!r}")
    rows = expression.rows
    if any(isinstance(row, bool) or not isinstance(row, int) for row in rows) or list(rows) != sorted(set(rows)):
        raise ValueError(f"{place}: rows must be whole numbers, ascending, each once, not {list(rows)}")
    if rows and not 0 <= rows[0] <= rows[-1] < object_count:
        raise ValueError(f"{place}: rows are {list(rows)}, but there are {object_count} objects, numbered from 0")
