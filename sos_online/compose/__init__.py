"""Compositing: a scene and pixels in, a picture and its instance map out. Draws nothing at random."""

from sos_online.compose.background import paint_background
from sos_online.compose.composite import VisibilityRule, compose, compose_patches
from sos_online.compose.device import paint
from sos_online.compose.patches import PatchBatch, Patches, collate_patches

__all__ = [
    "PatchBatch",
    "Patches",
    "VisibilityRule",
    "collate_patches",
    "compose",
    "compose_patches",
    "paint",
    "paint_background",
]
