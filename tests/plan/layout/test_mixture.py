"""Mixtures: each picture takes one layout, as often as its weight says."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from sos_online.errors import RecipeError
from sos_online.plan.layout import FromTable, LayoutChoice, Mixture, layouts_of_files, make_layout
from tests.plan.layout.drawing import generator, table_of

ADAPTER: TypeAdapter[Mixture] = TypeAdapter(LayoutChoice)
TABLE = table_of([[(0.0, 0.0, 0.25, 0.25, "a")]])


def mixture(*parts: tuple[float, object]) -> Mixture:
    return ADAPTER.validate_python(
        {"kind": "mixture", "parts": [{"weight": weight, "layout": layout} for weight, layout in parts]}
    )


@pytest.mark.parametrize("weights", [(1, 1), (3, 1), (0.1, 0.3)])
def test_parts_come_by_their_weights(weights: tuple[float, float]) -> None:
    settings = mixture((weights[0], {"kind": "box_table", "path": "x"}), (weights[1], "random_centres"))
    layout, rng = make_layout(settings, {("box_table", "x"): TABLE}), generator(1)
    drawn = sum(layout.draw((100, 100), 1, rng).boxes == [(0.0, 0.0, 25.0, 25.0)] for _ in range(2000))
    share = weights[0] / sum(weights)
    assert abs(drawn - 2000 * share) < 5 * np.sqrt(2000 * share * (1 - share))


def test_a_part_of_weight_zero_is_not_looked_for() -> None:
    settings = mixture((1, "random_boxes"), (0, {"kind": "learned", "path": "not there"}))
    assert list(layouts_of_files(settings)) == []
    assert len(make_layout(settings, {}).draw((50, 50), 4, generator()).boxes) == 4


def test_files_are_listed_in_order() -> None:
    table, learned = {"kind": "box_table", "path": "x"}, {"kind": "learned", "path": "x"}
    settings = mixture((1, learned), (1, {}), (1, table))
    assert [(one.kind, one.path) for one in layouts_of_files(settings)] == [("learned", "x"), ("box_table", "x")]


def test_a_kind_is_enough_and_the_size_prior_needs_none() -> None:
    assert ADAPTER.validate_python("random_boxes") == ADAPTER.validate_python({"kind": "random_boxes"})
    assert ADAPTER.validate_python({"large": 0.5}).kind == "size_prior"


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ([], "above 0"),
        ([(0, {})], "above 0"),
        ([(-1, {})], "weight"),
        ([(float("nan"), {})], "weight"),
        ([(1, "mixture")], "mixture"),  # no nesting
        ([(1, {"kind": "mixture", "parts": []})], "mixture"),
        ([(1, {"kind": "box_table"})], "path"),
    ],
)
def test_exception_for_parts_that_make_no_sense(parts: list[tuple[float, object]], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        mixture(*parts)


def test_exception_if_a_file_was_not_given() -> None:
    with pytest.raises(RecipeError, match=r"layout box_table.*boxes.csv"):
        make_layout(FromTable(path="boxes.csv"), {})
