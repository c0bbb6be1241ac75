"""Blenders: how the relit picture and the composite are joined inside the objects."""

from sos_online.relight.blend.choose import blend

__all__ = ["blend"]
