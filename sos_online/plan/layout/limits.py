"""Ranges that settings of layouts are given in."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if not 0 < limits[0] <= limits[1]:
        raise ValueError(f"expected two numbers, 0 < low <= high, found {list(limits)}")
    return limits


def _within_one(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[1] > 1:
        raise ValueError(f"a share of the canvas is at most 1, found {limits[1]}")
    return limits


Limits = Annotated[tuple[float, float], AfterValidator(_ordered)]
Shares = Annotated[Limits, AfterValidator(_within_one)]
