"""Average precision of descriptions: worked out by hand, by plain loops, and as COCO files are evaluated."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.multiprocessing
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.evaluate import CocoEvaluator
from sos_online.evaluate.described_objects import DescribedObjectEvaluator, DescriptionKind
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth
from tests.evaluate import slow_grounding as slow
from tests.evaluate.slow_grounding import Box, Case, Found, cases

LEASHED, UNLEASHED, BARKING = 7, 0, 3  # ids need not begin at 1, nor come in order
KINDS: dict[int, DescriptionKind] = {LEASHED: "presence", UNLEASHED: "absence", BARKING: "presence"}
A, B = (0, 0, 100, 100), (200, 0, 300, 100)
AWAY = (500, 500, 600, 600)
RECALLS = 101  # COCO reads precision at recall 0, 0.01 … 1

Pairs = dict[tuple[int, int], Case]


def pair(*found: tuple[Box, float], meant: list[Box]) -> Case:
    return Case([Found(*entry) for entry in found], meant, [])


def evaluator_of(pairs: Pairs) -> DescribedObjectEvaluator:
    evaluator = DescribedObjectEvaluator(KINDS)
    for (image, description), case in pairs.items():
        boxes, scores = [entry.box for entry in case.found], [entry.score for entry in case.found]
        evaluator.add(image, description, GroundingPrediction(boxes, scores), GroundingTruth(case.meant))
    return evaluator


@pytest.mark.parametrize(
    ("pairs", "full", "presence", "absence"),
    [
        ({}, math.nan, math.nan, math.nan),
        # nothing is meant anywhere
        ({(0, LEASHED): pair((A, 0.9), meant=[])}, math.nan, math.nan, math.nan),
        ({(0, LEASHED): pair(meant=[A])}, 0, 0, math.nan),  # nothing is found
        ({(0, LEASHED): pair((A, 0.1), meant=[A])}, 1, 1, math.nan),
        ({(0, UNLEASHED): pair((A, 0.1), meant=[A])}, 1, math.nan, 1),
        # IoU 0.62 passes the thresholds 0.5, 0.55 and 0.6 of ten
        ({(0, LEASHED): pair(((0, 0, 62, 100), 0.9), meant=[A])}, 0.3, 0.3, math.nan),
        # one of two: precision 1 up to recall 0.5
        ({(0, LEASHED): pair((A, 0.9), meant=[A, B])}, 51 / RECALLS, 51 / RECALLS, math.nan),
        # a surer box in an image where nothing is meant: 1 of 2 is right, at any recall
        (
            {(0, LEASHED): pair((A, 0.8), meant=[A]), (1, LEASHED): pair((A, 0.9), meant=[])},
            0.5, 0.5, math.nan,
        ),
        # a less sure one does no harm
        (
            {(0, LEASHED): pair((A, 0.8), meant=[A]), (1, LEASHED): pair((A, 0.7), meant=[])},
            1, 1, math.nan,
        ),
        # means over descriptions, not over objects; one that fits nothing does not count
        (
            {
                (0, LEASHED): pair((A, 0.8), (B, 0.7), meant=[A, B]),
                (0, UNLEASHED): pair((AWAY, 0.8), meant=[A]),
                (0, BARKING): pair((A, 0.8), meant=[]),
            },
            0.5, 1, 0,
        ),
        # one box cannot answer two descriptions, though the image is the same
        (
            {(0, LEASHED): pair((A, 0.8), meant=[A]), (0, BARKING): pair(meant=[A])},
            0.5, 0.5, math.nan,
        ),
    ],
)  # fmt: skip
def test_worked_by_hand(pairs: Pairs, full: float, presence: float, absence: float) -> None:
    expected = {"FULL": full, "PRES": presence, "ABS": absence}
    assert evaluator_of(pairs).summarize() == pytest.approx(expected, nan_ok=True)


def test_within_scenarios_or_across_them_is_what_is_added() -> None:
    """Asked of an image of another scenario too, "leashed" is found there by mistake, and surer than in its own."""
    within: Pairs = {(0, LEASHED): pair((A, 0.8), meant=[A]), (1, UNLEASHED): pair((A, 0.8), meant=[A])}
    across: Pairs = {**within, (1, LEASHED): pair((A, 0.9), meant=[]), (0, UNLEASHED): pair(meant=[])}
    assert evaluator_of(within).summarize() == pytest.approx({"FULL": 1, "PRES": 1, "ABS": 1})
    assert evaluator_of(across).summarize() == pytest.approx({"FULL": 0.75, "PRES": 0.5, "ABS": 1})


def test_at_most_a_hundred_boxes_and_huge_ones_count() -> None:
    huge = (0, 0, 200_000, 200_000)  # beyond COCO's upper limit of an area
    wrong = [(AWAY, 0.9)] * 99
    assert evaluator_of({(0, LEASHED): pair((huge, 0.9), meant=[huge])}).summarize()["FULL"] == pytest.approx(1)
    hundredth = evaluator_of({(0, LEASHED): pair(*wrong, (A, 0.5), meant=[A])}).summarize()["FULL"]
    assert hundredth == pytest.approx(1 / 100)
    beyond = evaluator_of({(0, LEASHED): pair(*wrong, (AWAY, 0.8), (A, 0.5), meant=[A])}).summarize()["FULL"]
    assert beyond == 0


def distinct(some: list[Case]) -> list[Case]:
    """Scores that no two boxes share, whatever image they are in."""
    return [
        Case([Found(entry.box, (entry.score + number) / 8) for entry in case.found], case.meant, [])
        for number, case in enumerate(some)
    ]


@settings(max_examples=40)
@given(st.lists(cases(found=5), min_size=3, max_size=6))
def test_against_slow_reference(some: list[Case]) -> None:
    images = distinct(some)
    pairs: Pairs = {(number, list(KINDS)[number % 3]): case for number, case in enumerate(images)}
    slowly = {}
    for description in KINDS:
        its = [case for (_, other), case in pairs.items() if other == description]
        if any(case.meant for case in its):
            slowly[description] = slow.average_precision(its)
    expected = {}
    for name, kinds in {"FULL": {"presence", "absence"}, "PRES": {"presence"}, "ABS": {"absence"}}.items():
        values = [value for description, value in slowly.items() if KINDS[description] in kinds]
        expected[name] = sum(values) / len(values) if values else math.nan
    assert evaluator_of(pairs).summarize() == pytest.approx(expected, nan_ok=True)


@settings(max_examples=20)
@given(st.lists(cases(found=5), min_size=6, max_size=6))
def test_the_same_as_a_coco_file_of_all_descriptions(some: list[Case]) -> None:
    """As the benchmark publishes its annotations: then :class:`CocoEvaluator` reads them, and gives FULL as AP."""
    images = distinct(some)
    pairs: Pairs = {(number // 3, list(KINDS)[number % 3]): case for number, case in enumerate(images)}
    content: dict[str, Any] = {
        "images": [{"id": 0}, {"id": 1}],
        "categories": [{"id": description, "name": str(description)} for description in KINDS],
        "annotations": [
            {"image_id": image, "category_id": description, "area": slow.area(box),
             "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]]}
            for (image, description), case in pairs.items()
            for box in case.meant
        ],
    }  # fmt: skip
    coco = CocoEvaluator(content, {description: description for description in KINDS})
    for image in (0, 1):
        rows = [
            (description, entry) for (its, description), case in pairs.items() if its == image for entry in case.found
        ]
        coco.add(
            image,
            {
                "labels": torch.tensor([description for description, _ in rows]),
                "scores": torch.tensor([entry.score for _, entry in rows], dtype=torch.float64),
                "boxes": torch.tensor([entry.box for _, entry in rows], dtype=torch.float64).reshape(-1, 4),
            },
        )
    full = evaluator_of(pairs).summarize()["FULL"]
    assert full == pytest.approx(coco.summarize()["bbox_AP"], nan_ok=True)


def test_the_last_prediction_for_a_pair_counts_and_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    evaluator = evaluator_of({(0, LEASHED): pair(meant=[A])})
    evaluator.add(0, LEASHED, GroundingPrediction([A], [0.5]), GroundingTruth([A]))
    assert evaluator.summarize()["FULL"] == evaluator.summarize()["FULL"] == pytest.approx(1)
    assert capsys.readouterr().out == ""


def test_ids_may_come_from_arrays() -> None:
    evaluator = DescribedObjectEvaluator({np.int64(7): "presence"})  # type: ignore[dict-item]
    for image in torch.arange(2):
        evaluator.add(image, torch.tensor(7), GroundingPrediction([A], [0.5]), GroundingTruth([A]))  # type: ignore[arg-type]
    evaluator.add(0, 7, GroundingPrediction([], []), GroundingTruth([A]))
    assert evaluator.summarize()["FULL"] == pytest.approx(51 / RECALLS), (
        "one of two, as 0 replaces what was added of it"
    )


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(sos.SOSError, match=r"kinds\[4\]: expected one of .*'absence'\), found 'ABS'"):
        DescribedObjectEvaluator({4: "ABS"})  # type: ignore[dict-item]
    evaluator = DescribedObjectEvaluator(KINDS)
    with pytest.raises(sos.SOSError, match="description_id: expected a key of kinds, found 4"):
        evaluator.add(0, 4, GroundingPrediction([], []), GroundingTruth([]))
    with pytest.raises(sos.SOSError, match=r"image_id: expected a whole number, found 'a\.jpg'"):
        evaluator.add("a.jpg", LEASHED, GroundingPrediction([], []), GroundingTruth([]))  # type: ignore[arg-type]


def _add_on_a_rank(rank: int, folder: Path) -> None:
    torch.distributed.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=2)
    mine = [(0, LEASHED), (1, UNLEASHED)][rank]
    evaluator = evaluator_of({mine: pair((A, 0.9), meant=[A]), (9, BARKING): pair(meant=[B])})
    scores = {"alone": evaluator.summarize(), "together": evaluator.summarize(all_ranks=True)}
    (folder / f"{rank}.json").write_text(json.dumps(scores))
    torch.distributed.destroy_process_group()


def test_ranks_are_joined(tmp_path: Path) -> None:
    torch.multiprocessing.start_processes(_add_on_a_rank, (tmp_path,), nprocs=2, start_method="fork")
    for rank in range(2):
        scores = json.loads((tmp_path / f"{rank}.json").read_text())
        assert scores["alone"]["FULL"] == pytest.approx(0.5)
        assert scores["together"] == pytest.approx({"FULL": 2 / 3, "PRES": 1 / 2, "ABS": 1})
