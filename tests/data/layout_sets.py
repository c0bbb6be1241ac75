"""A COCO-format set with one of everything that a layout must make something of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def coco_content() -> dict[str, Any]:
    """Three images, of which one has no box; a crowd, a box of no width, one that reaches over its image, one of an
    image that is not there; two categories that are one name."""
    return {
        "images": [
            {"id": 7, "file_name": "a.jpg", "width": 200, "height": 100},
            {"id": 3, "file_name": "b.jpg", "width": 50, "height": 100},
            {"id": 9, "file_name": "empty.jpg", "width": 10, "height": 10},
        ],
        "annotations": [
            annotation(1, 3, 5, [10, 20, 30, 40]),
            annotation(2, 7, 5, [-20, 10, 60, 30]),
            annotation(3, 7, 6, [100, 50, 100, 50]),
            annotation(4, 7, 6, [0, 0, 0, 10]),
            annotation(5, 9, 6, [1, 1, 5, 5], iscrowd=1),
            annotation(6, 8, 6, [1, 1, 5, 5]),
            annotation(7, 3, 2, [0, 0, 50, 50]),
        ],
        "categories": [{"id": 5, "name": "Fire_Hydrant"}, {"id": 6, "name": "cup"}, {"id": 2, "name": "CUP "}],
    }


def annotation(number: int, image: int, category: int, bbox: list[float], iscrowd: int = 0) -> dict[str, Any]:
    return {"id": number, "image_id": image, "category_id": category, "bbox": bbox, "iscrowd": iscrowd}


def write_json(folder: Path, content: Any, name: str = "boxes.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content), "utf-8")
    return path
