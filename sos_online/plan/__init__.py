"""Planning: which segments, where, how big, before what, in which light. Draws every random number; reads no pixels."""

from sos_online.plan.background import BackgroundChoice
from sos_online.plan.choice import SegmentChoice
from sos_online.plan.layout import LayoutChoice, SizePrior
from sos_online.plan.light import CameraChoice, LightChoice
from sos_online.plan.place import PlacementRules
from sos_online.plan.planner import Planner

__all__ = [
    "BackgroundChoice",
    "CameraChoice",
    "LayoutChoice",
    "LightChoice",
    "Planner",
    "PlacementRules",
    "SegmentChoice",
    "SizePrior",
]
