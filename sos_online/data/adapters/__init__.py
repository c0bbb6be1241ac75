"""Samples as other libraries' training code takes them, and collate functions for a ``DataLoader`` of them.

None of these libraries is imported here: what is theirs (an image processor, a pipeline, a function) is passed in.
:func:`grounding_dino_loss` imports ``transformers`` when it is called. Samples are finished on the way (see
:class:`FinishOnCpu`), so a ``DataLoader``'s workers light them. Where light is to be made on a GPU, let
``make_loader(…, dtype=torch.uint8)`` make it, and give a collate function the pairs of each of its batches:
``collate(list(zip(images, targets)))``. Tensors come back to the CPU for that.

Class numbers begin at 0 (:func:`class_index`), while category ids of streams begin at 1. An image without objects has
an empty list, and stays in the batch. A crowd region is left out where a library has no place for it.
"""

from sos_online.data.adapters.detectron2 import Detectron2Collate, detectron2_dict
from sos_online.data.adapters.grounding_dino import GroundingDinoCollate, grounding_dino_answers
from sos_online.data.adapters.grounding_dino_loss import grounding_dino_loss
from sos_online.data.adapters.huggingface import (
    HuggingFaceDetectionCollate,
    HuggingFaceSegmentationCollate,
    huggingface_detection,
    huggingface_segmentation,
)
from sos_online.data.adapters.mmdetection import MMDetectionCollate, mmdetection_dict
from sos_online.data.finish import FinishOnCpu
from sos_online.targets.class_index import class_index, id2label

__all__ = [
    "Detectron2Collate",
    "FinishOnCpu",
    "GroundingDinoCollate",
    "HuggingFaceDetectionCollate",
    "HuggingFaceSegmentationCollate",
    "MMDetectionCollate",
    "class_index",
    "detectron2_dict",
    "grounding_dino_answers",
    "grounding_dino_loss",
    "huggingface_detection",
    "huggingface_segmentation",
    "id2label",
    "mmdetection_dict",
]
