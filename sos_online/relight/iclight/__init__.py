"""Diffusion light: IC-Light, as batches."""

from sos_online.relight.iclight.prepare import prepare
from sos_online.relight.iclight.relighter import IcLight
from sos_online.relight.iclight.settings import IcLightSettings

__all__ = ["IcLight", "IcLightSettings", "prepare"]
