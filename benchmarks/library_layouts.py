"""Layouts of every kind, those of real sets made up: files as large as those that are fitted on COCO train2017."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sos_online.data.box_tables import write_box_table
from sos_online.data.learned_files import write_learned_layout
from sos_online.plan.layout import fit_layout
from sos_online.types import BoxTable

PICTURES, BOXES = 118_287, 860_001  # of COCO train2017
CATEGORIES = 1203  # of LVIS


def layouts(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Changes of the default recipe by name; files are written into ``folder``.

    Args:
        folder: is made if it is not there.
        names: of the categories whose boxes the files hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table, learned = folder / "boxes.arrow", folder / "learned.json"
    if not learned.exists():
        boxes = made_up_boxes(names)
        write_box_table(table, boxes)
        write_learned_layout(learned, fit_layout(boxes, np.full(len(boxes), 4 / 3)), "made up")
    from_table = {"kind": "box_table", "path": str(table)}
    from_learned = {"kind": "learned", "path": str(learned)}
    parts = [{"weight": 1, "layout": one} for one in ("random_boxes", from_table, from_learned)]
    return {
        "size prior, assigned by area": {"placement": {"assign": "area"}},
        "random boxes": {"layout": "random_boxes"},
        "random centres": {"layout": "random_centres"},
        "box table": {"layout": from_table},
        "box table and its categories": {"layout": {**from_table, "categories": "layout"}},
        "learned": {"layout": from_learned},
        "learned, assigned by area": {"layout": from_learned, "placement": {"assign": "area"}},
        "mixture of three": {"layout": {"kind": "mixture", "parts": parts}},
    }


def made_up_boxes(names: Sequence[str]) -> BoxTable:
    """Boxes of all sizes at random places; objects of a picture are of categories that are neighbours."""
    rng = np.random.default_rng(0)
    counts = rng.multinomial(BOXES - PICTURES, np.full(PICTURES, 1 / PICTURES)) + 1
    middle = np.repeat(rng.zipf(1.5, PICTURES), counts)
    categories = (middle + rng.integers(0, 20, BOXES)) % len(names)
    size = np.exp(rng.uniform(np.log(0.02), np.log(0.9), (2, BOXES)))
    low = rng.random((2, BOXES)) * (1 - size)
    edges = np.concatenate([low, low + size]).clip(0, 1).astype(np.float32)
    x1, y1, x2, y2 = edges
    return BoxTable(
        (x1, y1, x2, y2),
        starts=np.concatenate([[0], np.cumsum(counts)]),
        names=tuple(name.casefold() for name in names),
        categories=categories.astype(np.int32),
    )
