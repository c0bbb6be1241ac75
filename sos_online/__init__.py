"""Synthetic training images for detection, segmentation and grounding, composed while the model trains."""

from sos_online.data import (
    Backgrounds,
    Batch,
    DeviceStage,
    Ranks,
    ReservoirStage,
    SOSDataset,
    SOSLoader,
    collate,
    make_device_stage,
    make_loader,
)
from sos_online.errors import (
    BrokenPhotoError,
    BrokenSegmentError,
    LibraryError,
    RecipeError,
    SOSError,
    SourceError,
    StreamError,
)
from sos_online.library import (
    CategoryFolders,
    CocoInstances,
    Encoding,
    SegmentLibrary,
    SOSLayout,
    build_library,
)
from sos_online.recipe import Recipe
from sos_online.types import CameraSpec, LightSpec, Placement, Scene, Words
from sos_online.version import __version__

__all__ = [
    "__version__",
    # libraries
    "SegmentLibrary",
    "build_library",
    "CategoryFolders",
    "CocoInstances",
    "SOSLayout",
    "Encoding",
    "Words",
    # the stream
    "Recipe",
    "Backgrounds",
    "SOSDataset",
    "Scene",
    "Placement",
    "LightSpec",
    "CameraSpec",
    "make_loader",
    "SOSLoader",
    "DeviceStage",
    "make_device_stage",
    "ReservoirStage",
    "Batch",
    "collate",
    "Ranks",
    # errors
    "SOSError",
    "LibraryError",
    "SourceError",
    "RecipeError",
    "StreamError",
    "BrokenSegmentError",
    "BrokenPhotoError",
]
