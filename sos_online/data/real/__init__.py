"""Annotated photographs, to train on beside the stream or alone."""

from sos_online.data.real.coco import CocoDataset
from sos_online.data.real.lvis import LvisDataset
from sos_online.data.real.subset import choose_images

__all__ = ["CocoDataset", "LvisDataset", "choose_images"]
