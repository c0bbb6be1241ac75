"""Rank and select, against a list that is counted through."""

from __future__ import annotations

import pickle

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.plan import selection
from sos_online.plan.selection import Selection

Bools = npt.NDArray[np.bool_]


def select_where(chosen: Bools) -> Selection:
    return Selection.where(len(chosen), lambda rows: chosen[rows])


def check_against_counting(found: Selection, chosen: Bools) -> None:
    rows = np.flatnonzero(chosen)
    assert found.count == len(rows)
    assert found.select(np.arange(len(rows))).tolist() == rows.tolist()
    every = np.arange(len(chosen) + 1)
    assert found.rank(every).tolist() == [int(chosen[:row].sum()) for row in every]


@given(
    length=st.sampled_from([0, 1, 7, 8, 127, 128, 129, 255, 256, 1000]),
    share=st.sampled_from([0.0, 0.01, 0.5, 0.99, 1.0]),
    seed=st.integers(0, 99),
)
def test_against_counting(length: int, share: float, seed: int) -> None:
    chosen = np.random.default_rng(seed).random(length) < share
    check_against_counting(select_where(chosen), chosen)


@pytest.mark.parametrize("position", [0, 127, 128, 499])
def test_a_single_row(position: int) -> None:
    chosen = np.zeros(500, np.bool_)
    chosen[position] = True
    found = select_where(chosen)
    assert found.select(np.array([0, 0])).tolist() == [position, position]
    check_against_counting(found, chosen)


def test_rows_are_looked_at_in_pieces_that_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "_PIECE", 256)
    asked: list[slice] = []
    chosen = np.random.default_rng(0).random(1000) < 0.3

    def selects(rows: slice) -> Bools:
        asked.append(rows)
        return chosen[rows]

    found = Selection.where(1000, selects)
    assert asked == [slice(0, 256), slice(256, 512), slice(512, 768), slice(768, 1000)]
    check_against_counting(found, chosen)


def test_round_trip_of_a_pickle_that_is_as_small_as_the_bits() -> None:
    chosen = np.random.default_rng(1).random(100_000) < 0.5
    pickled = pickle.dumps(select_where(chosen))
    assert len(pickled) < 100_000 / 8 + 1000
    check_rows = np.flatnonzero(chosen)
    assert (pickle.loads(pickled).select(np.arange(len(check_rows))) == check_rows).all()
