"""Grounding metrics over many expressions, added one at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sos_online.evaluate.grefcoco import count_answers, f1_score
from sos_online.evaluate.grounding import GroundingPrediction, GroundingTruth
from sos_online.evaluate.ranks import gather_parts
from sos_online.evaluate.refcoco import hit_at
from sos_online.evaluate.thresholds import (
    Overlap,
    check_iou_threshold,
    check_k,
    check_overlap,
    check_score_threshold,
)
from sos_online.evaluate.within_class import confidence_gap

Outcome = dict[str, float]
"""What one expression adds to each metric that is defined for it."""


class GroundingEvaluator:
    """Precision at k, the metrics of gRefCOCO and the gap within a class, over the expressions that are added.

    Each metric is the mean over the expressions that it is defined for:

    - ``P@1``, ``P@5``, ``P@10``: those that mean one object. See :func:`hit_at`.
    - ``F1``, ``Pr@F1=1``: all of them. Mean F1, and how often it is 1. See :func:`f1_score`.
    - ``T_acc``: those that mean something. How often there is an answer, be it right or wrong.
    - ``N_acc``: those that mean nothing. How often there is no answer.
    - ``gap``, ``positive_gap``: those that mean one object and know of others of its category. See
      :func:`confidence_gap`; the others are left out.

    Args:
        ks: the k of ``P@k``.
        iou_threshold: the least overlap with a box that is meant, more than 0 and at most 1.
        score_threshold: the least score of an answer, 0 … 1; it is for ``F1``, ``Pr@F1=1``, ``T_acc`` and ``N_acc``.
        overlap: for ``P@k``, ``F1`` and ``Pr@F1=1``: IoU, or generalised IoU as the scripts of MDETR and GREC have it.
    """

    def __init__(
        self,
        *,
        ks: Sequence[int] = (1, 5, 10),
        iou_threshold: float = 0.5,
        score_threshold: float = 0.7,
        overlap: Overlap = "iou",
    ) -> None:
        self._ks = tuple(check_k(k) for k in ks)
        self._iou_threshold = check_iou_threshold(iou_threshold)
        self._score_threshold = check_score_threshold(score_threshold)
        self._overlap: Overlap = check_overlap(overlap)
        self._keyed: dict[int | str, Outcome] = {}
        self._others: list[Outcome] = []

    def add(self, prediction: GroundingPrediction, truth: GroundingTruth, *, key: int | str | None = None) -> None:
        """Take what a model finds for one expression.

        Args:
            prediction: what it finds.
            truth: what is meant.
            key: tells expressions apart: a second one of a key replaces the first, on whatever rank, so that what a
                ``DistributedSampler`` serves twice counts once. Without one each counts.
        """
        outcome = self._outcome(prediction, truth)
        if key is None:
            self._others.append(outcome)
        else:
            self._keyed[key] = outcome

    def summarize(self, *, all_ranks: bool = False) -> dict[str, float]:
        """The metrics by name, as shares of 1; NaN for one that no expression is defined for.

        And how many expressions there are: ``expressions`` in all, ``one_target``, ``no_target``, and ``gaps``, those
        that ``gap`` and ``positive_gap`` are means of.

        Args:
            all_ranks: over what all ranks of ``torch.distributed`` have added; then each of them must call this.
        """
        keyed: dict[int | str, Outcome] = {}
        outcomes: list[Outcome] = []
        for its_keyed, its_others in gather_parts((self._keyed, self._others), all_ranks=all_ranks):
            keyed.update(its_keyed)
            outcomes.extend(its_others)
        outcomes.extend(keyed.values())
        names = [*(f"P@{k}" for k in self._ks), "F1", "Pr@F1=1", "T_acc", "N_acc", "gap", "positive_gap"]
        values = {name: [outcome[name] for outcome in outcomes if name in outcome] for name in names}
        return {
            **{name: math.fsum(found) / len(found) if found else math.nan for name, found in values.items()},
            "expressions": float(len(outcomes)),
            "one_target": float(sum("one_target" in outcome for outcome in outcomes)),
            "no_target": float(len(values["N_acc"])),
            "gaps": float(len(values["gap"])),
        }

    def _outcome(self, prediction: GroundingPrediction, truth: GroundingTruth) -> Outcome:
        iou_threshold, overlap = self._iou_threshold, self._overlap
        f1 = f1_score(
            prediction, truth, score_threshold=self._score_threshold, iou_threshold=iou_threshold, overlap=overlap
        )
        outcome = {"F1": f1, "Pr@F1=1": float(f1 == 1)}
        answered = count_answers(prediction, self._score_threshold) > 0
        if len(truth.boxes) == 0:
            outcome["N_acc"] = float(not answered)
        else:
            outcome["T_acc"] = float(answered)
        if len(truth.boxes) == 1:
            outcome["one_target"] = 1.0
            for k in self._ks:
                hit = hit_at(prediction, truth, k, iou_threshold=iou_threshold, overlap=overlap)
                outcome[f"P@{k}"] = float(hit)
            if len(truth.others):
                gap = confidence_gap(prediction, truth, iou_threshold=iou_threshold)
                outcome |= {"gap": gap, "positive_gap": float(gap > 0)}
        return outcome
