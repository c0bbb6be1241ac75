"""A stream that says things, small enough for tests."""

from __future__ import annotations

from typing import Any

import sos_online as sos
from sos_online.types import EXPRESSION_KINDS, Expression, Target

COUNTS = {"one": 6, "several": 3, "none": 2}
SAID = dict.fromkeys(EXPRESSION_KINDS, COUNTS)
LENGTH, WIDTH = 10, 240


def recipe(**changes: Any) -> sos.Recipe:
    return sos.Recipe().replace(
        **{"canvas": {"sizes": [[200, WIDTH]]}, "light": None, "objects": [6, 12], "expressions": SAID, **changes}
    )


def speaking(library: sos.SegmentLibrary, *, changes: dict[str, Any] | None = None, **options: Any) -> sos.SOSDataset:
    return sos.SOSDataset(library, recipe(**(changes or {})), **{"seed": 4, "length": LENGTH, **options})


def said_by(samples: Any) -> list[list[Expression]]:
    return [target["expressions"] for _, target in samples]


def said_in(loader: Any) -> list[list[Expression]]:
    return [target["expressions"] for _, targets in loader for target in targets]


def texts_of(expressions: list[Expression]) -> list[str]:
    return [expression["text"] for expression in expressions]


def check(expressions: list[Expression], target: Target) -> None:
    """Plain values, as the contract has them."""
    for expression in expressions:
        assert list(expression) == ["text", "rows", "kind"]
        assert type(expression["text"]) is str
        assert all(type(row) is int and 0 <= row < len(target["labels"]) for row in expression["rows"])
        assert expression["kind"] in EXPRESSION_KINDS
