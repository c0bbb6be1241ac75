"""Samples as the gallery shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from sos_online.cli.gallery import Entry, GalleryExpression, GalleryObject
from sos_online.data import SOSDataset, collate, make_device_stage
from sos_online.data.device import Images
from sos_online.library import SegmentLibrary
from sos_online.types import Target


def gallery_entries(dataset: SOSDataset, count: int, device: str = "cpu") -> Iterator[Entry]:
    """The first ``count`` samples of a dataset, one at a time, as a training step would get them.

    Where a sample is lit, its entry has the picture without light as well.
    """
    # a preview waits for its light
    stage = make_device_stage(dataset.recipe.replace(reservoir=None), device, dtype=torch.uint8)
    for index in range(count):
        images, (target,) = stage(collate([dataset.sample(index)]))
        scene = dataset.scene(index)
        unlit = None if scene.light is None else dataset.render(replace(scene, light=None))
        yield Entry(
            title=f"sample {index}",
            image=_first_picture(images),
            instance_map=target["instance_map"].cpu().numpy().astype(np.int32),
            objects=tuple(_objects(dataset.library, target)),
            unlit=None if unlit is None else _first_picture(stage(collate([unlit]))[0]),
            expressions=tuple(_expressions(target)),
        )


def _first_picture(images: Images) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(images[0].cpu().numpy().transpose(1, 2, 0))


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


def _expressions(target: Target) -> Iterator[GalleryExpression]:
    """None where the recipe asks for no words."""
    for expression in target.get("expressions", ()):
        yield GalleryExpression(expression["text"], tuple(expression["rows"]), expression["kind"])


def _as_tuple(box: list[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    return x1, y1, x2, y2
