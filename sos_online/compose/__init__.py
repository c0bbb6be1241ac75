"""Compositing: a scene and pixels in, a picture and its instance map out. Draws nothing at random."""

from sos_online.compose.background import paint_background
from sos_online.compose.composite import VisibilityRule, compose

__all__ = ["VisibilityRule", "compose", "paint_background"]
