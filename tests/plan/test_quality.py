"""Quality filters: each criterion against a loop over rows, and libraries that do not know what is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.errors import RecipeError
from sos_online.plan.choice import Chooser, SegmentChoice
from sos_online.plan.quality import PRESETS, QualityFilter, passing
from tests.plan.fake_index import INDEX, FakeIndex, generator

ROWS = len(INDEX)  # 18: source 0 has ten of them, source 1 has eight
IS_INSTANCE, INTEGRITY, REGULARITY = 1, 2, 4


def known_to_source_0(bits: int = 7) -> list[int]:
    return [bits if source == 0 else 0 for _, source in INDEX.rows()]


def drawn(index: FakeIndex, count: int = 400, **settings: Any) -> set[int]:
    """The rows that come when many are drawn."""
    rows, _ = Chooser(SegmentChoice.model_validate({"by": "segment", **settings}), index).draw(count, generator())
    return set(rows.tolist())


def test_presets_are_the_published_ones() -> None:
    assert PRESETS == {
        "filter_0": (),
        "filter_1": ("IsInstance",),
        "filter_2": ("Integrity",),
        "filter_3": ("QualityAndRegularity",),
        "filter_4": ("IsInstance", "Integrity", "QualityAndRegularity"),
    }
    assert QualityFilter().criteria() == []


def test_flags_are_added_to_those_of_the_preset_and_none_is_asked_for_twice() -> None:
    assert QualityFilter(preset="filter_2", flags=("IsInstance", "Integrity")).required_flags == (
        "IsInstance",
        "Integrity",
    )


MEASURES = st.fixed_dictionaries(
    {
        "flags": st.integers(0, 7),
        "flags_known": st.integers(0, 7),
        "opaque": st.integers(0, 2000),
        "at_border": st.integers(0, 2),
        "component_share": st.floats(0, 1, width=32),
        "edge_sharpness": st.floats(0, 1, width=32),
        "laplacian_variance": st.floats(0, 1e4, width=32),
        "duplicate_of": st.integers(-1, 20),
    }
)
CASES: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
    ({"preset": "filter_1"}, lambda m: bool(m["flags"] & m["flags_known"] & IS_INSTANCE)),
    ({"preset": "filter_3"}, lambda m: bool(m["flags"] & m["flags_known"] & REGULARITY)),
    ({"preset": "filter_4"}, lambda m: m["flags"] & m["flags_known"] == 7),
    ({"flags": ["Integrity"], "unknown_flags": "keep"}, lambda m: bool((m["flags"] | ~m["flags_known"]) & INTEGRITY)),
    ({"min_opaque": 1000}, lambda m: m["opaque"] >= 1000),
    ({"min_opaque": 2**40}, lambda m: m["opaque"] >= 2**40),
    ({"at_border": "drop"}, lambda m: m["at_border"] != 1),
    ({"min_component_share": 0.9}, lambda m: m["component_share"] >= np.float32(0.9)),
    ({"min_edge_sharpness": 0.25}, lambda m: m["edge_sharpness"] >= 0.25),
    ({"min_laplacian_variance": 100}, lambda m: m["laplacian_variance"] >= 100),
    ({"near_duplicates": "drop"}, lambda m: m["duplicate_of"] == -1),
    ({"min_opaque": 500, "at_border": "drop"}, lambda m: m["opaque"] >= 500 and m["at_border"] != 1),
]


@pytest.mark.parametrize(("settings", "passes"), CASES, ids=[str(settings) for settings, _ in CASES])
@given(rows=st.lists(MEASURES, min_size=1, max_size=20))
def test_criteria_against_a_loop(
    settings: dict[str, Any], passes: Callable[[dict[str, Any]], bool], rows: list[dict[str, Any]]
) -> None:
    index = FakeIndex([(len(rows),)], {measure: [row[measure] for row in rows] for measure in rows[0]})  # type: ignore[misc]
    selection = passing(QualityFilter.model_validate(settings).criteria(), index)
    expected = [number for number, row in enumerate(rows) if passes(row)]
    assert selection.select(np.arange(selection.count)).tolist() == expected


def test_a_threshold_takes_what_is_equal_to_it() -> None:
    """0.9 is stored as a float of 32 bits, which is a little more or less."""
    index = FakeIndex([(2,)], {"component_share": [0.9, 0.3], "edge_sharpness": [0.7, 0.1]})
    assert drawn(index, quality={"min_component_share": 0.9, "min_edge_sharpness": 0.7}) == {0}


def test_smoke_a_filter_drops_what_it_says() -> None:
    """At the border is 1; where it is not known, 2, nothing is dropped."""
    index = FakeIndex(INDEX.counts, {"at_border": [row % 3 for row in range(ROWS)]})
    assert drawn(index, quality={"at_border": "drop"}) == set(range(ROWS)) - set(range(1, ROWS, 3))
    assert drawn(index) == set(range(ROWS))


@pytest.mark.parametrize("unknown", ["error", "keep", "drop"])
def test_a_flag_that_no_source_has_is_an_error_in_any_case(unknown: str) -> None:
    index = FakeIndex(INDEX.counts, {"flags_known": [IS_INSTANCE | REGULARITY] * ROWS})
    with pytest.raises(RecipeError, match=r"choice\.quality: the flag Integrity .*\(of source 0, source 1\)"):
        drawn(index, quality={"preset": "filter_4", "unknown_flags": unknown})
    assert drawn(index, quality={"preset": "filter_3", "unknown_flags": unknown}) == set(range(ROWS))


def test_a_flag_that_one_source_lacks_is_an_error_that_names_it() -> None:
    index = FakeIndex(INDEX.counts, {"flags_known": known_to_source_0()})
    message = "the flag IsInstance must hold, and nothing is known of it in source 1 (8 of 8 segments)"
    with pytest.raises(RecipeError, match=re.escape(message)):
        drawn(index, quality={"preset": "filter_4"})


def test_a_flag_that_is_not_known_of_some_segments_of_a_source_is_an_error_too() -> None:
    index = FakeIndex(INDEX.counts, {"flags_known": [0, *[7] * (ROWS - 1)]})
    with pytest.raises(RecipeError, match=r"in source 0 \(1 of 10 segments\)"):
        drawn(index, quality={"preset": "filter_1"})


@pytest.mark.parametrize(("unknown", "others"), [("keep", True), ("drop", False)])
def test_what_becomes_of_unknown_flags(unknown: str, others: bool) -> None:
    """Source 1 says nothing; of source 0 the first row is no instance."""
    index = FakeIndex(INDEX.counts, {"flags": [6, *[7] * (ROWS - 1)], "flags_known": known_to_source_0()})
    expected = {row for row, (_, source) in enumerate(INDEX.rows()) if row != 0 and (source == 0 or others)}
    assert drawn(index, quality={"preset": "filter_1", "unknown_flags": unknown}) == expected


def test_what_a_source_lacks_that_is_not_drawn_from_does_not_matter() -> None:
    index = FakeIndex(INDEX.counts, {"flags_known": known_to_source_0()})
    quality = {"preset": "filter_4"}
    expected = {row for row, (_, source) in enumerate(INDEX.rows()) if source == 0}
    assert drawn(index, quality=quality, sources={"source 0": 1}) == expected
    with pytest.raises(RecipeError, match=r"no source says anything of it \(of source 1\)"):
        drawn(index, quality=quality, sources={"source 1": 1})


def test_a_filter_that_leaves_nothing_says_what_each_criterion_leaves() -> None:
    large = [2000 if row < 4 else 10 for row in range(ROWS)]
    index = FakeIndex(INDEX.counts, {"opaque": large, "at_border": [int(row < 5) for row in range(ROWS)]})
    message = (
        "choice.quality: no segment passes: of 18, each criterion alone leaves: "
        "flag: Integrity 18, min_opaque: 1024 4, at_border: drop 13"
    )
    with pytest.raises(RecipeError, match=re.escape(message)):
        drawn(index, quality={"preset": "filter_2", "min_opaque": 1024, "at_border": "drop"})
    with pytest.raises(RecipeError, match=re.escape("of 8, each criterion alone leaves: min_opaque: 1024 2")):
        drawn(
            index, sources={"source 1": 1},
            quality={"min_opaque": 1024, "at_border": "drop"},
        )  # fmt: skip


def test_a_source_with_nothing_that_passes_is_left_aside_unless_it_is_named() -> None:
    index = FakeIndex(INDEX.counts, {"opaque": [1000 if source else 10 for _, source in INDEX.rows()]})
    expected = {row for row, (_, source) in enumerate(INDEX.rows()) if source == 1}
    assert drawn(index, by="source", quality={"min_opaque": 100}) == expected
    with pytest.raises(RecipeError, match=r"choice\.sources\.source 0: .*none of its segments can be drawn"):
        drawn(index, by="source", quality={"min_opaque": 100}, sources={"source 0": 1, "source 1": 1})
