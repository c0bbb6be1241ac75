"""COCO-format instance JSON with its images."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_online.library.sources.base import CategoryFacts, LeftOut, RawSegment, Unit, category_name
from sos_online.library.sources.reading.coco_json import read_instances
from sos_online.library.sources.reading.instances import (
    check_only_images,
    counted_images,
    image_units,
    joined_facts,
    read_image_unit,
)


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
        check_only_images(only_images)
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

    def units(self) -> Iterator[Unit]:
        content = read_instances(self.annotations)
        yield from image_units(self.images, self.annotations, content, _names_of, self.only_images)

    def categories(self) -> Mapping[str, CategoryFacts]:
        content = read_instances(self.annotations)
        images, of_images = counted_images(content), len(content["images"])
        return joined_facts(
            [
                (category_name(entry["name"]), CategoryFacts(images=images.get(entry["id"], 0), of_images=of_images))
                for entry in content["categories"]
            ]
        )

    def read(self, unit: Unit) -> Iterable[RawSegment | LeftOut]:
        return read_image_unit(self.images, unit, self.min_area)


def image_names(annotations: Path) -> frozenset[str]:
    """File names of the images of a COCO instance JSON. Raises ``SourceError``."""
    return frozenset(image["file_name"] for image in read_instances(annotations)["images"])


def _names_of(image: dict[str, Any]) -> tuple[str, ...]:
    return (image["file_name"],)
