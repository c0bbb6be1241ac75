"""Where segments come from; one file for each layout on disk."""

from sos_online.library.sources.ade20k import Ade20k
from sos_online.library.sources.base import CategoryFacts, LeftOut, RawSegment, Source, Unit
from sos_online.library.sources.category_folders import CategoryFolders
from sos_online.library.sources.coco import CocoInstances
from sos_online.library.sources.cutouts import Cutouts
from sos_online.library.sources.lvis import LvisInstances
from sos_online.library.sources.mask_pairs import MaskPairs
from sos_online.library.sources.parquet import ParquetSegments
from sos_online.library.sources.sa1b import Sa1b
from sos_online.library.sources.sos_layout import SOSLayout
from sos_online.library.sources.tars import WebDatasetTars
from sos_online.library.sources.voc import VocSegmentation

__all__ = [
    "Ade20k",
    "CategoryFacts",
    "CategoryFolders",
    "CocoInstances",
    "Cutouts",
    "LeftOut",
    "LvisInstances",
    "MaskPairs",
    "ParquetSegments",
    "RawSegment",
    "SOSLayout",
    "Sa1b",
    "Source",
    "Unit",
    "VocSegmentation",
    "WebDatasetTars",
]
