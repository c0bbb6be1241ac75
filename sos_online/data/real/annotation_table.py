"""A COCO or LVIS instance file, read once and held in flat arrays that worker processes share."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sos_online.data.coco_boxes import box_of
from sos_online.data.real.categories import FileCategories
from sos_online.data.real.outlines import Outlines, OutlineWriter
from sos_online.errors import SourceError
from sos_online.library.sources.reading.coco_json import Instances

NamesOf = Callable[[dict[str, Any]], tuple[str, ...]]
_MAX_SIDE = 2**24


@dataclass(frozen=True, slots=True)
class AnnotationTable:
    """Images and their objects; those of image ``i`` are the rows ``first[i]`` to ``first[i + 1] - 1``.

    Attributes:
        ids: of the images, numbers or texts.
        names: ``[I]`` lists: under which names an image may lie in the folder, the likeliest first.
        sizes: int32 ``[I, 2]``, height and width, 0 where the file does not say.
        first: int64 ``[I + 1]``.
        positions: int64 ``[N]``, of the objects in the file.
        labels: int64 ``[N]``.
        boxes: float32 ``[N, 4]`` XYXY.
        areas: float32 ``[N]``, NaN where the file does not say.
        crowds: int64 ``[N]``, 0 or 1.
        outlines: of the objects; None if they were not read.
        left_out: how many annotations there were of which there is no row, by the reason.
    """

    ids: pa.Array
    names: pa.ListArray
    sizes: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float32]
    areas: npt.NDArray[np.float32]
    crowds: npt.NDArray[np.int64]
    outlines: Outlines | None
    left_out: dict[str, int]

    def fingerprint(self) -> str:
        """A hash of which images there are and what is on them; takes a second for a large set."""
        state = hashlib.sha256()
        for part in (self.ids, self.names):
            state.update("\n".join(map(repr, part.to_pylist())).encode())
        for numbers in (self.first, self.labels, self.boxes, self.areas, self.crowds):
            state.update(numbers.data)
        if self.outlines is not None:
            self.outlines.add_to(state)
        return state.hexdigest()[:16]


def read_table(
    path: Path,
    content: Instances,
    categories: FileCategories,
    names_of: NamesOf,
    *,
    only_images: Collection[str] | None,
    crowds: bool,
    masks: bool,
) -> AnnotationTable:
    """The table of a file's ``content``; images in the file's order, and so are the objects of each.

    Args:
        path: where ``content`` is from, for messages.
        categories: of the file.
        names_of: under which names an image may lie in the folder.
        only_images: names of the images to take, each of which must be in the file; all if None.
        crowds: whether crowd regions have rows.
        masks: whether to read outlines.

    Raises:
        SourceError: naming the file, the entry and the field that is missing or wrong.
    """
    images = _images(path, content, names_of, only_images)
    taken = {image["id"]: number for number, (_, image) in enumerate(images)}
    of_file = {image["id"] for image in content["images"]}
    left_out: Counter[str] = Counter()
    owners: list[int] = []
    chosen: list[int] = []
    for position, annotation in enumerate(content["annotations"]):
        number = taken.get(annotation["image_id"])
        if annotation["category_id"] not in categories.label_of:
            place = f"{path}: annotations[{position}]"
            raise SourceError(f"{place}: category_id {annotation['category_id']!r} is not in the categories")
        if number is not None:
            owners.append(number)
            chosen.append(position)
        elif annotation["image_id"] not in of_file:
            left_out["image that is not in the file"] += 1
    order = np.argsort(np.array(owners, np.int64), kind="stable")
    sizes = np.array([_size_of(f"{path}: images[{position}]", image) for position, image in images], np.int32)
    rows = _Rows(path, categories, sizes.reshape(-1, 2), crowds, OutlineWriter() if masks else None, left_out)
    for number in order.tolist():
        rows.add(owners[number], chosen[number], content["annotations"][chosen[number]])
    return rows.finish(images, names_of)


class _Rows:
    """The rows of a table, collected in the order of their images."""

    def __init__(
        self,
        path: Path,
        categories: FileCategories,
        sizes: npt.NDArray[np.int32],
        crowds: bool,
        outlines: OutlineWriter | None,
        left_out: Counter[str],
    ) -> None:
        self._path = path
        self._categories = categories
        self._sizes = sizes
        self._crowds = crowds
        self._outlines = outlines
        self._left_out = left_out
        self._owners: list[int] = []
        self._rows: list[tuple[int, int, int, float]] = []
        self._boxes: list[Sequence[float]] = []

    def add(self, owner: int, position: int, annotation: dict[str, Any]) -> None:
        place = f"{self._path}: annotations[{position}]"
        crowd = annotation.get("iscrowd") or 0
        if crowd not in (0, 1):
            raise SourceError(f"{place}: field 'iscrowd': expected 0 or 1, found {crowd!r:.80}")
        if crowd and not self._crowds:
            self._left_out["crowd"] += 1
            return
        x, y, width, height = box_of(place, annotation)
        limit_y, limit_x = (int(side) or _MAX_SIDE for side in self._sizes[owner])
        if not (min(x + width, limit_x) > max(x, 0) and min(y + height, limit_y) > max(y, 0)):
            self._left_out["empty box"] += 1
            return
        if self._outlines is not None and not self._outlines.add(place, annotation.get("segmentation")):
            self._left_out["no segmentation"] += 1
            return
        label = self._categories.label_of[annotation["category_id"]]
        self._owners.append(owner)
        self._rows.append((position, label, int(crowd), _area_of(place, annotation)))
        self._boxes.append((x, y, x + width, y + height))

    def finish(self, images: list[tuple[int, dict[str, Any]]], names_of: NamesOf) -> AnnotationTable:
        if not self._rows and self._left_out["no segmentation"]:
            raise SourceError(
                f"{self._path}: annotations: field 'segmentation': none has polygons or RLE; "
                "with masks=False boxes alone are read"
            )
        count = len(self._rows)
        positions, labels, crowds, areas = zip(*self._rows, strict=True) if count else ((), (), (), ())
        counts = np.bincount(np.array(self._owners, np.int64), minlength=len(images))
        try:
            ids = pa.array([image["id"] for _, image in images])
        except (pa.ArrowException, OverflowError):
            raise SourceError(
                f"{self._path}: images: field 'id': expected whole numbers of 64 bits everywhere, or texts"
            ) from None
        return AnnotationTable(
            ids=ids,
            names=pa.array([names_of(image) for _, image in images], pa.list_(pa.large_string())),
            sizes=self._sizes,
            first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            positions=np.array(positions, np.int64),
            labels=np.array(labels, np.int64),
            boxes=np.array(self._boxes, np.float64).reshape(-1, 4).astype(np.float32),
            areas=np.array(areas, np.float32),
            crowds=np.array(crowds, np.int64),
            outlines=None if self._outlines is None else self._outlines.finish(),
            left_out=dict(self._left_out),
        )


def _images(
    path: Path, content: Instances, names_of: NamesOf, only_images: Collection[str] | None
) -> list[tuple[int, dict[str, Any]]]:
    """The images to take, each with its position in the file."""
    seen: set[Any] = set()
    for position, image in enumerate(content["images"]):
        if image["id"] in seen:
            raise SourceError(f"{path}: images[{position}]: id {image['id']!r} is that of another image too")
        seen.add(image["id"])
    listed = list(enumerate(content["images"]))
    if only_images is None:
        return listed
    wanted = frozenset(only_images)
    unknown = wanted.difference(*(names_of(image) for image in content["images"]))
    if unknown:
        raise SourceError(f"{path}: images: no image is named {min(unknown)!r}")
    return [(position, image) for position, image in listed if not wanted.isdisjoint(names_of(image))]


def _size_of(place: str, image: dict[str, Any]) -> tuple[int, int]:
    """Height and width; 0 where the file does not say."""
    for field in ("height", "width"):
        side = image.get(field)
        if side is not None and not 1 <= side <= _MAX_SIDE:
            raise SourceError(f"{place}: field {field!r}: expected pixels, found {side!r}")
    return image.get("height") or 0, image.get("width") or 0


def _area_of(place: str, annotation: dict[str, Any]) -> float:
    area = annotation.get("area")
    if area is None:
        return math.nan
    if type(area) not in (int, float) or not 0 <= area < 1e300:
        raise SourceError(f"{place}: field 'area': expected pixels, found {area!r:.80}")
    return float(area)
