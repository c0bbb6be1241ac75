"""Where segments come from; one file for each layout on disk."""

from sos_online.library.sources.base import LeftOut, RawSegment, Source, Unit
from sos_online.library.sources.category_folders import CategoryFolders
from sos_online.library.sources.coco import CocoInstances
from sos_online.library.sources.sos_layout import SOSLayout

__all__ = ["CategoryFolders", "CocoInstances", "LeftOut", "RawSegment", "SOSLayout", "Source", "Unit"]
