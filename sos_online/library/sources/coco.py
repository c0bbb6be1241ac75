"""COCO-format instance JSON with its images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sos_online.library.sources.base import CategoryFacts, Unit
from sos_online.library.sources.reading.coco_json import read_instances
from sos_online.library.sources.reading.instances import (
    AnnotatedPhotos,
    counted_images,
    image_units,
    joined_facts,
)
from sos_online.ops.names import category_name


class CocoInstances(AnnotatedPhotos):
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

    def units(self) -> Iterator[Unit]:
        content = read_instances(self.annotations)
        yield from image_units(self.images, self.annotations, content, coco_names_of, self.only_images)

    def categories(self) -> Mapping[str, CategoryFacts]:
        content = read_instances(self.annotations)
        images, of_images = counted_images(content), len(content["images"])
        return joined_facts(
            [
                (
                    category_name(entry["name"]),
                    CategoryFacts(
                        images=images.get(entry["id"], 0),
                        of_images=of_images,
                        supercategories=_supercategories(entry.get("supercategory")),
                    ),
                )
                for entry in content["categories"]
            ]
        )


def image_names(annotations: Path) -> frozenset[str]:
    """File names of the images of a COCO instance JSON. Raises ``SourceError``."""
    return frozenset(image["file_name"] for image in read_instances(annotations)["images"])


def _supercategories(stated: object) -> tuple[str, ...]:
    """What a file states, if it is a name: nothing else hangs on this field, and some write anything there."""
    name = category_name(stated) if isinstance(stated, str) else ""
    return (name,) if name else ()


def coco_names_of(image: dict[str, Any]) -> tuple[str, ...]:
    return (image["file_name"],)
