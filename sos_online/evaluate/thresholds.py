"""From when on a box counts as found, and as an answer: what may be set, and what it may be set to."""

from __future__ import annotations

from typing import Literal, get_args

from sos_online.errors import SOSError

Overlap = Literal["iou", "giou"]


def check_iou_threshold(value: float) -> float:
    """The least overlap of a box that is found: more than 0, so that boxes apart never match, and at most 1."""
    if not 0 < value <= 1:
        raise SOSError(f"iou_threshold: expected more than 0 and at most 1, found {value!r}")
    return value


def check_score_threshold(value: float) -> float:
    """The least score of a box that is an answer, 0 … 1."""
    if not 0 <= value <= 1:
        raise SOSError(f"score_threshold: expected 0 … 1, found {value!r}")
    return value


def check_overlap(value: Overlap) -> Overlap:
    """How overlap is measured."""
    if value not in get_args(Overlap):
        raise SOSError(f"overlap: expected one of {get_args(Overlap)}, found {value!r}")
    return value


def check_k(value: int) -> int:
    """How many of the best boxes are looked at."""
    if value < 1:
        raise SOSError(f"k: expected at least 1, found {value!r}")
    return value
