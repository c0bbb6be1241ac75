"""What COCO's and LVIS' instance files have in common: annotations by image, each cut out along its polygons or RLE."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
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
    file_unit,
    slices,
    unit_left_out,
)
from sos_online.library.sources.reading.coco_json import Instances
from sos_online.library.sources.reading.folders import path_inside
from sos_online.library.sources.reading.pictures import read_photo
from sos_online.library.sources.reading.regions import cut_out
from sos_online.library.sources.reading.segmentation import decode_segmentation
from sos_online.ops.names import as_key, category_name

NamesOf = Callable[[dict[str, Any]], tuple[str, ...]]


@dataclass(frozen=True, init=False)
class AnnotatedPhotos:
    """What sources of such a file and its images are made of.

    Attributes:
        images: folder of the images.
        annotations: the instance JSON.
        min_area: fewest mask pixels of a segment.
        only_images: names of the images to take segments from, each of which must be in the JSON; all if None.
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
        vars(self).update(
            images=Path(images),
            annotations=Path(annotations),
            min_area=min_area,
            only_images=only_images,
            name=name or Path(annotations).stem,
        )

    def __getstate__(self) -> dict[str, Any]:
        """What reading needs: the names of images have done their work when the units are listed."""
        return {**vars(self), "only_images": None}

    def settings(self) -> dict[str, Any]:
        return {"min_area": self.min_area}

    def read(self, unit: Unit) -> Iterator[RawSegment | LeftOut]:
        """The segments of one unit of :func:`image_units`."""
        if isinstance(unit.payload, LeftOut):
            yield unit.payload
            return
        listed: ImageAnnotations = unit.payload
        photo = read_photo(self.images / unit.name, listed.width, listed.height)
        for annotation in listed.objects:
            key = f"{unit.name}#{annotation.id}"
            if isinstance(photo, str) or annotation.left_out:
                yield LeftOut(key, photo if isinstance(photo, str) else annotation.left_out)
                continue
            mask = decode_segmentation(annotation.segmentation, (photo.shape[0], photo.shape[1]))
            if mask is None:
                yield LeftOut(key, "no valid segmentation")
            else:
                yield cut_out(photo, mask, key, annotation.category, min_area=self.min_area)


@dataclass(frozen=True, slots=True)
class ImageAnnotations:
    """The payload of a unit: the image's size, where it is given, and its objects or some of them."""

    width: int | None
    height: int | None
    objects: list[Annotation]


@dataclass(frozen=True, slots=True)
class Annotation:
    """One object, its ``segmentation`` as the file has it; or why it is left out."""

    id: int
    category: str
    segmentation: Any
    left_out: str = ""


def image_units(
    images: Path, annotations: Path, content: Instances, names_of: NamesOf, only_images: Collection[str] | None
) -> Iterator[Unit]:
    """Units by image name, then by annotation id; last the annotations of images that the file lacks.

    Args:
        images: folder of the images.
        annotations: where ``content`` is from, for messages.
        names_of: under which names an image may lie in the folder; it sorts by the first.
        only_images: names of the images to take; all if None.

    Raises:
        SourceError: an image is not in the folder, or a wanted one is not in the file.
    """
    existing_folder(images, "the image folder of instance annotations")
    names = {entry["id"]: category_name(entry["name"]) for entry in content["categories"]}
    by_image: dict[int | str, list[dict[str, Any]]] = defaultdict(list)
    for annotation in content["annotations"]:
        by_image[annotation["image_id"]].append(annotation)
    wanted = None if only_images is None else frozenset(only_images)
    if wanted is not None:
        unknown = wanted.difference(*map(names_of, content["images"]))
        if unknown:
            raise SourceError(f"{annotations}: images: no image is named {min(unknown)!r}")
    taken: set[str] = set()
    for image in sorted(content["images"], key=names_of):
        listed = sorted(by_image.get(image["id"], []), key=lambda annotation: annotation["id"])
        if not listed or (wanted is not None and wanted.isdisjoint(names_of(image))):
            continue
        name, path = _find(images, names_of(image), annotations)
        if name in taken:  # its annotations may be others of the same numbers
            for annotation in listed:
                yield unit_left_out(f"{name}#{annotation['id']}", "two images of one file name")
            continue
        taken.add(name)
        checked = [_annotation(entry, names, before) for before, entry in zip([None, *listed], listed, strict=False)]
        for start, stop in slices(len(checked)):
            objects = checked[start:stop]
            yield file_unit(
                name, path, len(objects), ImageAnnotations(image.get("width"), image.get("height"), objects)
            )
    if wanted is None:  # what is of no known image is of none that is wanted
        known_ids = {image["id"] for image in content["images"]}
        for image_id in sorted(by_image.keys() - known_ids, key=repr):
            for annotation in sorted(by_image[image_id], key=lambda annotation: annotation["id"]):
                yield unit_left_out(f"{image_id}#{annotation['id']}", "image id not in the file")


def counted_images(content: Instances) -> dict[int | str, int]:
    """In how many images each category id has an annotation."""
    found = {(annotation["category_id"], annotation["image_id"]) for annotation in content["annotations"]}
    counts: dict[int | str, int] = defaultdict(int)
    for category_id, _ in found:
        counts[category_id] += 1
    return counts


def joined_facts(named: Collection[tuple[str, CategoryFacts]]) -> dict[str, CategoryFacts]:
    """By name; of two categories of one name the first says most, and their images add up."""
    facts: dict[str, CategoryFacts] = {}
    for name, said in named:
        before = facts.get(name)
        facts[name] = (
            said
            if before is None
            else CategoryFacts(
                before.synset or said.synset,
                before.frequency or said.frequency,
                before.images + said.images,
                before.of_images,
                before.synonyms + said.synonyms,
                before.supercategories + said.supercategories,
            )
        )
    return facts


def _find(images: Path, names: tuple[str, ...], annotations: Path) -> tuple[str, Path]:
    if not names:
        raise SourceError(f"{annotations}: images: an image whose address names no file")
    for name in names:
        path = path_inside(images, name)
        if path is None:
            raise SourceError(f"{annotations}: images: file name {name!r} leaves the image folder {images}")
        if path.is_file():
            return name, path
    raise SourceError(f"{images / as_key(names[0])}: named in {annotations}, but it is not there")


def _annotation(entry: dict[str, Any], names: dict[int | str, str], before: dict[str, Any] | None) -> Annotation:
    """``before``: the one before it in the order of ids."""
    category = names.get(entry["category_id"])
    if before is not None and before["id"] == entry["id"]:
        left_out = "two annotations of one id"
    elif entry.get("iscrowd"):
        left_out = "crowd"
    elif category is None:
        left_out = "category id not in the file"
    elif not category:
        left_out = "category has an empty name"
    else:
        return Annotation(entry["id"], category, entry.get("segmentation"))
    return Annotation(entry["id"], "", None, left_out)
