"""Measuring models that were trained on the stream."""

from sos_online.evaluate.detection import CocoEvaluator, annotations_of, match_categories

__all__ = ["CocoEvaluator", "annotations_of", "match_categories"]
