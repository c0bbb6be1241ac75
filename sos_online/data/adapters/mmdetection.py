"""For MMDetection 3: what its pipelines take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from sos_online.data.finish import FinishOnCpu
from sos_online.targets.class_index import class_indices
from sos_online.targets.coco import encode_mask
from sos_online.targets.row_masks import row_masks_if_known
from sos_online.types import Target


def mmdetection_dict(image: Tensor, target: Target) -> dict[str, Any]:
    """A finished sample as ``LoadImageFromNDArray`` and ``LoadAnnotations`` take it.

    Returns:
        ``img``: uint8 ``[H, W, 3]`` BGR; ``img_id``, ``img_path`` (None), ``height``, ``width``, ``img_shape``,
        ``ori_shape``; ``instances``: for each row ``bbox`` (x1, y1, x2, y2 in pixels), ``bbox_label`` from 0 on,
        ``ignore_flag``, 1 for a crowd region, and ``mask`` as compressed RLE, if masks are known.
    """
    size_hw = image.shape[1], image.shape[2]
    rows = zip(
        target["boxes"].tolist(),
        class_indices(target["labels"]),
        target["iscrowd"].tolist(),
        row_masks_if_known(target),
        strict=True,
    )
    return {
        "img": image.flip(0).permute(1, 2, 0).contiguous().numpy(),
        "img_id": target["image_id"],
        "img_path": None,
        "height": size_hw[0],
        "width": size_hw[1],
        "img_shape": size_hw,
        "ori_shape": size_hw,
        "instances": [
            {
                "bbox": box,
                "bbox_label": index,
                "ignore_flag": crowd,
                **({} if mask is None else {"mask": encode_mask(mask)}),
            }
            for box, index, crowd, mask in rows
        ],
    }


class MMDetectionCollate:
    """``collate_fn`` for MMDetection's models: ``{"inputs": […], "data_samples": […]}``, for their data preprocessor.

    Args:
        pipeline: ``mmengine.dataset.Compose([dict(type="LoadImageFromNDArray"), dict(type="LoadAnnotations",
            with_bbox=True, with_mask=True), …, dict(type="PackDetInputs")])``. A sample of which it makes None (as
            MMDetection's transforms do of one without objects left) is not in the batch.
    """

    def __init__(self, pipeline: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        self._pipeline = pipeline
        self._finish = FinishOnCpu()

    def __call__(self, samples: Sequence[tuple[Tensor, Target]]) -> dict[str, list[Any]]:
        packed = [self._pipeline(mmdetection_dict(*sample)) for sample in self._finish(samples)]
        there = [result for result in packed if result is not None]
        return {key: [result[key] for result in there] for key in (there[0] if there else ())}
