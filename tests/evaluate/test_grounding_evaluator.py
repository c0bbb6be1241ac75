"""Metrics over many expressions: which of them count for what, and that it does not matter where they were added."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.multiprocessing
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth, truth_of
from sos_online.evaluate.grounding_evaluator import GroundingEvaluator
from sos_online.evaluate.human_expressions import read_human_expressions
from tests.conftest import small_recipe
from tests.evaluate import slow_grounding as slow
from tests.evaluate.slow_grounding import Case, Found, cases

A, B, C = (0, 0, 100, 100), (200, 0, 300, 100), (0, 200, 100, 300)
AWAY = (500, 500, 600, 600)
COUNTS = ["expressions", "one_target", "no_target", "gaps"]

# nine expressions, worked out by hand
CASES = [
    #    found                       meant   others   hit  F1   gap
    Case([Found(A, 0.9)],                         [A],    []),  # 1    1    (no other)
    Case([Found(B, 0.9), Found(A, 0.8)],          [A],    [B]),  # 0    2/3  0.8 − 0.9 = −0.1
    Case([Found(A, 0.6), Found(B, 0.1)],          [A],    [B]),  # 1    0    0.5, unsure: no answer
    Case([],                                      [A],    [B]),  # 0    0    0, no answer
    Case([Found(A, 0.9), Found(B, 0.8)],          [A, B], [C]),  # –    1
    Case([Found(AWAY, 0.9)],                      [A, B], []),  # –    0    2 · 0 / (1 + 2)
    Case([],                                      [],     []),  # –    1
    Case([Found(A, 0.5)],                         [],     []),  # –    1    unsure: no answer
    Case([Found(A, 0.9)],                         [],     []),  # –    0
]  # fmt: skip
EXPECTED = {
    "P@1": 2 / 4,
    "P@5": 3 / 4,  # the second finds it in second place
    "P@10": 3 / 4,
    "F1": (1 + 2 / 3 + 1 + 1 + 1) / 9,
    "Pr@F1=1": 4 / 9,
    "T_acc": 4 / 6,  # of six that mean something, two have no answer
    "N_acc": 2 / 3,
    "gap": (-0.1 + 0.5 + 0) / 3,
    "positive_gap": 1 / 3,
    "expressions": 9,
    "one_target": 4,
    "no_target": 3,
    "gaps": 3,
}


def sides(case: Case) -> tuple[GroundingPrediction, GroundingTruth]:
    prediction = GroundingPrediction([entry.box for entry in case.found], [entry.score for entry in case.found])
    return prediction, GroundingTruth(case.meant, case.others)


def evaluated(some: list[Case], **options: Any) -> dict[str, float]:
    evaluator = GroundingEvaluator(**options)
    for case in some:
        evaluator.add(*sides(case))
    return evaluator.summarize()


def test_worked_by_hand() -> None:
    scores = evaluated(CASES)
    assert list(scores) == list(EXPECTED)
    assert scores == pytest.approx(EXPECTED)


def test_settings_reach_the_metrics() -> None:
    half = [Case([Found((0, 0, 50, 100), 0.6), Found(A, 0.5)], [A], [B])]
    assert evaluated(half)["P@1"] == 1 and evaluated(half, iou_threshold=0.6)["P@1"] == 0
    assert evaluated(half)["gap"] == 0.6 and evaluated(half, iou_threshold=0.6)["gap"] == 0.5
    assert evaluated(half)["T_acc"] == 0 and evaluated(half, score_threshold=0.6)["T_acc"] == 1
    assert evaluated(half, score_threshold=0.6)["Pr@F1=1"] == 1
    assert evaluated(half, score_threshold=0.6, iou_threshold=0.6)["Pr@F1=1"] == 0
    diagonal = [Case([Found((30, 30, 130, 130), 0.9)], [A], [])]  # IoU 0.325, GIoU 0.218
    assert evaluated(diagonal, iou_threshold=0.3)["F1"] == 1
    assert evaluated(diagonal, iou_threshold=0.3)["P@1"] == 1
    stricter = evaluated(diagonal, iou_threshold=0.3, overlap="giou")
    assert stricter["F1"] == stricter["P@1"] == 0
    assert {name for name in evaluated(half, ks=(1, 2)) if name.startswith("P@")} == {"P@1", "P@2"}


def test_nothing_to_measure_is_nan() -> None:
    scores = evaluated([])
    assert all(math.isnan(value) for name, value in scores.items() if name not in COUNTS)
    assert [scores[name] for name in COUNTS] == [0, 0, 0, 0]
    nothing_meant = evaluated([CASES[6]])
    assert math.isnan(nothing_meant["P@1"]) and math.isnan(nothing_meant["T_acc"]) and math.isnan(nothing_meant["gap"])
    assert nothing_meant["N_acc"] == nothing_meant["Pr@F1=1"] == 1


@given(st.lists(cases(), max_size=5))
def test_against_slow_reference(some: list[Case]) -> None:
    scores = evaluated(some)
    single = [case for case in some if len(case.meant) == 1]
    f1 = [slow.f1(case, 0.7, 0.5, "iou") for case in some]
    gaps = [slow.gap(case, 0.5) for case in single if case.others]
    answered = [(any(found.score >= 0.7 for found in case.found), bool(case.meant)) for case in some]
    expected = {
        "P@1": [slow.hit_at(case, 1, 0.5) for case in single],
        "P@5": [slow.hit_at(case, 5, 0.5) for case in single],
        "F1": f1,
        "Pr@F1=1": [value == 1 for value in f1],
        "T_acc": [answer for answer, meant in answered if meant],
        "N_acc": [not answer for answer, meant in answered if not meant],
        "gap": gaps,
        "positive_gap": [gap > 0 for gap in gaps],
    }
    for name, values in expected.items():
        assert scores[name] == pytest.approx(sum(values) / len(values) if values else math.nan, nan_ok=True), name
    assert [scores[name] for name in COUNTS] == [len(some), len(single), len(expected["N_acc"]), len(gaps)]


@given(st.lists(cases(), min_size=1, max_size=5))
def test_the_order_does_not_count(some: list[Case]) -> None:
    assert evaluated(some) == pytest.approx(evaluated(some[::-1]), nan_ok=True)


def test_the_last_of_a_key_counts_and_without_a_key_each() -> None:
    evaluator = GroundingEvaluator()
    evaluator.add(*sides(CASES[3]), key="7/the cup")
    evaluator.add(*sides(CASES[0]), key="7/the cup")
    assert evaluator.summarize() == pytest.approx(evaluated([CASES[0]]), nan_ok=True)
    evaluator.add(*sides(CASES[0]))
    evaluator.add(*sides(CASES[0]))
    assert evaluator.summarize()["expressions"] == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ks": (1, 0)}, "k: expected at least 1, found 0"),
        ({"iou_threshold": 50}, "iou_threshold: expected more than 0 and at most 1, found 50"),
        ({"score_threshold": -0.1}, "score_threshold: expected 0 … 1"),
        ({"overlap": "dice"}, "overlap: expected one of"),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(sos.SOSError, match=message):
        GroundingEvaluator(**options)


def test_truth_as_prediction_is_perfect_and_another_expressions_is_not(real_data: Path) -> None:
    """Real expressions of people: their boxes as predictions, then each the box of the next."""
    expressions = read_human_expressions(real_data / "coco/referring_val.json", real_data / "coco/val")
    right = [entry.boxes for entry in expressions]
    assert len(right) >= 8
    scores = {}
    for name, answers in {"right": right, "shifted": right[1:] + right[:1]}.items():
        evaluator = GroundingEvaluator()
        for number, (entry, boxes) in enumerate(zip(expressions, answers, strict=True)):
            evaluator.add(GroundingPrediction(boxes, [1.0] * len(boxes)), entry.truth(), key=number)
        scores[name] = evaluator.summarize()
    for metric in ("P@1", "P@5", "P@10", "F1", "Pr@F1=1", "T_acc"):
        assert scores["right"][metric] == 1.0, metric
    for metric in ("P@1", "P@10", "F1", "Pr@F1=1"):
        assert scores["shifted"][metric] < 0.5, metric
    assert scores["shifted"]["T_acc"] == 1.0, "an answer, if a wrong one"


def test_targets_of_the_stream_as_predictions(library: sos.SegmentLibrary) -> None:
    """The first row of each label is meant; the truth as the prediction has the highest gap wherever there is one."""
    dataset = sos.SOSDataset(library, small_recipe(), length=8)
    evaluator = GroundingEvaluator()
    for _, target in map(dataset.sample, range(8)):
        for label in set(target["labels"].tolist()):
            row = target["labels"].tolist().index(label)
            truth = truth_of(target, {"text": "the first", "rows": [row], "kind": "position"})
            assert len(truth.others) == target["labels"].tolist().count(label) - 1
            evaluator.add(GroundingPrediction(truth.boxes, [1.0]), truth)
    scores = evaluator.summarize()
    assert scores["P@1"] == scores["Pr@F1=1"] == scores["gap"] == scores["positive_gap"] == 1
    assert 0 < scores["gaps"] < scores["expressions"]


def _add_on_a_rank(rank: int, folder: Path) -> None:
    torch.distributed.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=2)
    evaluator = GroundingEvaluator()
    for number in range(rank, 8, 2):
        evaluator.add(*sides(CASES[number]), key=number)
    evaluator.add(*sides(CASES[0]), key=0)  # served once more, to fill up the last batch
    if rank == 1:
        evaluator.add(*sides(CASES[8]))
    scores = {"alone": evaluator.summarize(), "together": evaluator.summarize(all_ranks=True)}
    (folder / f"{rank}.json").write_text(json.dumps(scores))
    torch.distributed.destroy_process_group()


def test_ranks_are_joined(tmp_path: Path) -> None:
    torch.multiprocessing.start_processes(_add_on_a_rank, (tmp_path,), nprocs=2, start_method="fork")
    scores = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert [its["alone"]["expressions"] for its in scores] == [4, 6]
    for its in scores:
        assert its["together"] == pytest.approx(EXPECTED)
