"""COCO-format instances with their images, to train on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sos_online.data.real.annotated_images import AnnotatedImages
from sos_online.data.real.categories import FileCategories
from sos_online.data.transforms import Transforms
from sos_online.library.sources.coco import coco_names_of
from sos_online.library.sources.reading.coco_json import read_instances


class CocoDataset(AnnotatedImages):
    """A map-style dataset of ``(image, target)`` in torchvision's detection convention.

    ``image`` is a ``tv_tensors.Image``, uint8 ``[3, H, W]`` RGB, as its pixels are stored: COCO is annotated so, EXIF
    rotations left aside. Only where the file states a size that the turned image alone has, it is turned.

    ``target``:

    - ``boxes``: ``BoundingBoxes`` XYXY float32 ``[N, 4]``, half-open, as annotated, cut at the image.
    - ``labels``: int64 ``[N]``, 1 … C: positions in ``category_names``, in the order of the file's ids.
    - ``masks``: ``Mask`` uint8 ``[N, H, W]``, as annotated, drawn by pycocotools; they may overlap.
    - ``instance_map``: ``Mask`` int16 ``[H, W]``, 0 = background, ``i + 1`` = row ``i``; of objects that overlap the
      smaller is in front. A row that others cover has no pixel in it and is a row all the same; so is one whose
      outline is too thin for a pixel.
    - ``area``: float32 ``[N]``, as annotated. ``iscrowd``: int64 ``[N]``. ``image_id``: as in the file.

    An image may have no object: every tensor then has zero rows. What synthetic targets have beyond that
    (``visibility``, ``amodal_boxes``, ``segment_ids``) is not known of a photograph.

    The file is read once and held in flat arrays, which workers share.

    Args:
        images: folder of the images.
        annotations: the instance JSON.
        transforms: ``(image, target) -> (image, target)``, such as ``transforms.v2``; afterwards rows without pixels
            go, boxes are tight around the masks, areas count pixels. They do not see ``instance_map``, which is made
            after them.
        only_images: file names (as in the JSON) to serve, each of which must be in it; all if None. No other image is
            ever touched.
        crowds: give crowd regions rows, with ``iscrowd`` 1. They are left out otherwise: torchvision's detectors would
            learn them as one object.
        masks: False leaves ``masks`` and ``instance_map`` out, for training on boxes: saves the time to draw them.

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
        crowds: bool = False,
        masks: bool = True,
    ) -> None:
        content = read_instances(Path(annotations))
        super().__init__(
            images,
            annotations,
            content,
            FileCategories.of(content),
            coco_names_of,
            transforms=transforms,
            only_images=only_images,
            crowds=crowds,
            masks=masks,
        )
