"""LVIS v1 annotations, written as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, TextIO

from sos_online.targets.outlines import piece_polygons
from sos_online.targets.row_masks import row_masks
from sos_online.targets.two_lists import TwoLists
from sos_online.types import Target

# readers cut the folder and the name out of this address of COCO's, and look for the file in a folder of theirs
COCO_URL = "http://images.cocodataset.org"
_RARE, _COMMON = 10, 100


class Facts(Protocol):
    """What is known of a category; empty where nothing is."""

    @property
    def synset(self) -> str: ...
    @property
    def synonyms(self) -> Sequence[str]: ...


def lvis_image(
    target: Target,
    size_hw: tuple[int, int],
    folder: str,
    file_name: str,
    annotated: Collection[int],
    negatives: int | None = None,
) -> dict[str, Any]:
    """The entry of an image in LVIS' ``images``.

    Each category that the image's source annotates (``annotated``) and that is not in the image is a true negative,
    and all are listed; LVIS counts a detection of a category that is listed nowhere for nothing. ``negatives`` lists
    only so many, as LVIS itself does: then over the images every category has its turn. A category that is in the image
    though its source does not annotate it (it was pasted) may be there unseen too: it is listed as not exhaustive. What
    a target says itself (``neg_category_ids``, ``not_exhaustive_category_ids``: samples of a set that is annotated like
    LVIS) goes before all this. LVIS knows no crowds: a category with a crowd in the image is not exhaustive either.
    """
    present = set(target["labels"].tolist())
    crowds = zip(target["labels"].tolist(), target["iscrowd"].tolist(), strict=True)
    partly = _ids(target, "not_exhaustive_category_ids")
    absent = _ids(target, "neg_category_ids")
    if partly is None:
        partly = present.difference(annotated) if absent is None else set()
    partly |= {label for label, crowd in crowds if crowd}
    listed = sorted(set(annotated) - present - partly if absent is None else absent)
    if absent is None and negatives is not None and len(listed) > negatives:
        first = target["image_id"] * negatives % len(listed)
        listed = sorted((listed[first:] + listed[:first])[:negatives])
    return {
        "id": target["image_id"],
        "file_name": f"{folder}/{file_name}",
        "coco_url": f"{COCO_URL}/{folder}/{file_name}",
        "height": size_hw[0],
        "width": size_hw[1],
        "neg_category_ids": listed,
        "not_exhaustive_category_ids": sorted(partly),
    }


def lvis_annotations(target: Target) -> list[dict[str, Any]]:
    """One annotation for each row that is no crowd and has pixels, without ids: ``bbox`` as XYWH, masks as polygons.

    Detectron2 takes polygons only. They run along the edges of pixels, with paths to holes, so that pycocotools makes
    the mask of them to the pixel.
    """
    rows = zip(
        target["boxes"].tolist(),
        target["labels"].tolist(),
        target["area"].tolist(),
        target["iscrowd"].tolist(),
        map(piece_polygons, row_masks(target)),
        strict=True,
    )
    return [
        {
            "image_id": target["image_id"],
            "category_id": label,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": area,
            "iscrowd": 0,  # LVIS has no such field, but pycocotools wants it
            "segmentation": [polygon.astype(int).ravel().tolist() for polygon in polygons],
        }
        for (x1, y1, x2, y2), label, area, crowd, polygons in rows
        if polygons and not crowd
    ]


class LvisWriter:
    """Writes an LVIS v1 JSON sample by sample, in constant memory.

    Categories come last: in how many images each is, and so its ``frequency`` (``r`` up to 10 images, ``c`` up to 100,
    ``f``), is known then.

    Args:
        file: text file to write to; complete only after :meth:`close`.
        category_names: name of category id ``i + 1`` at position ``i``.
        facts: synset and synonyms of categories by name, where they are known; a synset is empty else.
    """

    def __init__(self, file: TextIO, category_names: Sequence[str], facts: Mapping[str, Facts] | None = None) -> None:
        self._names = category_names
        self._facts = facts or {}
        self._images: Counter[int] = Counter()
        self._instances: Counter[int] = Counter()
        self._lists = TwoLists(file, {"info": {"description": "made by sos_online", "version": "1.0"}, "licenses": []})
        self._next_id = 1

    def add_entries(self, image: Mapping[str, Any], annotations: Sequence[Mapping[str, Any]]) -> None:
        """Add a sample as :func:`lvis_image` and :func:`lvis_annotations` have made it."""
        numbered = [{"id": self._next_id + row, **annotation} for row, annotation in enumerate(annotations)]
        self._lists.add(image, numbered)
        self._next_id += len(numbered)
        labels = [annotation["category_id"] for annotation in annotations]
        self._instances.update(labels)
        self._images.update(set(labels))

    def close(self) -> None:
        """Write images and categories and end the document; the file itself stays open."""
        self._lists.close({"categories": [self._category(number, name) for number, name in enumerate(self._names, 1)]})

    def _category(self, number: int, name: str) -> dict[str, Any]:
        facts = self._facts.get(name)
        images = self._images[number]
        return {
            "id": number,
            "name": name,
            "synset": facts.synset if facts else "",
            "synonyms": list(dict.fromkeys([name, *(facts.synonyms if facts else ())])),
            "def": "",
            "frequency": "r" if images <= _RARE else "c" if images <= _COMMON else "f",
            "image_count": images,
            "instance_count": self._instances[number],
        }


def _ids(target: Target, key: str) -> set[int] | None:
    """Category ids that a target lists itself, in a list or a tensor; None if it does not."""
    value = target.get(key)
    return None if value is None else {int(number) for number in value}
