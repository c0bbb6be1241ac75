"""Grounding metrics again, slowly: plain lists and loops; and what hypothesis draws to compare them on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

Box = tuple[float, float, float, float]


class Found(NamedTuple):
    box: Box
    score: float


class Case(NamedTuple):
    """What is found for an expression, what is meant, and what is of the same category."""

    found: list[Found]
    meant: list[Box]
    others: list[Box]


def area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def intersection(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def iou(a: Box, b: Box) -> float:
    return intersection(a, b) / (area(a) + area(b) - intersection(a, b))


def giou(a: Box, b: Box) -> float:
    hull = area((min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])))
    union = area(a) + area(b) - intersection(a, b)
    return iou(a, b) - (hull - union) / hull


MEASURES = {"iou": iou, "giou": giou}


def by_score(found: Sequence[Found]) -> list[Found]:
    return sorted(found, key=lambda entry: -entry.score)


def hit_at(case: Case, k: int, threshold: float, overlap: str = "iou") -> bool:
    measure = MEASURES[overlap]
    return any(measure(entry.box, case.meant[0]) >= threshold for entry in by_score(case.found)[:k])


def f1(case: Case, score: float, threshold: float, overlap: str) -> float:
    """Strikes out the best pair, again and again."""
    measure = MEASURES[overlap]
    answers = [entry.box for entry in by_score(case.found) if entry.score >= score]
    left, right, true_positives = list(answers), list(case.meant), 0
    if not right:
        return float(not left)
    while left and right:
        value, i, j = max((measure(a, b), -i, -j) for i, a in enumerate(left) for j, b in enumerate(right))
        if value < threshold:
            break
        true_positives += 1
        del left[-i], right[-j]
    false_positives, false_negatives = len(answers) - true_positives, len(case.meant) - true_positives
    return 2 * true_positives / (2 * true_positives + false_positives + false_negatives)


def gap(case: Case, threshold: float) -> float:
    annotated = [*case.meant, *case.others]
    confidence = [0.0] * len(annotated)
    for entry in case.found:
        ious = [iou(entry.box, box) for box in annotated]
        for number, value in enumerate(ious):
            if value >= threshold and value == max(ious):
                confidence[number] = max(confidence[number], entry.score)
    return confidence[0] - max(confidence[1:])


def average_precision(cases: Sequence[Case]) -> float:
    """Of one description over its images: COCO's, at most 100 boxes an image, none of them a crowd."""
    ranked = sorted(
        ((entry, image) for image, case in enumerate(cases) for entry in by_score(case.found)[:100]),
        key=lambda pair: -pair[0].score,
    )
    objects = sum(len(case.meant) for case in cases)
    precisions = []
    for threshold in (0.5 + 0.05 * step for step in range(10)):
        taken: set[tuple[int, int]] = set()
        curve = []
        for rank, (entry, image) in enumerate(ranked, 1):
            free = [
                (iou(entry.box, box), number)
                for number, box in enumerate(cases[image].meant)
                if (image, number) not in taken
            ]
            best = max(free, default=(0.0, 0))
            if best[0] >= threshold - 1e-10:
                taken.add((image, best[1]))
            curve.append((len(taken) / objects, len(taken) / rank))
        for reading in range(101):
            precisions.append(max((p for recall, p in curve if recall >= reading / 100 - 1e-12), default=0.0))
    return sum(precisions) / len(precisions)


@st.composite
def boxes(draw: st.DrawFn, most: int = 24) -> Box:
    """On a coarse grid, so that boxes often meet; never without area."""
    x1, y1 = draw(st.integers(0, most - 1)), draw(st.integers(0, most - 1))
    return x1, y1, draw(st.integers(x1 + 1, most)), draw(st.integers(y1 + 1, most))


@st.composite
def cases(draw: st.DrawFn, meant: tuple[int, int] = (0, 4), others: tuple[int, int] = (0, 4), found: int = 6) -> Case:
    """Some of what is found is exactly what is annotated; no two scores are equal."""
    its_meant = draw(st.lists(boxes(), min_size=meant[0], max_size=meant[1]))
    its_others = draw(st.lists(boxes(), min_size=others[0], max_size=others[1]))
    annotated = [*its_meant, *its_others]
    drawn = st.one_of(boxes(), st.sampled_from(annotated)) if annotated else boxes()
    scores = draw(st.lists(st.integers(0, 1024), unique=True, max_size=found))
    return Case([Found(draw(drawn), score / 1024) for score in scores], its_meant, its_others)
