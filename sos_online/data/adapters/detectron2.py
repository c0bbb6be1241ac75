"""For Detectron2: what its models and its ``detection_utils`` take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from torch import Tensor

from sos_online.data.finish import FinishOnCpu
from sos_online.targets.class_index import class_indices
from sos_online.targets.coco import encode_mask
from sos_online.targets.row_masks import row_masks_if_known
from sos_online.types import Target

Channels = Literal["BGR", "RGB"]
# of detectron2.structures.BoxMode.XYXY_ABS
_XYXY_ABS = 0


def detectron2_dict(image: Tensor, target: Target, channels: Channels = "BGR") -> dict[str, Any]:
    """A finished sample in Detectron2's dataset format, with its image.

    Returns:
        ``image``: uint8 ``[3, H, W]``, in the order of ``cfg.INPUT.FORMAT``; ``height``, ``width``, ``image_id``;
        ``annotations``: for each row ``bbox`` in pixels, ``bbox_mode`` 0 (``BoxMode.XYXY_ABS``), ``category_id`` from 0
        on, ``iscrowd``, and ``segmentation`` as compressed RLE (for ``mask_format="bitmask"``), if masks are known.
    """
    rows = zip(
        target["boxes"].tolist(),
        class_indices(target["labels"]),
        target["iscrowd"].tolist(),
        row_masks_if_known(target),
        strict=True,
    )
    return {
        "image": image.flip(0) if channels == "BGR" else image,
        "height": image.shape[1],
        "width": image.shape[2],
        "image_id": target["image_id"],
        "annotations": [
            {
                "bbox": box,
                "bbox_mode": _XYXY_ABS,
                "category_id": index,
                "iscrowd": crowd,
                **({} if mask is None else {"segmentation": encode_mask(mask)}),
            }
            for box, index, crowd, mask in rows
        ],
    }


class Detectron2Collate:
    """``collate_fn`` for Detectron2's models: a list of dicts with ``image`` and ``instances``.

    Args:
        annotations_to_instances: ``functools.partial(detection_utils.annotations_to_instances,
            mask_format="bitmask")``, called with the annotations that are no crowds and ``(height, width)``. If None,
            dicts keep ``annotations``, for a mapper of yours.
        channels: ``cfg.INPUT.FORMAT``.
    """

    def __init__(
        self,
        annotations_to_instances: Callable[[list[dict[str, Any]], tuple[int, int]], Any] | None = None,
        *,
        channels: Channels = "BGR",
    ) -> None:
        self._to_instances = annotations_to_instances
        self._channels: Channels = channels
        self._finish = FinishOnCpu()

    def __call__(self, samples: Sequence[tuple[Tensor, Target]]) -> list[dict[str, Any]]:
        return [self._mapped(detectron2_dict(*sample, self._channels)) for sample in self._finish(samples)]

    def _mapped(self, sample: dict[str, Any]) -> dict[str, Any]:
        if self._to_instances is None:
            return sample
        annotations = [annotation for annotation in sample.pop("annotations") if not annotation["iscrowd"]]
        return {**sample, "instances": self._to_instances(annotations, (sample["height"], sample["width"]))}
