"""Schedules: their shapes, their errors, and the quotas that follow from them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sos_online as sos
from sos_online.data.mixing import Schedule
from sos_online.data.mixing.quotas import Quotas

A, B = (3.0, 1.0, 0.0), (0.0, 1.0, 1.0)
SHARES_A, SHARES_B = (0.75, 0.25, 0.0), (0.0, 0.5, 0.5)


def between(moved: float) -> list[float]:
    return [(1 - moved) * a + moved * b for a, b in zip(SHARES_A, SHARES_B, strict=True)]


@pytest.mark.parametrize(
    ("schedule", "moved"),
    [
        (Schedule.constant(A), lambda _: 0.0),
        (Schedule.step(A, B, at=300), lambda position: float(position >= 300)),
        (Schedule.linear(A, B, start=100, end=500), lambda position: min(max((position - 100) / 400, 0), 1)),
        (Schedule.linear(A, B, end=500), lambda position: min(position / 500, 1)),
        (
            Schedule.cosine(A, B, start=100, end=500),
            lambda position: (1 - math.cos(math.pi * min(max((position - 100) / 400, 0), 1))) / 2,
        ),
        (Schedule.cosine(A, B, end=3), lambda position: (1 - math.cos(math.pi * min(position / 3, 1))) / 2),
    ],
    ids=["constant", "step", "linear from a start", "linear", "cosine", "cosine over three"],
)
def test_shares_have_the_shape(schedule: Schedule, moved) -> None:
    for position in range(0, 700, 7):
        assert schedule.shares_at(position) == pytest.approx(between(moved(position)), abs=3e-4)


def test_steps_are_turned_into_samples() -> None:
    schedule = Schedule.linear(A, B, start=10, end=50).in_steps(batch_size=16, world=4)
    assert schedule == Schedule.linear(A, B, start=640, end=3200)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Schedule(()), "expected knots"),
        (lambda: Schedule.constant([]), "at least|finite numbers"),
        (lambda: Schedule.constant([0, 0]), "at least one above 0"),
        (lambda: Schedule.constant([1, -1]), "finite numbers from 0 on"),
        (lambda: Schedule.constant([1, float("nan")]), "finite numbers from 0 on"),
        (lambda: Schedule.constant([1, float("inf")]), "finite numbers from 0 on"),
        (lambda: Schedule.constant([1e308, 1e308]), "finite sum"),
        (lambda: Schedule.constant([10**400, 1]), "a number for each source"),
        (lambda: Schedule.constant("ab"), "a number for each source"),
        (lambda: Schedule.constant(1), "a number for each source"),
        (lambda: Schedule.linear([1, 0], [1, 0, 0], end=5), "expected 2, as before it, found 3"),
        (lambda: Schedule.cosine([1, 0], [1], end=5), "expected 2, as before it, found 1"),
        (lambda: Schedule.linear([1, 0], [0, 1], start=5, end=5), "end: expected more than start"),
        (lambda: Schedule.cosine([1, 0], [0, 1], start=5, end=3), "end: expected more than start"),
        (lambda: Schedule.step([1], [1], at=-1), "position: expected an integer in 0"),
        (lambda: Schedule.step([1], [1], at=2**63), "position: expected an integer in 0"),
        (lambda: Schedule.step([1], [1], at=1.5), "position: expected an integer in 0"),
        (lambda: Schedule(((5, (1,)), (4, (1,)))), "expected 5 or more"),
        (lambda: Schedule(((5, (1,)), (5, (1,)), (5, (1,)))), "at most two knots"),
        (lambda: Schedule((5, 4)), "expected .position, weights."),
        (lambda: Schedule.constant([1]).in_steps(batch_size=0), "batch_size: expected an integer from 1 on"),
        (lambda: Schedule.linear([1], [1], end=2**60).in_steps(batch_size=16), "position: expected an integer in 0"),
    ],
)
def test_what_is_no_schedule_is_refused(make, said: str) -> None:
    with pytest.raises(sos.StreamError, match=said):
        make()


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    sources = draw(st.integers(1, 5))
    weight = st.one_of(st.just(0.0), st.floats(1e-3, 10))
    weights = st.lists(weight, min_size=sources, max_size=sources).filter(any)
    gaps = draw(st.lists(st.integers(0, 200), min_size=1, max_size=5))
    knots, position, equal = [], 0, 0
    for gap in gaps:
        equal = equal + 1 if gap == 0 and knots else 0
        position += gap if equal < 2 else 1
        equal = 0 if equal >= 2 else equal
        knots.append((position, tuple(draw(weights))))
    return Schedule(tuple(knots))


def slow_shares(schedule: Schedule, length: int) -> list[list[Fraction]]:
    """What each source is due at each position: exact areas under the curve."""
    exact = []
    for position, weights in schedule.knots:
        total = sum(map(Fraction, weights))
        exact.append((position, [Fraction(weight) / total for weight in weights]))
    due = [[Fraction(0)] * schedule.sources]
    for position in range(length):
        # the middle of the position's interval: the curve is straight in it
        middle = Fraction(2 * position + 1, 2)
        before = [knot for knot in exact if knot[0] <= position]
        after = [knot for knot in exact if knot[0] > position]
        if not before or not after:
            shares = (before[-1] if before else after[0])[1]
        else:
            (begin, first), (end, last) = before[-1], after[0]
            moved = (middle - begin) / (end - begin)
            shares = [(1 - moved) * a + moved * b for a, b in zip(first, last, strict=True)]
        due.append([a + b for a, b in zip(due[-1], shares, strict=True)])
    return due


@given(schedules())
@settings(max_examples=60)
def test_quotas_are_the_areas_under_the_schedule(schedule: Schedule) -> None:
    length = 300
    quotas = Quotas(schedule)
    due = slow_shares(schedule, length)
    steps = sum(a[0] == b[0] for a, b in zip(schedule.knots, schedule.knots[1:], strict=False))
    counts = [quotas.counts(position) for position in range(length + 1)]
    for position, (now, share) in enumerate(zip(counts, due, strict=True)):
        assert sum(now) == position
        for count, wanted in zip(now, share, strict=True):
            # a source is rounded once, and waits for the others, each of which is rounded too; after a step anew
            assert abs(count - wanted) <= (1 + schedule.sources) * (1 + steps)
    changes = np.diff(np.array(counts), axis=0)
    assert (np.sort(changes, axis=1)[:, -1] == 1).all()
    assert (changes >= 0).all()


@st.composite
def stairs(draw: st.DrawFn) -> Schedule:
    """A schedule of steps alone."""
    sources = draw(st.integers(1, 4))
    weights = st.lists(st.sampled_from([0.0, 0.0, 1.0, 3.0, 0.2]), min_size=sources, max_size=sources).filter(any)
    starts = sorted(draw(st.sets(st.integers(1, 290), max_size=8)))
    levels = [tuple(draw(weights)) for _ in range(len(starts) + 1)]
    knots = [(0, levels[0])]
    for start, before, after in zip(starts, levels, levels[1:], strict=False):
        knots += [(start, before), (start, after)]
    return Schedule(tuple(knots))


@given(stairs())
@settings(max_examples=60)
def test_a_source_without_weight_is_never_drawn(schedule: Schedule) -> None:
    quotas = Quotas(schedule)
    for position in range(300):
        before, after = quotas.counts(position), quotas.counts(position + 1)
        drawn = next(source for source in range(schedule.sources) if after[source] > before[source])
        assert schedule.shares_at(position)[drawn] > 0


def test_a_step_is_exact() -> None:
    quotas = Quotas(Schedule.step([0.7, 0.3, 0], [0, 0, 1], at=1000))
    assert quotas.counts(1000)[2] == 0
    assert quotas.counts(5000)[2] == 4000


def test_many_short_stretches_do_not_starve_a_rare_source() -> None:
    knots = [knot for start in range(0, 3000, 10) for knot in ((start, (97, 3)), (start + 10, (97, 3)))]
    assert Quotas(Schedule(tuple(knots))).counts(3000) == pytest.approx((2910, 90), abs=2)


def test_far_positions_are_exact_and_at_once() -> None:
    quotas = Quotas(Schedule.constant([1, 2, 5]))
    assert quotas.counts(8 * 10**17) == (10**17, 2 * 10**17, 5 * 10**17)
