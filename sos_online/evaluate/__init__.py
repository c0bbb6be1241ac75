"""Measuring models that were trained on the stream."""

from sos_online.evaluate.described_objects import DescribedObjectEvaluator, DescriptionKind
from sos_online.evaluate.detection import CocoEvaluator, annotations_of, match_categories
from sos_online.evaluate.grefcoco import count_answers, f1_score
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth, truth_of
from sos_online.evaluate.grounding_evaluator import GroundingEvaluator
from sos_online.evaluate.human_expressions import HumanExpression, read_human_expressions
from sos_online.evaluate.refcoco import hit_at
from sos_online.evaluate.within_class import confidence_gap

__all__ = [
    "CocoEvaluator",
    "DescribedObjectEvaluator",
    "DescriptionKind",
    "GroundingEvaluator",
    "GroundingPrediction",
    "GroundingTruth",
    "HumanExpression",
    "annotations_of",
    "confidence_gap",
    "count_answers",
    "f1_score",
    "hit_at",
    "match_categories",
    "read_human_expressions",
    "truth_of",
]
