"""PASCAL VOC's segmentation: photos, and two palette PNGs each, of objects and of classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sos_online.errors import SourceError
from sos_online.library.sources.base import (
    CategoryFacts,
    LeftOut,
    RawSegment,
    Unit,
    existing_folder,
    file_state,
    file_unit,
    unit_left_out,
)
from sos_online.library.sources.reading.folders import LEADS_OUT, files_below, path_inside
from sos_online.library.sources.reading.lines import read_lines
from sos_online.library.sources.reading.pictures import read_labels, read_photo
from sos_online.library.sources.reading.regions import Labels, Region, cut_out_regions, regions

# fmt: off
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv monitor",
)
# fmt: on
"""Class ``k`` is ``CLASSES[k - 1]``; VOC writes three of them without the blank."""

_FOLDERS = ("JPEGImages", "SegmentationClass", "SegmentationObject")
_BORDER = 255  # of objects that were hard to draw: belongs to none of them
_GUESS = 3  # objects of a photo, on average


@dataclass(frozen=True, init=False)
class VocSegmentation:
    """Source of ``ROOT/SegmentationObject/ID.png`` with ``SegmentationClass/ID.png`` and ``JPEGImages/ID.jpg``.

    Attributes:
        root: such as ``VOCdevkit/VOC2012``.
        image_set: text file of the ids to take, one a line, such as ``ROOT/ImageSets/Segmentation/train.txt``; all if
            None.
        min_area: fewest mask pixels of a segment.
        name: of the source in the library; the folder's name if empty.
    """

    root: Path
    image_set: Path | None
    min_area: int
    name: str

    def __init__(
        self, root: str | Path, image_set: str | Path | None = None, min_area: int = 256, name: str = ""
    ) -> None:
        vars(self).update(
            root=Path(root),
            image_set=None if image_set is None else Path(image_set),
            min_area=min_area,
            name=name or Path(root).resolve().name,
        )

    def settings(self) -> dict[str, Any]:
        return {"min_area": self.min_area}

    def units(self) -> Iterator[Unit]:
        for folder in _FOLDERS:
            existing_folder(self.root / folder, "a folder of a VOC source")
        found = False
        for image_id, problem in self._ids():
            found = True
            if problem:
                yield unit_left_out(image_id, problem)
                continue
            photo, classes, objects = (self.root / _name(folder, image_id) for folder in _FOLDERS)
            yield file_unit(image_id, objects, _GUESS, [file_state(photo), file_state(classes)])
        if not found:
            raise SourceError(f"{self.image_set or self.root / 'SegmentationObject'}: expected images, found none")

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            return [unit.payload]
        photo_path, classes_path, objects_path = (
            path_inside(self.root, _name(folder, unit.name)) for folder in _FOLDERS
        )
        if photo_path is None or classes_path is None or objects_path is None:
            return [LeftOut(unit.name, LEADS_OUT)]
        objects, classes = read_labels(objects_path), read_labels(classes_path)
        if isinstance(objects, str) or isinstance(classes, str):
            return [LeftOut(unit.name, objects if isinstance(objects, str) else str(classes))]
        if objects.shape != classes.shape:
            return [LeftOut(unit.name, "masks of objects and of classes differ in size")]
        photo = read_photo(photo_path, *objects.shape[::-1])
        if isinstance(photo, str):
            return [LeftOut(unit.name, photo)]
        named: list[tuple[Region, str, str]] = []
        without: list[LeftOut] = []
        for region in regions(objects, (0, _BORDER)):
            key, category = f"{unit.name}#{region.label}", _class_of(region, objects, classes)
            if category is None:
                without.append(LeftOut(key, "class of the object is none of the twenty"))
            else:
                named.append((region, key, category))
        return [*cut_out_regions(photo, objects, named, self.min_area), *without]

    def _ids(self) -> Iterator[tuple[str, str]]:
        """(id, problem) of every image in its order."""
        if self.image_set is None:
            for file in files_below(self.root / "SegmentationObject", (".png",)):
                yield file.name.removesuffix(".png"), file.problem
            return
        # lists of one class have a second column
        ids = {line.split()[0] for line in read_lines(self.image_set) if line}
        for image_id in sorted(ids):
            if path_inside(self.root, _name("SegmentationObject", image_id)) is None:
                raise SourceError(f"{self.image_set}: {image_id!r} leaves the folder {self.root}")
            yield image_id, ""


def _name(folder: str, image_id: str) -> str:
    return f"{folder}/{image_id}{'.jpg' if folder == 'JPEGImages' else '.png'}"


def _class_of(region: Region, objects: Labels, classes: Labels) -> str | None:
    """The class of most of its pixels."""
    numbers = region.window(classes)[region.mask(objects) == 1]
    counts = np.bincount(numbers[numbers != _BORDER], minlength=1)
    number = int(counts.argmax())
    return CLASSES[number - 1] if 1 <= number <= len(CLASSES) else None
