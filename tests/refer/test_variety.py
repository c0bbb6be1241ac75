"""What a stream says is not always the same, and of each kind as much as was asked for."""

from __future__ import annotations

from collections import Counter

import pytest

import sos_online as sos
from tests.refer.streams import speaking_recipe


def said(count: int) -> tuple[Counter[str], Counter[str]]:
    """Texts and kinds of so many images."""
    dataset = sos.SOSDataset(sos.SegmentLibrary.demo(), speaking_recipe("size_prior"), seed=9)
    texts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for index in range(count):
        for expression in dataset.sample(index)[1]["expressions"]:
            texts[expression["text"]] += 1
            kinds[expression["kind"]] += 1
    return texts, kinds


def check(texts: Counter[str], kinds: Counter[str], distinct: float, slack: float) -> None:
    total = texts.total()
    assert len(texts) >= distinct * total, f"{len(texts):,} of {total:,}"
    for kind in ("attribute", "position", "mixed"):
        assert kinds[kind] / total == pytest.approx(1 / 3, abs=slack), kinds


def test_a_few_images():
    check(*said(12), distinct=0.9, slack=0.05)


@pytest.mark.slow
def test_two_thousand_images():
    check(*said(2000), distinct=0.6, slack=0.02)
