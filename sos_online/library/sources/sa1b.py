"""SA-1B: a photo and a JSON of masks in RLE for each, without categories."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.errors import SourceError
from sos_online.library.sources.base import (
    CategoryFacts,
    LeftOut,
    RawSegment,
    Unit,
    existing_folder,
    file_state,
    slices,
)
from sos_online.library.sources.reading.folders import LEADS_OUT, files_below, path_inside
from sos_online.library.sources.reading.pictures import read_photo
from sos_online.library.sources.reading.regions import cut_out
from sos_online.library.sources.reading.segmentation import decode_segmentation
from sos_online.ops.names import category_name
from sos_online.types import Pixels


@dataclass(frozen=True, init=False)
class Sa1b:
    """Source of ``sa_N.json`` (``image`` and ``annotations`` with RLE) with the photo that it names, in any folder
    below the root. Masks have no category; all get the same.

    Attributes:
        root: folder of the files.
        category: of all segments.
        min_area: fewest mask pixels of a segment.
        min_iou: lowest ``predicted_iou`` of a mask, 0 … 1; released masks have 0.88 and more.
        min_stability: lowest ``stability_score``, 0 … 1; released masks have 0.95 and more.
        name: of the source in the library; the folder's name if empty.

    Raises:
        SourceError: ``category`` is empty.
    """

    root: Path
    category: str
    min_area: int
    min_iou: float
    min_stability: float
    name: str

    def __init__(
        self,
        root: str | Path,
        category: str = "object",
        min_area: int = 256,
        min_iou: float = 0.0,
        min_stability: float = 0.0,
        name: str = "",
    ) -> None:
        if not category_name(category):
            raise SourceError(f"SA-1B: expected the name of a category, found {category!r}")
        vars(self).update(
            root=Path(root),
            category=category_name(category),
            min_area=min_area,
            min_iou=min_iou,
            min_stability=min_stability,
            name=name or Path(root).resolve().name,
        )

    def settings(self) -> dict[str, Any]:
        thresholds = {"min_iou": self.min_iou, "min_stability": self.min_stability}
        return {"category": self.category, "min_area": self.min_area, **thresholds}

    def units(self) -> Iterator[Unit]:
        found = False
        for file in files_below(existing_folder(self.root, "a source of SA-1B files"), (".json",)):
            found = True
            if file.problem:
                yield file.unit(0, None)
                continue
            # what is counted may be in a text too: the last range is open, and an empty one does no harm
            count = max(1, file.path.read_bytes().count(b'"segmentation"'))
            photo = file_state(file.path.with_suffix(".jpg"))
            for start, stop in slices(count):
                yield file.unit(stop - start, [start, None if stop == count else stop, photo])
        if not found:
            raise SourceError(f"{self.root}: expected sa_N.json below it, found none")

    def categories(self) -> Mapping[str, CategoryFacts]:
        return {}

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            return [unit.payload]
        path = self.root / unit.name
        annotations, photo = self._read(path)
        start, stop, _ = unit.payload
        if isinstance(photo, str):
            return [LeftOut(unit.name, photo)] if start == 0 else []
        return self._cut_out_all(annotations, start, stop, unit.name.removesuffix(".json"), photo)

    def _cut_out_all(
        self, annotations: list[Any], start: int, stop: int | None, image: str, photo: Pixels
    ) -> Iterator[RawSegment | LeftOut]:
        before = {_id_of(annotation) for annotation in annotations[:start]}
        for position, annotation in enumerate(annotations[start:stop], start):
            if not isinstance(annotation, dict):
                yield LeftOut(f"{image}#[{position}]", "annotation is no object")
                continue
            number = _id_of(annotation)
            key = f"{image}#{f'[{position}]' if number is None else number}"
            reason = self._refused(annotation)
            if number is not None and number in before:
                reason = "two annotations of one id"
            before.add(number)
            mask = None if reason else decode_segmentation(annotation.get("segmentation"), photo.shape[:2])
            if mask is None:
                yield LeftOut(key, reason or "no valid segmentation")
            else:
                yield cut_out(photo, mask, key, self.category, min_area=self.min_area)

    def _refused(self, annotation: dict[str, Any]) -> str:
        for field, least in (("predicted_iou", self.min_iou), ("stability_score", self.min_stability)):
            value = annotation.get(field)
            if least <= 0:
                continue
            if not isinstance(value, (int, float)):
                return f"no {field}"
            if not value >= least:
                return f"{field} below {least}"
        return ""

    @staticmethod
    def _read(path: Path) -> tuple[list[Any], Pixels | str]:
        """The annotations and the photo, or instead of it the reason why there is none."""
        try:
            content = json.loads(path.read_bytes())
            image, annotations = content["image"], content["annotations"]
            name, size = image["file_name"], (image.get("width"), image.get("height"))
        except (ValueError, RecursionError):
            return [], "not readable as JSON"
        except (AttributeError, KeyError, TypeError):
            return [], "no SA-1B annotations: expected image and annotations"
        if not isinstance(name, str) or not isinstance(annotations, list):
            return [], "no SA-1B annotations: expected image and annotations"
        photo = path_inside(path.parent, name)
        return annotations, LEADS_OUT if photo is None else read_photo(photo, *size)


def _id_of(annotation: Any) -> int | None:
    number = annotation.get("id") if isinstance(annotation, dict) else None
    return number if isinstance(number, int) else None
