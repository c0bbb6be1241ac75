"""COCO-format instance JSON with its images: each annotation cut out along its polygons or RLE."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from sos_online.errors import SourceError
from sos_online.library.sources.base import (
    LeftOut,
    RawSegment,
    Unit,
    category_name,
    existing_folder,
    file_unit,
    unit_left_out,
)
from sos_online.library.sources.coco_json import read_instances
from sos_online.library.sources.picture_size import TOO_LARGE, is_too_large
from sos_online.library.sources.segmentation import decode_segmentation
from sos_online.types import Pixels


@dataclass(frozen=True, init=False)
class CocoInstances:
    """Source of COCO-format instances. Crowds are left out, and so are annotations of images that the JSON lacks.

    Attributes:
        images: folder of the images.
        annotations: the instance JSON.
        min_area: fewest mask pixels of a segment.
        only_images: file names (as in the JSON) to take segments from, each of which must be in it; all if None.
        name: of the source in the library; the JSON's name without suffix if empty.

    Raises:
        SourceError: ``only_images`` is one text, which would be read letter by letter.
    """

    images: Path
    annotations: Path
    min_area: int
    only_images: Collection[str] | None
    name: str

    def __init__(
        self,
        images: str | Path,
        annotations: str | Path,
        min_area: int = 256,
        only_images: Collection[str] | None = None,
        name: str = "",
    ) -> None:
        if isinstance(only_images, (str, bytes, os.PathLike)):
            raise SourceError(f"only_images: expected a collection of file names, found one: {only_images!r}")
        object.__setattr__(self, "images", Path(images))
        object.__setattr__(self, "annotations", Path(annotations))
        object.__setattr__(self, "min_area", min_area)
        object.__setattr__(self, "only_images", only_images)
        object.__setattr__(self, "name", name or self.annotations.stem)

    def settings(self) -> dict[str, Any]:
        return {"min_area": self.min_area}

    def units(self) -> Iterator[Unit]:
        existing_folder(self.images, "the image folder of a COCO source")
        content = read_instances(self.annotations)
        names = {entry["id"]: category_name(entry["name"]) for entry in content["categories"]}
        by_image: dict[int | str, list[dict[str, Any]]] = defaultdict(list)
        for annotation in content["annotations"]:
            by_image[annotation["image_id"]].append(annotation)
        wanted = None if self.only_images is None else frozenset(self.only_images)
        known = {image["file_name"] for image in content["images"]}
        if wanted is not None and not wanted <= known:
            raise SourceError(f"{self.annotations}: images: no image is named {sorted(wanted - known)[0]!r}")
        for image in sorted(content["images"], key=lambda image: image["file_name"]):
            annotations = by_image.get(image["id"], [])
            file_name = image["file_name"]
            if not annotations or (wanted is not None and file_name not in wanted):
                continue
            if PurePosixPath(file_name).is_absolute() or ".." in PurePosixPath(file_name).parts:
                raise SourceError(f"{self.annotations}: images: file_name {file_name!r} leaves the image folder")
            path = self.images / file_name
            if not path.is_file():
                raise SourceError(f"{path}: named in {self.annotations}, but it is not there")
            in_order = sorted(annotations, key=lambda annotation: annotation["id"])
            payload = _ImageAnnotations(
                image.get("width"),
                image.get("height"),
                [(annotation["id"], names.get(annotation["category_id"]), annotation) for annotation in in_order],
            )
            yield file_unit(file_name, path, segments=len(annotations), payload=payload)
        if wanted is None:  # what is of no known image is of none that is wanted
            known_ids = {image["id"] for image in content["images"]}
            for image_id in sorted(by_image.keys() - known_ids, key=repr):
                for annotation in sorted(by_image[image_id], key=lambda annotation: annotation["id"]):
                    yield unit_left_out(f"{image_id}#{annotation['id']}", "image id not in the file")

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            yield unit.payload
            return
        payload: _ImageAnnotations = unit.payload
        image = _read_image(self.images / unit.name)
        if not isinstance(image, str) and not payload.fits(image):
            image = "image size differs from the annotation file"
        for annotation_id, category, annotation in payload.annotations:
            key = f"{unit.name}#{annotation_id}"
            if isinstance(image, str):
                yield LeftOut(key, image)
            else:
                yield self._cut_out(key, category, annotation, image)

    def _cut_out(
        self, key: str, category: str | None, annotation: dict[str, Any], image: Pixels
    ) -> RawSegment | LeftOut:
        if annotation.get("iscrowd"):
            return LeftOut(key, "crowd")
        if category is None:
            return LeftOut(key, "category id not in the file")
        if not category:
            return LeftOut(key, f"category id {annotation['category_id']!r} has an empty name")
        mask = decode_segmentation(annotation.get("segmentation"), (image.shape[0], image.shape[1]))
        if mask is None:
            return LeftOut(key, "no valid segmentation")
        if mask.sum() < self.min_area:
            return LeftOut(key, f"smaller than {self.min_area} pixels")
        x, y, width, height = cv2.boundingRect(mask)
        window = slice(y, y + height), slice(x, x + width)
        return RawSegment(key, category, np.dstack([image[window], mask[window] * np.uint8(255)]))


@dataclass(frozen=True, slots=True)
class _ImageAnnotations:
    """What the JSON says of one image: its size, where it is given, and (id, category, annotation) of its objects; no
    category where the JSON lacks its id."""

    width: int | None
    height: int | None
    annotations: list[tuple[int, str | None, dict[str, Any]]]

    def fits(self, image: Pixels) -> bool:
        """False for an image of another size: its annotations would be cut out somewhere else."""
        height, width = image.shape[:2]
        return self.width in (None, width) and self.height in (None, height)


def image_names(annotations: Path) -> frozenset[str]:
    """File names of the images of a COCO instance JSON. Raises ``SourceError``."""
    return frozenset(image["file_name"] for image in read_instances(annotations)["images"])


def _read_image(path: Path) -> Pixels | str:
    """uint8 ``[H, W, 3]`` RGB, or the reason why it is none."""
    data = path.read_bytes()
    if is_too_large(data):
        return TOO_LARGE
    # annotations refer to the stored pixels: an EXIF rotation is not applied
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    return "image not readable" if image is None else np.asarray(image, np.uint8)
