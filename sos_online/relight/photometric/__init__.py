"""The default relighter: light from masks and statistics, no model."""

from sos_online.relight.photometric.relighter import Photometric

__all__ = ["Photometric"]
