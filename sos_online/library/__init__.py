"""The segment library: format, building, opening, and the sources that segments come from."""

from sos_online.library.build import build_library
from sos_online.library.encode import Encoding
from sos_online.library.reader import SegmentLibrary
from sos_online.library.sources import CategoryFolders, CocoInstances, SOSLayout

__all__ = ["CategoryFolders", "CocoInstances", "Encoding", "SOSLayout", "SegmentLibrary", "build_library"]
