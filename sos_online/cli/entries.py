"""Samples as the gallery shows them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sos_online.cli.gallery import Entry, GalleryObject
from sos_online.data import SOSDataset
from sos_online.library import SegmentLibrary
from sos_online.types import Target


def gallery_entries(dataset: SOSDataset, count: int) -> Iterator[Entry]:
    """The first ``count`` samples of a dataset, one at a time."""
    for index in range(count):
        image, target = dataset.sample(index)
        yield Entry(
            title=f"sample {index}",
            image=np.ascontiguousarray(image.numpy().transpose(1, 2, 0)),
            instance_map=target["instance_map"].numpy().astype(np.int32),
            objects=tuple(_objects(dataset.library, target)),
        )


def _objects(library: SegmentLibrary, target: Target) -> Iterator[GalleryObject]:
    for row, label in enumerate(target["labels"].tolist()):
        words = library.words(int(target["segment_ids"][row]))
        yield GalleryObject(
            category=library.category_names[label - 1],
            box=_as_tuple(target["boxes"][row].tolist()),
            amodal_box=_as_tuple(target["amodal_boxes"][row].tolist()),
            visibility=float(target["visibility"][row]),
            area=int(target["area"][row]),
            phrase=words.short_phrase,
            description=words.description,
            features=words.features,
        )


def _as_tuple(box: list[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    return x1, y1, x2, y2
