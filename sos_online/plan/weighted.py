"""Drawing by weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, TypeVar

import numpy as np
from pydantic import AfterValidator

Kind = TypeVar("Kind", bound=str)
LIGHTEST, HEAVIEST = 1e-30, 1e30


def _in_reach(weight: float) -> float:
    """Weights are multiplied with each other and added up: none of that may overflow, or vanish."""
    if weight != 0 and not LIGHTEST <= weight <= HEAVIEST:
        raise ValueError(f"expected 0, or a weight of {LIGHTEST:g} … {HEAVIEST:g}")
    return weight


Weight = Annotated[float, AfterValidator(_in_reach)]


def in_order(weights: Mapping[Kind, float], order: tuple[Kind, ...]) -> dict[Kind, float]:
    """The weights in one order, so that the order in a file changes neither a fingerprint nor what is drawn.

    Raises:
        ValueError: a weight is below 0, or none is above.
    """
    if not (min(weights.values(), default=0) >= 0 < sum(weights.values())):
        raise ValueError(f"weights must be 0 or more, at least one above 0, found {dict(weights)}")
    return {kind: weights[kind] for kind in order if kind in weights}


def pick(weights: Mapping[Kind, float], number: float) -> Kind:
    """The kind that a uniform number in [0, 1) falls on; weights need not add up to 1."""
    kinds = list(weights)
    bounds = np.cumsum(list(weights.values()))
    return kinds[min(int(np.searchsorted(bounds, number * bounds[-1], side="right")), len(kinds) - 1)]


def expected_names(name: str, known: Sequence[str]) -> str:
    """What there is instead of a name that is not there, to end a message: all if they are few, else the nearest."""
    if len(known) <= 10:
        return f"expected one of {', '.join(known)}"
    near = get_close_matches(name, known, n=3)
    return f"it has {len(known):,}" + (f", such as {', '.join(near)}" if near else "")
