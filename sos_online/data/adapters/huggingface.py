"""For models of Hugging Face's ``transformers``: what their image processors take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sos_online.data.finish import FinishOnCpu
from sos_online.targets.class_index import class_indices
from sos_online.targets.row_masks import instance_ids, row_masks
from sos_online.types import Target

Processor = Callable[..., Any]


def huggingface_detection(target: Target, *, masks: bool = False) -> dict[str, Any]:
    """One element of the ``annotations`` that the processors of the DETR family take (``format="coco_detection"``).

    Args:
        target: of a finished sample.
        masks: add ``segmentation``, as uncompressed RLE, the form of RLE that these processors read.

    Returns:
        ``{"image_id": int, "annotations": [{"category_id", "bbox", "area", "iscrowd", …}]}``: classes from 0 on,
        ``bbox`` XYWH in pixels. Without crowd regions, of which processors drop the box and keep the mask.
    """
    rows = zip(
        class_indices(target["labels"]),
        target["boxes"].tolist(),
        target["area"].tolist(),
        target["iscrowd"].tolist(),
        row_masks(target) if masks else [None] * len(target["labels"]),
        strict=True,
    )
    annotations = [
        {
            "image_id": target["image_id"],
            "category_id": index,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": area,
            "iscrowd": 0,
            **({} if mask is None else {"segmentation": _run_lengths(mask)}),
        }
        for index, (x1, y1, x2, y2), area, crowd, mask in rows
        if not crowd
    ]
    return {"image_id": target["image_id"], "annotations": annotations}


def huggingface_segmentation(target: Target) -> tuple[Tensor, dict[int, int]]:
    """What the processors of MaskFormer, Mask2Former and OneFormer take as ``segmentation_maps`` and
    ``instance_id_to_semantic_id``.

    Returns:
        int32 ``[H, W]``, 0 = background, which is to be ignored (``ignore_index=0``); and the class, from 0 on, of each
        id. Masks that overlap are settled as in ``instance_map``. A crowd region is background.
    """
    ids = torch.from_numpy(instance_ids(target)).to(torch.int32)
    crowds = target["iscrowd"].nonzero().flatten().to(torch.int32) + 1
    if len(crowds):
        ids = torch.where(torch.isin(ids, crowds), 0, ids)
    return ids, dict(enumerate(class_indices(target["labels"]), 1))


class HuggingFaceDetectionCollate:
    """``collate_fn`` for DETR, Deformable DETR, RT-DETR, YOLOS and their like: the processor's batch, with ``labels``.

    Args:
        processor: such as ``AutoImageProcessor.from_pretrained(…)``.
        masks: whether the model learns masks (``DetrForSegmentation``).
        options: more for the processor's call, such as ``size``.
    """

    def __init__(self, processor: Processor, *, masks: bool = False, **options: Any) -> None:
        self._processor = processor
        self._masks = masks
        self._options = {**({"return_segmentation_masks": True} if masks else {}), **options}
        self._finish = FinishOnCpu()

    def __call__(self, samples: Sequence[tuple[Tensor, Target]]) -> Any:
        finished = self._finish(samples)
        return self._processor(
            images=[image for image, _ in finished],
            annotations=[huggingface_detection(target, masks=self._masks) for _, target in finished],
            return_tensors="pt",
            input_data_format="channels_first",
            **self._options,
        )


class HuggingFaceSegmentationCollate:
    """``collate_fn`` for MaskFormer and Mask2Former: the processor's batch, with ``mask_labels`` and ``class_labels``.

    Background is ignored: the call sets the processor's ``ignore_index`` to 0 and its ``do_reduce_labels`` to False,
    whatever it was made with, as classes are counted from 0 here.

    Args:
        processor: such as ``AutoImageProcessor.from_pretrained(…)``.
        options: more for the processor's call, such as ``size``.
    """

    def __init__(self, processor: Processor, **options: Any) -> None:
        self._processor = processor
        self._options = options
        self._finish = FinishOnCpu()

    def __call__(self, samples: Sequence[tuple[Tensor, Target]]) -> Any:
        finished = self._finish(samples)
        maps, classes = zip(*(huggingface_segmentation(target) for _, target in finished), strict=True)
        return self._processor(
            images=[image for image, _ in finished],
            segmentation_maps=list(maps),
            instance_id_to_semantic_id=list(classes),
            return_tensors="pt",
            input_data_format="channels_first",
            **{**self._options, "ignore_index": 0, "do_reduce_labels": False},
        )


def _run_lengths(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """COCO's uncompressed RLE: lengths of runs down the columns, of 0 and 1 in turns, of 0 first."""
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return {"size": list(mask.shape), "counts": [0, *lengths] if flat[0] else lengths}
