"""Light: relighters and blenders, on batches of tensors."""

from sos_online.relight.composites import Composites

__all__ = ["Composites"]
