"""ADE20K's original files: a photo, its JSON, and masks: a PNG for each object, or the whole ones in ``_seg.png``."""

from __future__ import annotations

import os
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
    slices,
)
from sos_online.library.sources.reading.ade20k_json import AdeObject, read_ade_json
from sos_online.library.sources.reading.folders import LEADS_OUT, files_below, path_inside
from sos_online.library.sources.reading.instances import joined_facts
from sos_online.library.sources.reading.pictures import read_colours, read_labels, read_photo
from sos_online.library.sources.reading.regions import Labels, Region, cut_out, cut_out_regions, regions
from sos_online.types import Flag, Pixels

_VISIBLE, _HIDDEN = 255, 128  # in an object's own mask; hidden pixels show what lies before it
_WHOLE = 0.01  # share of hidden pixels that leaves an object whole: outlines overlap by a pixel or two


@dataclass(frozen=True, init=False)
class Ade20k:
    """Source of ``NAME.json`` with ``NAME.jpg``, ``NAME_seg.png`` and ``NAME/instance_*.png``, in any folder below the
    root. Where the folder of an image's own masks is absent, ``_seg.png`` gives the whole objects.

    The flag ``Integrity`` is false for objects that are said to be cropped or occluded, or of which more than 1 % is
    hidden; true for others that are said not to be occluded.

    Attributes:
        root: such as ``ADE20K_2021_17_01/images``.
        parts: take parts of objects (wheels, windows) as segments of their own too.
        min_area: fewest visible pixels of a segment.
        name: of the source in the library; the folder's name if empty.
    """

    root: Path
    parts: bool
    min_area: int
    name: str

    def __init__(self, root: str | Path, parts: bool = False, min_area: int = 256, name: str = "") -> None:
        vars(self).update(root=Path(root), parts=parts, min_area=min_area, name=name or Path(root).resolve().name)

    def settings(self) -> dict[str, Any]:
        return {"parts": self.parts, "min_area": self.min_area}

    def units(self) -> Iterator[Unit]:
        found = False
        for file in files_below(existing_folder(self.root, "a source of ADE20K files"), (".json",)):
            found = True
            if file.problem:
                yield file.unit(0, None)
                continue
            count = max(1, file.path.read_bytes().count(b'"instance_mask"'))
            stem = file.path.with_suffix("")
            others = [file_state(Path(f"{stem}{suffix}")) for suffix in (".jpg", "_seg.png")]
            others.append(_folder_state(stem))
            for start, stop in slices(count):
                yield file.unit(stop - start, [start, None if stop == count else stop, others])
        if not found:
            raise SourceError(f"{self.root}: expected NAME.json of ADE20K below it, found none")

    def categories(self) -> Mapping[str, CategoryFacts]:
        """Of whole objects, and of parts if they are taken. All JSON files are read."""
        facts: dict[str, CategoryFacts] = {}
        images: dict[str, int] = {}
        of_images = 0
        for file in files_below(self.root, (".json",)):
            objects = "" if file.problem else read_ade_json(file.path)
            if isinstance(objects, str):
                continue
            of_images += 1
            taken = [entry for entry in objects if entry is not None and entry.names and self._wants(entry)]
            for name in {entry.names[0] for entry in taken}:
                images[name] = images.get(name, 0) + 1
            for entry in taken:
                facts.setdefault(entry.names[0], CategoryFacts(synonyms=entry.names[1:]))
        return joined_facts(
            [
                (name, CategoryFacts(images=images[name], of_images=of_images, synonyms=said.synonyms))
                for name, said in facts.items()
            ]
        )

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        if isinstance(unit.payload, LeftOut):
            return [unit.payload]
        path = self.root / unit.name
        start, stop, _ = unit.payload
        objects = read_ade_json(path)
        photo_path = path_inside(self.root, unit.name.removesuffix(path.suffix) + ".jpg")
        photo = objects if isinstance(objects, str) else LEADS_OUT if photo_path is None else read_photo(photo_path)
        if isinstance(objects, str) or isinstance(photo, str):
            return [LeftOut(unit.name, str(photo))] if start == 0 else []
        key = unit.name.removesuffix(".json")
        if path.with_suffix("").is_dir():
            return self._by_own_masks(objects, start, stop, key, path.parent, photo)
        return self._by_segmentation(objects, key, path, photo) if start == 0 else []

    def _wants(self, entry: AdeObject) -> bool:
        return self.parts or entry.part_level == 0

    def _by_own_masks(
        self, objects: list[AdeObject | None], start: int, stop: int | None, image: str, folder: Path, photo: Pixels
    ) -> Iterator[RawSegment | LeftOut]:
        before = {entry.id for entry in objects[:start] if entry is not None and entry.names}
        for position, entry in enumerate(objects[start:stop], start):
            if entry is None or not entry.names:
                yield LeftOut(f"{image}#[{position}]", "object without id or name")
                continue
            key = f"{image}#{entry.id}"
            if entry.id in before:
                yield LeftOut(key, "two objects of one id")
                continue
            before.add(entry.id)
            if not self._wants(entry):
                yield LeftOut(key, "part of an object")
                continue
            path = path_inside(folder, entry.mask)
            mask = read_labels(path) if path is not None else LEADS_OUT if entry.mask else "mask is not there"
            if isinstance(mask, str) or mask.shape != photo.shape[:2]:
                yield LeftOut(key, mask if isinstance(mask, str) else "mask and photo differ in size")
                continue
            yield self._cut_out(entry, key, photo, mask)

    def _cut_out(self, entry: AdeObject, key: str, photo: Pixels, mask: Labels) -> RawSegment | LeftOut:
        visible = (mask == _VISIBLE).astype(np.uint8)
        shown, hidden = int(np.count_nonzero(visible)), int(np.count_nonzero(mask == _HIDDEN))
        flags: dict[Flag, bool] = {}
        if entry.cropped or entry.occluded or hidden > _WHOLE * (shown + hidden):
            flags["Integrity"] = False
        elif entry.occluded is False:
            flags["Integrity"] = True
        return cut_out(
            photo,
            visible,
            key,
            entry.names[0],
            min_area=self.min_area,
            words=entry.words,
            flags=flags,
            cropped=entry.cropped,
        )

    def _by_segmentation(
        self, objects: list[AdeObject | None], image: str, path: Path, photo: Pixels
    ) -> Iterable[RawSegment | LeftOut]:
        """Red and green of ``_seg.png`` are the class, ``R // 10 · 256 + G``, and blue tells whole objects apart."""
        seg_path = path_inside(path.parent, f"{path.stem}_seg.png")
        colours = LEADS_OUT if seg_path is None else read_colours(seg_path)
        if isinstance(colours, str) or colours.shape != photo.shape:
            return [LeftOut(image, colours if isinstance(colours, str) else "mask and photo differ in size")]
        names = {
            entry.class_number: entry.names[0] for entry in objects if entry and entry.names and self._wants(entry)
        }
        classes = colours[..., 0].astype(np.int32) // 10 * 256 + colours[..., 1]
        labels = np.where(colours[..., 2] > 0, classes * 256 + colours[..., 2], 0)
        named: list[tuple[Region, str, str]] = []
        without: list[LeftOut] = []
        for region in regions(labels):
            class_number, blue = divmod(region.label, 256)
            key, name = f"{image}#{class_number}-{blue}", names.get(class_number)
            if name is None:
                without.append(LeftOut(key, "class of the object is not in its JSON"))
            else:
                named.append((region, key, name))
        return [*cut_out_regions(photo, labels, named, self.min_area), *without]


def _folder_state(folder: Path) -> tuple[int, int]:
    """Bytes of all files of a folder and the latest time of change of one, ns; (0, 0) where there is none."""
    if not folder.is_dir():
        return 0, 0
    with os.scandir(folder) as entries:
        states = [entry.stat() for entry in entries if entry.is_file()]
    return sum(state.st_size for state in states), max((state.st_mtime_ns for state in states), default=0)
