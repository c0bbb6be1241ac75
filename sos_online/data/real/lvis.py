"""LVIS instances, v0.5 and v1, with COCO's images, to train on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sos_online.data.real.annotated_images import AnnotatedImages
from sos_online.data.real.categories import FileCategories
from sos_online.data.sample_iterator import Sample
from sos_online.data.transforms import Transforms
from sos_online.errors import SourceError
from sos_online.library.sources.lvis import frequency_of, lvis_names_of
from sos_online.library.sources.reading.coco_json import read_instances

_FIELDS = ("neg_category_ids", "not_exhaustive_category_ids")


class LvisDataset(AnnotatedImages):
    """As :class:`CocoDataset`, with what LVIS says of each image: not all categories are annotated on all images.

    ``target`` has two keys more, int64 tensors of labels, in ascending order:

    - ``neg_category_ids``: categories that were looked for and are not on the image.
    - ``not_exhaustive_category_ids``: categories of which not every object is annotated.

    A category that is neither among these nor among ``labels`` may be on the image or not.

    Attributes:
        frequency: ``r``, ``c`` or ``f`` (rare, common, frequent) of label ``i + 1`` at position ``i``; empty where the
            file does not say.

    Args:
        images: folder of the images: either COCO's folder that holds ``train2017/`` and ``val2017/``, or one of these.
        annotations: the instance JSON, v0.5 or v1.
        only_images: names of the images to serve, as ``000000000009.jpg`` or as ``train2017/000000000009.jpg``.
        transforms, masks: see :class:`CocoDataset`. LVIS has no crowds.

    Raises:
        SourceError: the folder or the JSON cannot be read; names the entry and the field that is missing or wrong.
    """

    def __init__(
        self,
        images: str | Path,
        annotations: str | Path,
        *,
        transforms: Transforms | None = None,
        only_images: Collection[str] | None = None,
        masks: bool = True,
    ) -> None:
        path = Path(annotations)
        content = read_instances(path, ("file_name", "coco_url"))
        categories = FileCategories.of(content)
        super().__init__(
            images,
            path,
            content,
            categories,
            lvis_names_of,
            transforms=transforms,
            only_images=only_images,
            crowds=False,
            masks=masks,
        )
        frequencies = {
            entry["id"]: frequency_of(path, position, entry) for position, entry in enumerate(content["categories"])
        }
        self.frequency = [frequencies[identifier] for identifier in categories.ids]
        listed = {image["id"]: (position, image) for position, image in enumerate(content["images"])}
        images_here = [listed[identifier] for identifier in self._table.ids.to_pylist()]
        self._stated = {field: _LabelLists(path, field, images_here, categories.label_of) for field in _FIELDS}

    def _annotated(self, index: int, unwanted: Collection[int]) -> tuple[Sample, int]:
        (image, target), left_out = super()._annotated(index, unwanted)
        return (image, {**target, **{field: lists[index] for field, lists in self._stated.items()}}), left_out


class _LabelLists:
    """A list of labels for each image, in two flat arrays."""

    def __init__(
        self, path: Path, field: str, images: list[tuple[int, dict[str, Any]]], label_of: dict[int | str, int]
    ) -> None:
        lists = [_labels_of(f"{path}: images[{position}]", image, field, label_of) for position, image in images]
        self._first: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(int)
        self._labels = np.array([label for one in lists for label in one], np.int64)

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.from_numpy(self._labels[self._first[index] : self._first[index + 1]].copy())


def _labels_of(place: str, image: dict[str, Any], field: str, label_of: dict[int | str, int]) -> list[int]:
    stated = image.get(field) or []
    if not isinstance(stated, list) or not all(isinstance(one, int | str) for one in stated):
        raise SourceError(f"{place}: field {field!r}: expected a list of category ids, found {stated!r:.80}")
    unknown = [one for one in stated if one not in label_of]
    if unknown:
        raise SourceError(f"{place}: field {field!r}: category id {unknown[0]!r} is not in the categories")
    return sorted({label_of[one] for one in stated})
