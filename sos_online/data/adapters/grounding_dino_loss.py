"""The loss of Grounding DINO in Hugging Face's ``transformers``, for texts that differ from image to image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from sos_online.errors import SOSError


def grounding_dino_loss(
    logits: Tensor,
    labels: Sequence[dict[str, Tensor]],
    device: torch.device,
    pred_boxes: Tensor,
    config: Any,
    label_maps: Sequence[Tensor],  # noqa: ARG001
    text_mask: Tensor,
    **stages: Any,
) -> Any:
    """What ``model.loss_function`` is to be for batches of :class:`GroundingDinoCollate`.

    It is the model's own, with the tokens of each box taken from ``positive_map`` in place of ``label_maps``. So an
    object may be meant by several phrases. More than that, from the second image of a batch on the loss looks a box'
    tokens up in the label map of another image wherever their texts differ (transformers 4.56 … 5.24 at least); here
    it finds the same ones wherever it looks. Runs in float32, also under autocast.

    Args:
        labels: as :class:`GroundingDinoCollate` makes them.
        label_maps: the model's, which are not used.
        logits, device, pred_boxes, config, text_mask, stages: as the model gives them.

    Returns:
        The loss, its parts by name, and the outputs of the decoder's other layers.

    Raises:
        SOSError: labels without ``positive_map``, boxes that are not finite, or ``transformers`` is not installed.
    """
    try:
        from transformers.loss.loss_grounding_dino import GroundingDinoForObjectDetectionLoss
    except ImportError:
        raise SOSError("Grounding DINO needs transformers: pip install 'sos_online[grounding]'") from None
    for image, label in enumerate(labels):
        if "positive_map" not in label:
            raise SOSError(f"labels[{image}]: expected those of GroundingDinoCollate, found no 'positive_map'")
    if not pred_boxes.isfinite().all():  # said here, as the loss would print them all
        raise SOSError("the model's boxes are not finite: its weights have diverged; try a lower learning rate")
    tokens = logits.shape[-1]
    maps = [pad(label["positive_map"], (0, tokens - label["positive_map"].shape[1])) for label in labels]
    # all images are given the maps of all boxes, and numbers that count through: so any image's maps will do
    every = torch.cat(maps).to(device)
    numbers = torch.split(torch.arange(len(every), device=device), [len(of_image) for of_image in maps])
    numbered = [
        {"class_labels": number, "boxes": label["boxes"]} for number, label in zip(numbers, labels, strict=True)
    ]
    with torch.autocast(device.type, enabled=False):
        return GroundingDinoForObjectDetectionLoss(  # type: ignore[no-untyped-call]
            logits.float(),
            numbered,
            device,
            pred_boxes.float(),
            config,
            [every] * len(labels),
            text_mask,
            **{name: stage.float() if isinstance(stage, Tensor) else stage for name, stage in stages.items()},
        )
