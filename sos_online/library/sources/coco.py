"""COCO-format instance JSON with its images: each annotation cut out along its polygons or RLE."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from sos_online.errors import SourceError
from sos_online.library.sources.base import LeftOut, RawSegment, Unit, category_name, existing_folder
from sos_online.types import Pixels


@dataclass(frozen=True)
class CocoInstances:
    """Source of COCO-format instances. Crowds are left out.

    Attributes:
        images: folder of the images.
        annotations: the instance JSON.
        min_area: fewest mask pixels of a segment.
        only_images: file names (as in the JSON) to take segments from; all if None.
        name: of the source in the library; the JSON's name without suffix if empty.
    """

    images: Path
    annotations: Path
    min_area: int = 256
    only_images: Collection[str] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.annotations.stem)

    def settings(self) -> dict[str, Any]:
        return {"min_area": self.min_area}

    def units(self) -> Iterator[Unit]:
        existing_folder(self.images, "the image folder of a COCO source")
        content = _read_json(self.annotations)
        names = {entry["id"]: category_name(entry["name"]) for entry in content["categories"]}
        by_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for annotation in content["annotations"]:
            by_image[annotation["image_id"]].append(annotation)
        wanted = None if self.only_images is None else frozenset(self.only_images)
        known = {str(image["file_name"]) for image in content["images"]}
        if wanted is not None and not wanted <= known:
            raise SourceError(f"{self.annotations}: images: no image is named {sorted(wanted - known)[0]!r}")
        for image in sorted(content["images"], key=lambda image: str(image["file_name"])):
            annotations = by_image.get(image["id"], [])
            file_name = str(image["file_name"])
            if not annotations or (wanted is not None and file_name not in wanted):
                continue
            if PurePosixPath(file_name).is_absolute() or ".." in PurePosixPath(file_name).parts:
                raise SourceError(f"{self.annotations}: images: file_name {file_name!r} leaves the image folder")
            path = self.images / file_name
            if not path.is_file():
                raise SourceError(f"{path}: named in {self.annotations}, but it is not there")
            payload = [
                (a["id"], names.get(a["category_id"], ""), a) for a in sorted(annotations, key=lambda a: a["id"])
            ]
            yield Unit(file_name, path.stat().st_size, segments=len(annotations), payload=payload)

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        data = np.fromfile(self.images / unit.name, np.uint8)
        # annotations refer to the stored pixels: an EXIF rotation is not applied
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(data, flags) if data.size else None
        for annotation_id, category, annotation in unit.payload:
            key = f"{unit.name}#{annotation_id}"
            if image is None:
                yield LeftOut(key, "image not readable")
            else:
                yield self._cut_out(key, category, annotation, np.asarray(image, np.uint8))

    def _cut_out(self, key: str, category: str, annotation: dict[str, Any], image: Pixels) -> RawSegment | LeftOut:
        if annotation.get("iscrowd"):
            return LeftOut(key, "crowd")
        if not category:
            return LeftOut(key, "category id not in the file")
        mask = decode_segmentation(annotation.get("segmentation"), (image.shape[0], image.shape[1]))
        if mask is None:
            return LeftOut(key, "no valid segmentation")
        if mask.sum() < self.min_area:
            return LeftOut(key, f"smaller than {self.min_area} pixels")
        x, y, width, height = cv2.boundingRect(mask)
        window = slice(y, y + height), slice(x, x + width)
        return RawSegment(key, category, np.dstack([image[window], mask[window] * np.uint8(255)]))


def decode_segmentation(segmentation: Any, size_hw: tuple[int, int]) -> npt.NDArray[np.uint8] | None:
    """Polygons, RLE or compressed RLE as a 0/1 mask ``[H, W]``; None if it is none of them, or of another size."""
    height, width = size_hw
    try:
        if isinstance(segmentation, list):
            polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
            rle = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width)) if polygons else None
        elif isinstance(segmentation, dict) and tuple(segmentation["size"]) == (height, width):
            counts = segmentation["counts"]
            rle = coco_mask.frPyObjects(segmentation, height, width) if isinstance(counts, list) else segmentation
        else:
            rle = None
        return None if rle is None else np.ascontiguousarray(coco_mask.decode(rle))
    except (KeyError, TypeError, ValueError):
        return None


def _read_json(path: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read as JSON: {error}") from None
    for field in ("images", "annotations", "categories"):
        if not isinstance(content, dict) or not isinstance(content.get(field), list):
            raise SourceError(f"{path}: field {field!r}: expected a list, as in COCO instance files")
    required = {
        "images": ("id", "file_name"),
        "annotations": ("id", "image_id", "category_id"),
        "categories": ("id", "name"),
    }
    for field, keys in required.items():
        for position, entry in enumerate(content[field]):
            missing = [key for key in keys if not isinstance(entry, dict) or key not in entry]
            if missing:
                raise SourceError(f"{path}: {field}[{position}]: field {missing[0]!r} is missing")
    checked: dict[str, list[dict[str, Any]]] = content
    return checked
