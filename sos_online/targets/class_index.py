"""Where our category ids, which begin at 1, become class numbers, which begin at 0."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def class_index(label: int) -> int:
    """The class number of a category id.

    Here, as in COCO, ids begin at 1 and 0 is background. YOLO, Hugging Face's models, Detectron2 and MMDetection count
    classes from 0 on and keep "no object" elsewhere (their last class). This is the only place where one becomes the
    other: class ``k`` is ``category_names[k]``.
    """
    return label - 1


def class_indices(labels: Tensor) -> list[int]:
    """The class numbers of ``labels``, int64 ``[N]``."""
    return [class_index(label) for label in labels.tolist()]


def id2label(category_names: Sequence[str]) -> dict[int, str]:
    """Name of each class number, as the ``id2label`` of a Hugging Face model's configuration."""
    return dict(enumerate(category_names))
