"""What flows through the house: plain, small, frozen data, and the protocols by which rooms meet.

Coordinates: boxes are XYXY in pixels, half-open (``x2`` = last column + 1), the origin at the top left corner of the
canvas. Sizes are named by their order: ``size_hw`` is (height, width), ``size_wh`` is (width, height).
"""

from sos_online.types.background import (
    Background,
    GradientBackground,
    NoiseBackground,
    PhotoBackground,
    SolidBackground,
)
from sos_online.types.composite import Composite, RegionMask
from sos_online.types.expression import EXPRESSION_KINDS, SCOPES, Expression, ExpressionKind, Scope, scope_of
from sos_online.types.layout import BoxTable, LayoutData, LearnedLayout
from sos_online.types.light import Blender, CameraSpec, Direction, LightSpec, Relighting
from sos_online.types.protocols import PhotoPixels, SceneExpressions, SegmentIndex, SegmentPixels, SegmentWords
from sos_online.types.quality import FLAGS, Flag, Measure
from sos_online.types.scene import Placement, Scene
from sos_online.types.values import RGB, Box, Pixels, Section, Target
from sos_online.types.words import Words

__all__ = [
    "EXPRESSION_KINDS",
    "FLAGS",
    "RGB",
    "SCOPES",
    "Background",
    "Blender",
    "Box",
    "BoxTable",
    "CameraSpec",
    "Composite",
    "Direction",
    "Expression",
    "ExpressionKind",
    "Flag",
    "GradientBackground",
    "LayoutData",
    "LearnedLayout",
    "LightSpec",
    "Measure",
    "NoiseBackground",
    "PhotoBackground",
    "PhotoPixels",
    "Pixels",
    "Placement",
    "RegionMask",
    "Relighting",
    "Scene",
    "SceneExpressions",
    "Scope",
    "Section",
    "SegmentIndex",
    "SegmentPixels",
    "SegmentWords",
    "SolidBackground",
    "Target",
    "Words",
    "scope_of",
]
