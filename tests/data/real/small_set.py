"""A COCO-format set of a few small images, made on the spot, whose entries tests may change before it is written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Entry = dict[str, Any]


@dataclass
class SmallSet:
    """Images ``0.png`` … of 40 x 30 pixels, each of one colour; no annotations but those that are added."""

    folder: Path
    images: int = 3
    content: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.content = {
            "images": [
                {"id": 10 + number, "file_name": f"{number}.png", "width": 40, "height": 30}
                for number in range(self.images)
            ],
            "annotations": [],
            "categories": [{"id": 7, "name": "ball"}, {"id": 3, "name": "traffic_light"}],
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in range(self.images):
            cv2.imwrite(str(self.folder / f"{number}.png"), np.full((30, 40, 3), (number, 50, 200), np.uint8))

    def add(self, image: int, corners: tuple[float, float, float, float], category: int = 7, **changes: Any) -> Entry:
        """A rectangle, XYXY, as a polygon."""
        x1, y1, x2, y2 = corners
        entry = {
            "id": len(self.content["annotations"]) + 1,
            "image_id": 10 + image,
            "category_id": category,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1),
            "iscrowd": 0,
            "segmentation": [[x1, y1, x2, y1, x2, y2, x1, y2]],
            **changes,
        }
        self.content["annotations"].append(entry)
        return entry

    def write(self) -> tuple[Path, Path]:
        """Folder of the images, and the JSON."""
        path = self.folder / "instances.json"
        path.write_text(json.dumps(self.content))
        return self.folder, path
