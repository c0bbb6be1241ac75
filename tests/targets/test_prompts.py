"""Captions of category names: what is said to be there is, what is said to be absent is known to be."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sos_online.rng import Purpose, sample_generator
from sos_online.targets.captions import Caption
from sos_online.targets.prompts import category_caption
from sos_online.types import Target

NAMES = [f"category {number}" for number in range(1, 31)]


def target_of_labels(labels: list[int], crowds: list[int] | None = None, **more: Any) -> Target:
    crowds = crowds or [0] * len(labels)
    return {"labels": torch.tensor(labels, dtype=torch.int64), "iscrowd": torch.tensor(crowds), **more}


def generator(index: int = 0) -> np.random.Generator:
    return sample_generator(0, 0, index, purpose=Purpose.WORDS)


def meanings(caption: Caption) -> dict[str, tuple[int, ...]]:
    found = {phrase.text: phrase.rows for phrase in caption.phrases}
    assert len(found) == len(caption.phrases)
    return found


def test_names_that_are_there_mean_their_rows() -> None:
    caption = category_caption(target_of_labels([3, 1, 3]), NAMES, range(1, 31), generator(), negatives=4)
    found = meanings(caption)
    assert found["category 3"] == (0, 2) and found["category 1"] == (1,)
    assert len(found) == 6 and sum(not rows for rows in found.values()) == 4
    assert caption.text.endswith(".") and caption.text.count(". ") == 5


LABELS = st.lists(st.integers(1, 30), max_size=8)
SOME = st.sets(st.integers(1, 30))


@given(
    labels=LABELS,
    crowds=st.lists(st.booleans(), min_size=8, max_size=8),
    annotated=SOME,
    listed=st.none() | SOME,
    partly=SOME,
    limits=st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 400)),
    index=st.integers(0, 1000),
)
def test_limits_and_what_is_known(
    labels: list[int],
    crowds: list[bool],
    annotated: set[int],
    listed: set[int] | None,
    partly: set[int],
    limits: tuple[int, int, int],
    index: int,
) -> None:
    lists = {"not_exhaustive_category_ids": sorted(partly)}
    if listed is not None:
        lists["neg_category_ids"] = sorted(listed)
    target = target_of_labels(labels, [int(crowd) for crowd in crowds[: len(labels)]], **lists)
    negatives, categories, characters = limits
    caption = category_caption(
        target, NAMES, annotated, generator(index), negatives=negatives, categories=categories, characters=characters
    )
    assert len(caption.text) <= characters and len(caption.phrases) <= categories
    objects = [label for label, crowd in zip(labels, crowds, strict=False) if not crowd]
    known = (annotated if listed is None else listed) - set(labels) - partly
    absent = 0
    for name, rows in meanings(caption).items():
        label = NAMES.index(name) + 1
        if rows:
            assert rows == tuple(row for row, own in enumerate(labels) if own == label and not crowds[row])
        else:
            assert label in known
            absent += 1
    present = len(caption.phrases) - absent
    if categories >= 30 and characters >= 8 * len("category 30. ") + 1:
        assert present == len(set(objects)), "names that are there go first"
    if absent:
        assert present == len(set(objects))
    if categories == 30 and characters == 400:
        assert absent == min(negatives, len(known)) or len(caption.text) > 400 - len("category 30. ")


def test_every_absent_category_is_as_likely_and_order_tells_nothing() -> None:
    drawn: Counter[str] = Counter()
    first = 0
    for index in range(3000):
        caption = category_caption(target_of_labels([1, 2]), NAMES[:10], range(1, 11), generator(index), negatives=3)
        drawn.update(name for name, rows in meanings(caption).items() if not rows)
        first += bool(caption.phrases[0].rows)
    assert set(drawn) == set(NAMES[2:10])
    # 3 of 8 each: 1,125 ± 26.5; 2 of 5 phrases are there: 1,200 ± 27
    assert all(abs(count - 1125) < 5 * 27 for count in drawn.values())
    assert abs(first - 1200) < 5 * 27


def test_the_same_numbers_make_the_same_caption() -> None:
    made = [category_caption(target_of_labels([4]), NAMES, set(range(1, 31)), generator(index)) for index in (5, 5, 6)]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("annotated", [(), range(1, 31), [2, 3], {2, 3}])
def test_an_image_without_objects(annotated: Any) -> None:
    caption = category_caption(target_of_labels([]), NAMES, annotated, generator(), negatives=2)
    assert len(caption.phrases) == min(2, len(annotated)) and not any(phrase.rows for phrase in caption.phrases)
    assert bool(caption.text) == bool(annotated)


def test_a_name_is_never_there_and_absent() -> None:
    """Two categories of one name, as mixtures of libraries may have them."""
    names = ["mug", "Mug", "tram"]
    caption = category_caption(target_of_labels([1]), names, range(1, 4), generator())
    assert meanings(caption) == {"mug": (0,), "tram": ()}
    caption = category_caption(target_of_labels([1, 2]), names, range(1, 4), generator())
    assert meanings(caption) == {"mug": (0, 1), "tram": ()}
