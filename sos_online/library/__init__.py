"""The segment library: format, building, opening, and the sources that segments come from."""

from sos_online.library.append import append_to_library
from sos_online.library.build import build_library
from sos_online.library.encode import Encoding
from sos_online.library.merge import merge_libraries
from sos_online.library.reader import SegmentLibrary
from sos_online.library.sources import (
    Ade20k,
    CategoryFolders,
    CocoInstances,
    Cutouts,
    LvisInstances,
    MaskPairs,
    ParquetSegments,
    Sa1b,
    SOSLayout,
    VocSegmentation,
    WebDatasetTars,
)
from sos_online.library.sources.listing import read_sources
from sos_online.library.vocabulary import Vocabulary
from sos_online.library.vocabulary_files import read_vocabulary

__all__ = [
    "Ade20k",
    "CategoryFolders",
    "CocoInstances",
    "Cutouts",
    "Encoding",
    "LvisInstances",
    "MaskPairs",
    "ParquetSegments",
    "SOSLayout",
    "Sa1b",
    "SegmentLibrary",
    "VocSegmentation",
    "Vocabulary",
    "WebDatasetTars",
    "append_to_library",
    "build_library",
    "merge_libraries",
    "read_sources",
    "read_vocabulary",
]
