"""Expressions that mean nothing: seldom told by their noun alone, and then by one not far from what is there."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import sos_online as sos
from sos_online.refer import Draws
from sos_online.refer.anchors import by_name_alone
from sos_online.refer.goals import no_row
from sos_online.refer.naming import Naming
from sos_online.refer.nothing import nothing
from sos_online.refer.places import by_place
from sos_online.refer.relations import by_relation
from tests.refer.checker.lexicon import plural_of
from tests.refer.made_up import Thing, facts_of
from tests.refer.page import listed

NONE = {"one": 0, "several": 0, "none": 3}


def share_of_absent_names(library: sos.SegmentLibrary, images: int, **choice: object) -> float:
    """Of the expressions that mean nothing, those that name no category of their image, nor a thing or a kind."""
    recipe = sos.Recipe().replace(
        canvas={"sizes": [[640, 640]]},
        light=None,
        choice=choice,
        expressions={"attribute": NONE, "position": NONE, "mixed": NONE},
    )
    dataset = sos.SOSDataset(library, recipe, length=images)
    given_away = count = 0
    for index in range(images):
        target = dataset.sample(index)[1]
        here = {library.category_names[label - 1] for label in target["labels"].tolist()}
        names = {*here, "cactuses", "thing", "object", "item", "fruit", "animal", "vehicle", "appliance", "everything"}
        for expression in target["expressions"]:
            assert not expression["rows"]
            count += 1
            given_away += not any(name in expression["text"] for name in names)
    assert count > 5 * images
    return given_away / count


@pytest.fixture(scope="module")
def demo() -> sos.SegmentLibrary:
    return sos.SegmentLibrary.demo()


def test_few_name_what_is_not_there(demo: sos.SegmentLibrary) -> None:
    assert 0 < share_of_absent_names(demo, 30) < 0.1


def test_within_one_category_most_are_told_by_look_or_place(demo: sos.SegmentLibrary) -> None:
    assert share_of_absent_names(demo, 30, single_category=True) < 0.45


GROUPS = {
    "vehicle": "bicycle, car, motorcycle, airplane, bus, train, truck, boat",
    "animal": "bird, cat, dog, horse, sheep, cow, elephant, bear",
    "kitchen": "bottle, wine glass, cup, fork, knife, spoon, bowl",
    "furniture": "chair, couch, potted plant, bed, dining table, toilet",
    "electronic": "tv, laptop, remote, keyboard, cell phone",
}
TOLD = {name: group for group, names in GROUPS.items() for name in listed(names)}


def absent_names(thing: str, told: dict[str, str]) -> Counter[str]:
    """What is said not to be there by its name alone, in an image of one thing."""
    naming = Naming(facts_of([Thing(thing)], categories=list(TOLD), told=told), all_known=True)
    draws = Draws(np.random.default_rng(3))
    texts = [nothing(naming, "attribute", 0, draws, late=True) for _ in range(600)]
    singular = {plural_of(name): name for name in TOLD}
    words = [text.removeprefix("the ").removeprefix("an ").removeprefix("a ") for text in texts if text is not None]
    names = Counter(singular.get(word.removeprefix("all the ").removeprefix("all "), word) for word in words)
    assert set(names) <= TOLD.keys() - {thing}
    return names


@pytest.mark.parametrize("thing", ["truck", "fork", "couch", "remote"])
def test_names_that_are_not_there_are_mostly_near_those_that_are(thing: str) -> None:
    names = absent_names(thing, TOLD)
    near = {name: count for name, count in names.items() if TOLD[name] == TOLD[thing]}
    assert len(near) == len(listed(GROUPS[TOLD[thing]])) - 1
    assert 0.6 < sum(near.values()) / names.total() < 0.85
    assert len(names) > 20  # and seldom any other


def test_without_supercategories_those_of_a_kind_are_near() -> None:
    assert sum(absent_names("truck", {})[name] for name in listed(GROUPS["vehicle"])) > 100
    assert sum(absent_names("fork", {})[name] for name in listed(GROUPS["kitchen"])) < 100


MUG, BALL = Thing("mug", (300, 220, 340, 260)), Thing("ball", (520, 380, 560, 420))


def test_nothing_is_said_of_empty_corners() -> None:
    naming = Naming(facts_of([MUG, Thing("lamp", (0, 0, 60, 60))]), all_known=True)
    mug, draws = naming.by_name(0), Draws(np.random.default_rng(0))
    assert mug is not None
    said = {phrase.behind for _ in range(200) if (phrase := by_place(naming, mug, no_row, draws)) is not None}
    assert any("corner" in words for words in said)
    assert all("left" in words or "top" in words for words in said)


def test_nothing_is_said_of_what_nothing_touches() -> None:
    """A cup is on the lamp: so that no mug is, is worth saying; of the ball, on which is nothing, it is not."""
    cup, lamp = Thing("cup", (100, 100, 120, 120)), Thing("lamp", (50, 50, 200, 200))
    hidden = np.zeros((4, 4), np.int64)
    hidden[1, 0] = 400
    naming = Naming(facts_of([cup, lamp, MUG, BALL], hidden=hidden), all_known=True)
    mug, draws = naming.by_name(2), Draws(np.random.default_rng(0))
    assert mug is not None
    made = [by_relation(naming, mug, no_row, by_name_alone(naming), draws, covering=1) for _ in range(300)]
    said = {phrase.behind for phrase in made if phrase is not None and "between" not in phrase.behind}
    assert "on the lamp" in said
    assert not any("ball" in words for words in said)
