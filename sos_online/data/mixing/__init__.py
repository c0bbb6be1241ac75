"""Mixtures: several streams as one, in shares that may move, with one vocabulary."""

from sos_online.data.mixing.coco_lvis import COCO_LVIS_SYNONYMS
from sos_online.data.mixing.mixture import MixedDataset, mix
from sos_online.data.mixing.report import VocabularyReport
from sos_online.data.mixing.schedule import Schedule

__all__ = ["COCO_LVIS_SYNONYMS", "MixedDataset", "Schedule", "VocabularyReport", "mix"]
