"""Boxes of a COCO-format instance JSON, as layouts take them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_online.errors import SourceError
from sos_online.library.sources.reading.coco_json import read_instances
from sos_online.ops.names import fold
from sos_online.types import BoxTable


@dataclass(frozen=True, eq=False)
class CocoBoxes:
    """The boxes of a file.

    Attributes:
        table: of the pictures that have a box, in the order of the file.
        aspects: float64 ``[len(table)]``, width / height of each picture in pixels.
        left_out: how many annotations and images are not in the table, by the reason.
    """

    table: BoxTable
    aspects: npt.NDArray[np.float64]
    left_out: dict[str, int]


def read_coco_boxes(path: Path) -> CocoBoxes:
    """Boxes of all annotations that are no crowd, cut at the border of their picture.

    Raises:
        SourceError: naming the file, the entry and the field that is missing or wrong, or a file without a box.
    """
    content = read_instances(path, ("file_name", "coco_url"))
    sizes = {image["id"]: (number, *_size_of(path, number, image)) for number, image in enumerate(content["images"])}
    names = {entry["id"]: fold(entry["name"]) for entry in content["categories"]}
    codes = {name: number for number, name in enumerate(dict.fromkeys(names.values()))}
    left_out: Counter[str] = Counter()
    found: list[tuple[float, ...]] = []
    for number, annotation in enumerate(content["annotations"]):
        place = f"{path}: annotations[{number}]"
        box = box_of(place, annotation)
        if annotation["category_id"] not in names:
            raise SourceError(f"{place}: category_id {annotation['category_id']!r} is not in the categories")
        if annotation.get("iscrowd"):
            left_out["crowd"] += 1
        elif annotation["image_id"] not in sizes:
            left_out["image that is not in the file"] += 1
        else:
            found.append((*sizes[annotation["image_id"]], codes[names[annotation["category_id"]]], *box))
    rows = np.array(found, np.float64).reshape(-1, 8)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    low = np.clip(rows[:, 4:6] / rows[:, 1:3], 0, 1).astype(np.float32)
    high = np.clip((rows[:, 4:6] + rows[:, 6:8]) / rows[:, 1:3], 0, 1).astype(np.float32)
    full = (low < high).all(axis=1)
    if not full.all():
        left_out["empty box"] = int(np.count_nonzero(~full))
    if not full.any():
        reasons = ", ".join(f"{count} {why}" for why, count in left_out.items())
        raise SourceError(f"{path}: expected boxes, found none that can be used ({reasons})")
    rows, low, high = rows[full], low[full], high[full]
    used, starts = np.unique(rows[:, 0], return_index=True)
    if len(used) < len(sizes):
        left_out["image without a box"] = len(sizes) - len(used)
    x1, y1, x2, y2 = np.concatenate([low, high], 1).T.copy()
    table = BoxTable(
        (x1, y1, x2, y2),
        starts=np.append(starts, len(rows)).astype(np.int64),
        names=tuple(codes),
        categories=rows[:, 3].astype(np.int32),
    )
    return CocoBoxes(table, rows[starts, 1] / rows[starts, 2], dict(left_out))


def _size_of(path: Path, number: int, image: dict[str, Any]) -> tuple[int, int]:
    width, height = image.get("width"), image.get("height")
    for name, side in (("width", width), ("height", height)):
        if not isinstance(side, int) or isinstance(side, bool) or not 1 <= side <= 2**24:
            raise SourceError(f"{path}: images[{number}]: field {name!r}: expected pixels, found {side!r}")
    assert isinstance(width, int) and isinstance(height, int)
    return width, height


def box_of(place: str, annotation: dict[str, Any]) -> list[float]:
    """``bbox``, XYWH, as the file has it. Raises ``SourceError``, which begins with ``place``."""
    box = annotation.get("bbox")
    valid = isinstance(box, list) and len(box) == 4
    valid = valid and all(type(one) in (int, float) and abs(one) < 1e300 for one in box or ())
    if not valid:
        raise SourceError(f"{place}: field 'bbox': expected [x, y, width, height], found {box!r:.80}")
    assert isinstance(box, list)
    return box
