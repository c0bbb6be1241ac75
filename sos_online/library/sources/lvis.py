"""LVIS instance JSON, v0.5 and v1, with COCO's images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sos_online.errors import SourceError
from sos_online.library.sources.base import CategoryFacts, Unit
from sos_online.library.sources.reading.coco_json import Instances, read_instances
from sos_online.library.sources.reading.instances import (
    AnnotatedPhotos,
    counted_images,
    image_units,
    joined_facts,
)
from sos_online.ops.names import category_name


class LvisInstances(AnnotatedPhotos):
    """Source of LVIS instances, whose categories have synsets, synonyms and frequencies.

    Attributes:
        images: folder of the images: either COCO's folder that holds ``train2017/`` and ``val2017/``, or one of these.
        annotations: the instance JSON: v1, whose images have a ``coco_url`` alone, or v0.5, whose ``file_name`` may
            be that of COCO 2014 (``COCO_train2014_000000000009.jpg``).
        min_area: fewest mask pixels of a segment.
        only_images: names of the images to take segments from, as ``000000000009.jpg`` or as
            ``train2017/000000000009.jpg``, each of which must be in the JSON; all if None.
        name: of the source in the library; the JSON's name without suffix if empty.

    Raises:
        SourceError: ``only_images`` is one text, which would be read letter by letter.
    """

    def units(self) -> Iterator[Unit]:
        yield from image_units(self.images, self.annotations, self._content(), lvis_names_of, self.only_images)

    def categories(self) -> Mapping[str, CategoryFacts]:
        """Images are counted: the file's own ``image_count`` may be that of a larger set than its images."""
        content = self._content()
        images, of_images = counted_images(content), len(content["images"])
        return joined_facts(
            [
                (
                    category_name(entry["name"]),
                    CategoryFacts(
                        synset=entry.get("synset") or "",
                        frequency=frequency_of(self.annotations, position, entry),
                        images=images.get(entry["id"], 0),
                        of_images=of_images,
                        synonyms=tuple(map(str, entry.get("synonyms") or ())),
                    ),
                )
                for position, entry in enumerate(content["categories"])
            ]
        )

    def _content(self) -> Instances:
        return read_instances(self.annotations, ("file_name", "coco_url"))


def frequency_of(annotations: Path, position: int, category: dict[str, Any]) -> str:
    """``r``, ``c``, ``f``, or nothing if an entry of the categories does not say. Raises ``SourceError``."""
    frequency: str = category.get("frequency") or ""
    if frequency not in ("", "r", "c", "f"):
        place = f"{annotations}: categories[{position}]: field 'frequency'"
        raise SourceError(f"{place}: expected 'r', 'c' or 'f', found {frequency!r}")
    return frequency


def lvis_image_names(annotations: Path) -> frozenset[str]:
    """Names of the images of an LVIS instance JSON, each in all its forms. Raises ``SourceError``."""
    content = read_instances(annotations, ("file_name", "coco_url"))
    return frozenset(name for image in content["images"] for name in lvis_names_of(image))


def lvis_names_of(image: dict[str, Any]) -> tuple[str, ...]:
    """Names that an image may have in its folder, the likeliest first."""
    names = []
    if image.get("file_name"):
        names.append(image["file_name"])
        if image["file_name"].startswith("COCO_"):  # COCO 2017 has the same images without the name of their set
            names.append(image["file_name"].rpartition("_")[2])
    if image.get("coco_url"):
        folder, _, file = urlsplit(image["coco_url"]).path.rpartition("/")
        names += [f"{folder.rpartition('/')[2]}/{file}".lstrip("/"), file]
    return tuple(dict.fromkeys(name for name in names if name))
