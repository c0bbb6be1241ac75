"""What datasets of annotated images have in common: a table of what is on them, and a folder of image files."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from pycocotools import mask as coco_mask
from torch.utils.data import Dataset
from torchvision.tv_tensors import Image

from sos_online.data.real.annotation_table import AnnotationTable, NamesOf, read_table
from sos_online.data.real.categories import FileCategories
from sos_online.data.real.transforms import transform_annotated
from sos_online.data.sample_iterator import Sample
from sos_online.data.stream import one_opencv_thread
from sos_online.data.transforms import Transforms
from sos_online.errors import BrokenSampleError, SourceError
from sos_online.library.sources.base import existing_folder
from sos_online.library.sources.reading.coco_json import Instances
from sos_online.library.sources.reading.folders import path_inside
from sos_online.library.sources.reading.pictures import decode_photo
from sos_online.ops.heap import keep_freed_memory
from sos_online.targets import annotated_target
from sos_online.types import Target


class AnnotatedImages(Dataset[Sample]):
    """Base of :class:`CocoDataset` and :class:`LvisDataset`, which say what their samples are.

    Attributes:
        images: folder of the images.
        annotations: the instance JSON.
        category_names: name of label ``i + 1`` at position ``i``.
        category_ids: the file's id of label ``i + 1`` at position ``i``.
        category_other_names: synonyms and synset of label ``i + 1`` at position ``i``, as far as the file says.
        left_out: how many annotations of the images have no row, by the reason.
    """

    def __init__(
        self,
        images: str | Path,
        annotations: str | Path,
        content: Instances,
        categories: FileCategories,
        names_of: NamesOf,
        *,
        transforms: Transforms | None,
        only_images: Collection[str] | None,
        crowds: bool,
        masks: bool,
    ) -> None:
        if isinstance(only_images, (str, bytes, os.PathLike)):
            raise SourceError(f"only_images: expected a collection of file names, found one: {only_images!r}")
        self.images = existing_folder(Path(images), "the image folder of instance annotations")
        self.annotations = Path(annotations)
        self.transforms = transforms
        self.category_names = categories.names
        self.category_ids = categories.ids
        self.category_other_names = categories.other_names
        self._table: AnnotationTable = read_table(
            self.annotations, content, categories, names_of, only_images=only_images, crowds=crowds, masks=masks
        )
        self.left_out = self._table.left_out
        one_opencv_thread()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.annotations)!r}, {len(self):,} images, {self.num_objects:,} objects)"

    def __len__(self) -> int:
        return len(self._table.ids)

    def __iter__(self) -> Iterator[Sample]:
        return map(self.__getitem__, range(len(self)))

    @property
    def num_objects(self) -> int:
        """Rows of all targets together."""
        return len(self._table.labels)

    def fingerprint(self) -> str:
        """A hash of which images there are and what is on them, not of their pixels."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        return self._table.fingerprint()

    def image_path(self, index: int) -> Path:
        """Where an image's file is.

        Raises:
            BrokenSampleError: it is not there, or the file's name for it leads out of the folder.
        """
        names = self._table.names[index].as_py()
        paths = [path_inside(self.images, name) for name in names]
        for path in paths:
            if path is not None and path.is_file():
                return path
        shown = " or ".join(repr(str(self.images / name)) for name in names)
        if None in paths:
            raise BrokenSampleError(f"{self.annotations}: file name leaves the image folder: {shown}")
        raise BrokenSampleError(f"{shown}: named in {self.annotations}, but it is not there")

    def __getitem__(self, index: int) -> Sample:
        """The sample at a position; negative ones count from the end.

        Raises:
            IndexError: there is no such position.
            BrokenSampleError: naming the image file that is missing or damaged, or the annotation that cannot be drawn.
        """
        (image, target), _ = self.before_transforms(index)
        return (image, target) if self.transforms is None else transform_annotated(self.transforms, image, target)

    def before_transforms(self, index: int, unwanted: Collection[int] = ()) -> tuple[Sample, int]:
        """The sample at a position before transforms, without rows of unwanted labels, and how many those were.

        Raises as ``[index]`` does.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is not in a set of {len(self)} images")
        keep_freed_memory()
        return self._annotated(index % len(self), unwanted)

    def _annotated(self, index: int, unwanted: Collection[int]) -> tuple[Sample, int]:
        table = self._table
        pixels = self._read(index)
        size_hw = pixels.shape[1], pixels.shape[2]
        rows = np.arange(table.first[index], table.first[index + 1])
        boxes = table.boxes[rows]
        if not table.sizes[index].all():  # else those beyond the canvas were left out when the file was read
            rows = rows[(boxes[:, :2] < (size_hw[1], size_hw[0])).all(1)]
            boxes = table.boxes[rows]
        wanted = np.array([label not in unwanted for label in table.labels[rows].tolist()], bool)
        masks = None if table.outlines is None else self._masks(rows, wanted, size_hw)
        left_out = len(rows) - int(wanted.sum())
        rows, boxes = rows[wanted], boxes[wanted]
        areas = table.areas[rows]
        unknown = np.isnan(areas)
        if unknown.any():
            whole = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) if masks is None else masks.sum((1, 2))
            areas[unknown] = whole[unknown]
        target: Target = {
            "labels": torch.from_numpy(table.labels[rows]),
            "area": torch.from_numpy(areas),
            "iscrowd": torch.from_numpy(table.crowds[rows]),
            "image_id": table.ids[index].as_py(),
        }
        return (Image(torch.from_numpy(pixels)), annotated_target(target, boxes, masks, size_hw)), left_out

    def _read(self, index: int) -> npt.NDArray[np.uint8]:
        """Pixels ``[3, H, W]``."""
        path = self.image_path(index)
        height, width = (int(side) or None for side in self._table.sizes[index])
        try:
            photo = decode_photo(path.read_bytes(), width, height)
        except OSError as error:
            raise BrokenSampleError(f"{path}: cannot be read: {error.strerror or error}") from None
        if isinstance(photo, str):
            raise BrokenSampleError(f"{path}: {photo}")
        pixels = np.empty((3, *photo.shape[:2]), np.uint8)
        cv2.split(photo, list(pixels))
        return pixels

    def _masks(
        self, rows: npt.NDArray[np.int64], wanted: npt.NDArray[np.bool_], size_hw: tuple[int, int]
    ) -> npt.NDArray[np.uint8]:
        """0/1 ``[N, H, W]`` of the wanted ones of some rows; whether they can be drawn is asked of all."""
        assert self._table.outlines is not None
        masks = np.zeros((int(wanted.sum()), *size_hw), np.uint8)
        drawn = iter(masks)
        for row, is_wanted in zip(rows.tolist(), wanted.tolist(), strict=True):
            rle = self._table.outlines.rle(row, size_hw)
            if rle is None:
                position = self._table.positions[row]
                raise BrokenSampleError(
                    f"{self.annotations}: annotations[{position}]: field 'segmentation': none for {size_hw[0]} x "
                    f"{size_hw[1]} pixels"
                )
            if not is_wanted:
                continue
            x, y, width, height = coco_mask.toBbox(rle).astype(int)
            window = (slice(y, y + height), slice(x, x + width))
            next(drawn)[window] = coco_mask.decode(rle)[
                window
            ]  # it lies column by column, and is slow to turn as a whole
        return masks
