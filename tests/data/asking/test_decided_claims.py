"""What may be claimed of made scenes, against orders that are counted out by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import sos_online as sos
from sos_online.data.asking.scenes import look_at
from sos_online.data.expressions import FactFinder
from sos_online.refer.asking.decided_claims import DecidedClaims
from tests.conftest import small_recipe
from tests.refer.made_up import Thing, facts_of

_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def test_orders_and_sizes_against_counting() -> None:
    library = sos.SegmentLibrary.demo()
    dataset = sos.SOSDataset(library, small_recipe(objects=[8, 14]), seed=1, length=12)
    finder = FactFinder(library, None, pytest.fail)
    answers: Counter[bool | None] = Counter()
    for index in range(12):
        target, facts = look_at(dataset.scene(index), library, dataset.recipe.visibility, finder)
        labels, areas = target["labels"].tolist(), target["area"].tolist()
        centres = ((target["boxes"][:, :2] + target["boxes"][:, 2:]) / 2).tolist()
        for row, label in enumerate(labels):
            alike = [other for other, its in enumerate(labels) if its == label]
            across = sorted(alike, key=lambda other: centres[other][0])
            down = sorted(alike, key=lambda other: centres[other][1])
            expected = {
                "leftmost": across[0] == row,
                "rightmost": across[-1] == row,
                "topmost": down[0] == row,
                "bottommost": down[-1] == row,
                "largest": areas[row] == max(areas[other] for other in alike),
                "smallest": areas[row] == min(areas[other] for other in alike),
                **{f"{word} from the left": across.index(row) == place for place, word in enumerate(_ORDINALS)},
                **{f"{word} from top": down.index(row) == place for place, word in enumerate(_ORDINALS)},
            }
            for value, is_true in expected.items():
                found = facts.decide(row, "place", value, None)
                answers[found] += 1
                assert found in (None, is_true), (index, row, value)
            for other in range(len(labels)):
                found = facts.decide(row, "relation", "larger than", other)
                assert other != row or found is None
                assert found in (None, areas[row] > areas[other])
                assert facts.decide(other, "relation", "smaller than", row) is found
    assert min(answers.values()) > 50 and len(answers) == 3


@pytest.mark.parametrize("value", ["surrounded by", " Surrounded  BY"])
def test_what_goes_all_round(value: str) -> None:
    things = Thing("mug", box=(220, 20, 250, 50)), Thing("car", box=(200, 10, 300, 60))
    around = np.array([[np.nan, np.nan], [1.0, np.nan]])
    claims = DecidedClaims(facts_of(things, hidden=np.array([[0, 0], [900, 0]]), around=around))
    assert claims.decide(0, "relation", value, 1) is True
    assert claims.decide(1, "relation", value, 0) is False
    assert claims.decide(0, "relation", value, None) is None
    assert claims.decide(0, "relation", "inside", 1) is None  # a flat picture does not show that
