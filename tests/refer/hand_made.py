"""Scenes made by hand: rectangles with words, and a library of a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sos_online.types import Words
from tests.refer.checker.lexicon import Lexicon
from tests.refer.checker.scene import Scene, scene_of

Box = tuple[int, int, int, int]


class FewWords:
    """A library as far as words go: ``(category, short phrase, features)`` for each segment.

    Attributes:
        supercategories: of each category; of those in ``told``, others have none.
    """

    def __init__(self, segments: list[tuple[str, str, str]], told: Mapping[str, str] | None = None) -> None:
        self.category_names = sorted({category for category, _, _ in segments})
        self.supercategories = [(told or {}).get(name, "") for name in self.category_names]
        self._segments = segments

    def __len__(self) -> int:
        return len(self._segments)

    def category_of(self, segment: int) -> int:
        return self.category_names.index(self._segments[segment][0]) + 1

    def words(self, segment: int) -> Words:
        _, phrase, features = self._segments[segment]
        split = tuple(feature.strip() for feature in features.split(",") if feature.strip())
        return Words(short_phrase=phrase, features=split)


def target_of(boxes: list[tuple[int, Box]], library: FewWords, size_wh: tuple[int, int]) -> dict[str, Any]:
    """A target of rectangles ``(segment, whole box)``, from the front to the back."""
    width, height = size_wh
    instances = np.zeros((height, width), np.int64)
    masks = np.zeros((len(boxes), height, width), bool)
    for row, (_, (x1, y1, x2, y2)) in enumerate(boxes):
        masks[row, y1:y2, x1:x2] = True
        instances[masks[row] & (instances == 0)] = row + 1
    seen = []
    for row in range(len(boxes)):
        ys, xs = np.nonzero(instances == row + 1)
        seen.append((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
    area = np.array([np.count_nonzero(instances == row + 1) for row in range(len(boxes))])
    return {
        "boxes": np.array(seen, np.float64).reshape(-1, 4),
        "amodal_boxes": np.array([box for _, box in boxes], np.float64).reshape(-1, 4),
        "area": area,
        "visibility": area / np.maximum(masks.sum(axis=(1, 2)), 1),
        "labels": np.array([library.category_of(segment) for segment, _ in boxes]),
        "segment_ids": np.array([segment for segment, _ in boxes]),
        "instance_map": instances,
        "amodal_masks": masks,
    }


SEGMENTS = [
    ("mug", "a red ceramic mug", "red, plain, glossy, ceramic"),
    ("mug", "a blue striped ceramic mug", "blue, striped, glossy, ceramic"),
    ("mug", "a red striped ceramic mug", "red, striped, glossy, ceramic"),
    ("lamp", "a table lamp with a red shade", "red, plain, fabric shade, white ceramic base, tall"),
    ("apple", "a green apple", "green, shiny, round"),
    ("fish", "an orange striped fish", "orange, striped, shiny"),
    ("ball", "a yellow rubber ball", "yellow, plain, smooth, rubber, round"),
    ("balloon", "a purple latex balloon", "purple, plain, glossy, latex"),
    ("gift box", "a blue striped gift box with a white bow", "blue, striped, paper, white ribbon, square"),
    # not in the table scene
    ("teapot", "a light blue ceramic teapot", "light blue, plain, glossy, ceramic"),
    ("gift box", "a red gift box with a gold bow", "red, plain, paper, gold ribbon, square"),
    ("socks", "red socks", "red, soft"),
    ("fountain", "fountain", ""),
    ("fountain pen", "black fountain pen", "black"),
    ("orange", "an orange", "round"),
    ("fish", "a gold metal fish", "gold, plain, shiny, metal"),
    ("T-Rex", "T-Rex", ""),
    ("vase", "a red glass vase", "red, plain, translucent, glass"),
    ("mug", "a black and white mug", ""),
    ("rubber duck", "a yellow rubber duck", "yellow, rubber"),
    ("rubber duck", "a black rubber duck", "black, rubber"),
    ("fog", "fog", ""),
    ("teddy bear", "a teddy bear", "brown fur"),
]
LIBRARY = FewWords(SEGMENTS)
LEXICON = Lexicon(LIBRARY)


def hand_made_scene(boxes: list[tuple[int, Box]], size_wh: tuple[int, int] = (640, 480)) -> Scene:
    return scene_of(target_of(boxes, LIBRARY, size_wh), LIBRARY)


# rows: 0 red mug, 1 blue striped mug, 2 red striped mug, 3 lamp, 4 apple, 5 fish, 6 ball, 7 balloon, 8 gift box
TABLE = hand_made_scene(
    [
        (0, (40, 40, 120, 120)),
        (1, (280, 200, 360, 280)),
        (2, (520, 360, 600, 440)),
        (3, (400, 60, 480, 220)),
        (4, (60, 330, 120, 390)),
        (5, (380, 330, 470, 390)),
        (6, (200, 260, 250, 310)),
        (7, (120, 170, 160, 210)),
        (8, (100, 150, 240, 300)),
    ]
)

# rows: 0 lamp, 1 and 2 apples to its right and on the left, 3 apple on the right, 4 and 5 mugs above it, 6 mug below it
CORNER = hand_made_scene(
    [
        (3, (20, 300, 80, 400)),
        (4, (100, 300, 150, 350)),
        (4, (110, 380, 160, 430)),
        (4, (500, 320, 550, 370)),
        (0, (100, 20, 160, 80)),
        (1, (200, 20, 260, 80)),
        (2, (10, 410, 60, 470)),
    ]
)
# rows: 0 and 1 fish, 2 socks, 3 fountain pen, 4 a mug that is mostly behind 5, a gift box; 6 and 7 lamps left and right
MIXED = hand_made_scene(
    [
        (5, (20, 20, 90, 70)),
        (15, (420, 400, 490, 450)),
        (11, (560, 20, 620, 80)),
        (13, (300, 400, 340, 470)),
        (8, (200, 200, 340, 330)),
        (0, (320, 220, 346, 270)),
        (3, (40, 200, 100, 380)),
        (3, (540, 200, 600, 380)),
    ]
)
# rows: 0 gift box on 1, an apple; 2 another apple; 3 a mug of two colours; 4 and 5 ducks; 6 fog; 7 a bear; 8 a lamp
ODD = hand_made_scene(
    [
        (8, (120, 120, 150, 150)),
        (4, (100, 100, 200, 200)),
        (4, (560, 20, 600, 60)),
        (18, (300, 40, 380, 120)),
        (19, (40, 400, 90, 450)),
        (20, (540, 400, 590, 450)),
        (21, (300, 200, 380, 260)),
        (22, (300, 380, 380, 460)),
        (3, (20, 60, 60, 240)),
    ]
)
