"""Every way to say something: what a phrase says it means is what was wanted, and anchors mean one object each."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from sos_online.refer import Draws
from sos_online.refer.anchors import by_look, by_name_alone, by_name_or_order, by_two_hops
from sos_online.refer.attribute_phrases import one_by_look, plain_one, two_words
from sos_online.refer.extent import Extent
from sos_online.refer.goals import including, just, no_row, several_rows
from sos_online.refer.naming import Naming, sayable_rows
from sos_online.refer.one import by_both, by_itself, by_position, kind_of
from sos_online.refer.phrase import Phrase, core
from sos_online.refer.places import by_place
from sos_online.refer.relations import by_relation
from sos_online.rng import words_generator
from tests.refer.made_up import BLUE_MUG, FISH, GIFT_BOX, RED_MUG, Thing, facts_of, scattered

SCENES = [(1, 0), (2, 1), (6, 2), (12, 3), (12, 4), (24, 5)]
GOALS = {"just": just(1), "including": including(0), "several": several_rows, "none": no_row}


def draws(seed: int = 0) -> Draws:
    return Draws(words_generator(seed))


def scenes() -> list[Naming]:
    return [Naming(scattered(count, seed), all_known=seed % 2 == 0) for count, seed in SCENES]


def everyone(naming: Naming) -> range:
    return range(len(naming.facts))


def meets(phrase: Phrase | None, goal: Callable[[Extent], bool]) -> bool:
    return phrase is None or goal.is_met(phrase.extent)


def test_goals():
    assert just(2).is_met(Extent(0b100, 0))
    assert not just(2).is_met(Extent(0b100, 1))
    assert not just(2).is_met(Extent(0b110, 0))
    assert including(1).is_met(Extent(0b10, 1))
    assert not including(1).is_met(Extent(0b01, 0b10))
    assert several_rows.is_met(Extent(0b11, 0))
    assert not several_rows.is_met(Extent(0b01, 0))
    assert not several_rows.is_met(Extent(0b11, 0b100))
    assert no_row.is_met(Extent(0, 0))
    assert not no_row.is_met(Extent(0, 1))


class TestNaming:
    naming = Naming(
        facts_of(
            [
                RED_MUG,
                BLUE_MUG._replace(visibility=0.5),
                GIFT_BOX._replace(features="blue, striped, white ribbon, mug on top"),
                Thing("12"),
                Thing("red mug", features="red"),
            ],
            categories=["mug", "gift box", "12", "red mug", "red"],
        ),
        all_known=False,
    )

    def test_names(self):
        mug = self.naming.by_name(0)
        assert mug is not None
        assert (mug.head.name, mug.extent) == ("mug", Extent(0b00011, 0b11100))  # 2 has words with "mug", 3 none at all
        assert self.naming.by_name(3) is None
        assert list(sayable_rows(self.naming)) == [0, 1, 2, 4]

    def test_attributes_are_those_that_can_be_seen_and_name_nothing_else(self):
        assert {one.word for one in self.naming.attributes[0]} == {"plain", "glossy", "ceramic"}  # red is a category
        assert {one.word for one in self.naming.attributes[1]} == {"blue", "ceramic"}  # half of it is hidden
        assert {one.word for one in self.naming.attributes[4]} == {"red"}  # a part of its own name

    def test_parts_that_name_a_category_are_not_said(self):
        assert [part.text for part in self.naming.parts[2]] == ["white ribbon"]
        assert self.naming.parts[0] == ()

    def test_things_may_be_said_only_if_all_are_known(self):
        assert self.naming.thing(draws()) is None
        everything = Naming(self.naming.facts, all_known=True).thing(draws())
        assert everything is not None
        assert everything.extent == (0b11111, 0)

    def test_kinds(self):
        fish = Naming(facts_of([FISH, RED_MUG]), all_known=False)
        assert fish.by_kind(1) is None
        kind = fish.by_kind(0)
        assert kind is not None
        assert (kind.head.name, kind.extent) == ("animal", Extent(0b01, 0))

    def test_adjectives_until_it_is_alone(self):
        naming = Naming(
            facts_of([RED_MUG, BLUE_MUG, RED_MUG._replace(features="red, striped, ceramic", phrase="")]), True
        )
        source, texts = draws(), set()
        for _ in range(200):
            phrase = naming.with_adjectives(0, naming.by_name(0), source, until=1)
            if phrase is not None:
                assert phrase.extent.means(1)
                texts.add(core(phrase))
        assert {frozenset(text.split()) for text in texts} >= {
            frozenset({"plain", "mug"}),
            frozenset({"red", "plain", "mug"}),
        }
        assert "red mug" not in texts
        assert all(2 <= len(text.split()) <= 4 for text in texts)

    def test_short_phrases(self):
        naming = Naming(facts_of([RED_MUG, BLUE_MUG, FISH]), all_known=True)
        phrase = naming.by_phrase(1)
        assert phrase is not None
        assert phrase.whole == "blue striped ceramic mug"
        assert phrase.extent.means(0b010)
        assert phrase.looks

    def test_a_part_behind_the_noun(self):
        naming = Naming(facts_of([GIFT_BOX, GIFT_BOX._replace(features="red ribbon")]), all_known=True)
        phrase = naming.with_part(naming.by_name(0), naming.parts[0][0])
        assert (phrase.behind, phrase.extent) == ("with a white ribbon", Extent(1, 0))

    @pytest.mark.parametrize(
        ("feature", "said"),
        [
            ("white fur", "with white fur"),
            ("yellow teeth", "with yellow teeth"),
            ("brown ears", "with brown ears"),
            ("orange feet", "with orange feet"),
            ("green dress", "with a green dress"),
            ("green cactus", "with a green cactus"),
            ("black lens", "with a black lens"),
        ],
    )
    def test_articles_of_parts(self, feature, said):
        naming = Naming(facts_of([Thing("toy", features=feature)]), all_known=True)
        assert naming.with_part(naming.by_name(0), naming.parts[0][0]).behind == said


RELATIONS = ("left of ", "right of ", "to the ", "above ", "below ", "in front of ", "partly ", "behind ", "on the ",
             "surrounded by ", "nearest to ", "closest to ", "between ")  # fmt: skip
OF_PICTURE = re.compile(r"on the (far )?(left|right)( side)?( of the (image|picture))?$")  # not: on the rightmost mug


def names_an_anchor(phrase):
    """Whether what stands behind the noun is a relation to something, and no place in the picture."""
    return phrase.behind.startswith(RELATIONS) and not OF_PICTURE.match(phrase.behind)


@pytest.mark.parametrize("way", [plain_one, by_itself])
def test_one_object_without_anchors(way):
    found = 0
    for naming in scenes():
        source = draws()
        for row in [*everyone(naming)] * 10:
            phrase = way(naming, row, source)
            assert meets(phrase, just(row))
            assert phrase is None or not names_an_anchor(phrase)
            found += phrase is not None
    assert found > 50


@pytest.mark.parametrize("way", [one_by_look, by_position, by_both])
def test_one_object_in_all_ways(way):
    found = 0
    for naming in scenes():
        source = draws()
        for row in [*everyone(naming)] * 10:
            phrase = way(naming, row, source)
            found += phrase is not None and phrase.extent.means(1 << row)
            if phrase is not None and way is by_position:
                assert not phrase.looks
    assert found > 50


@pytest.mark.parametrize("goal", GOALS)
def test_places_mean_what_is_wanted(goal):
    found = 0
    for naming in scenes():
        for row in everyone(naming):
            base = naming.by_name(row)
            phrase = by_place(naming, base, GOALS[goal], draws(row))
            assert meets(phrase, GOALS[goal])
            if phrase is not None:
                found += 1
                assert kind_of(phrase) == "position"
                assert not phrase.extent.true & ~base.extent.true
    assert found > 0


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("covering", [0.0, 1.0])
def test_relations_mean_what_is_wanted(goal, covering):
    found = 0
    for naming in scenes():
        source = draws()
        for row in [*everyone(naming)] * 6:
            base = naming.by_name(row)
            for anchors in (by_name_alone(naming), by_name_or_order(naming, source), by_look(naming, source)):
                phrase = by_relation(naming, base, GOALS[goal], anchors, source, covering=covering)
                assert meets(phrase, GOALS[goal])
                if phrase is not None:
                    found += 1
                    assert phrase.lies
                    assert names_an_anchor(phrase)
                    assert not phrase.extent.true & ~base.extent.true
    assert found > 3


def two_hops_from_nothing(naming, source):
    return by_two_hops(naming, source, 0)


@pytest.mark.parametrize("make", [by_name_or_order, by_look, two_hops_from_nothing])
def test_anchors_mean_one_object(make):
    found = 0
    for naming in scenes():
        anchors = make(naming, draws())
        for row in [*anchors.rows] * 10:
            phrase = anchors.phrase(row)
            assert meets(phrase, just(row))
            found += phrase is not None
            if phrase is not None and make is by_look:
                assert phrase.looks
            if phrase is not None and make is two_hops_from_nothing:
                assert naming.by_name(row).extent.size >= 2
    assert found > 20


def test_anchors_by_their_name_alone():
    naming = Naming(facts_of([RED_MUG, BLUE_MUG, FISH, Thing("fork and knife")]), all_known=True)
    anchors = by_name_alone(naming)
    assert list(anchors.rows) == [2]  # of the others one has a peer, and one reads like two things
    assert anchors.phrase(2).extent.means(0b100)


def test_what_a_goal_needs_spares_work_and_changes_nothing():
    extents = [Extent(true, doubt) for true in range(8) for doubt in range(8) if not true & doubt]
    for goal in (just(1), including(2), several_rows, no_row):
        for base in extents:
            met = goal.met_by(base, {str(number): more for number, more in enumerate(extents)})
            both = [(str(number), base & more) for number, more in enumerate(extents)]
            assert met == [(name, extent) for name, extent in both if goal.is_met(extent)]


def test_nothing_is_told_apart_by_itself():
    # one box; apples of which one is nearest to it
    boxes = [(200, 200, 260, 260), (270, 200, 300, 230), (560, 20, 590, 50), (20, 420, 60, 460)]
    names = ("gift box", "apple", "apple", "mug")
    naming = Naming(facts_of([Thing(name, box=box) for name, box in zip(names, boxes, strict=True)]), all_known=True)
    found = {described: set() for described in (0, 0b0001)}
    for described, texts in found.items():
        anchors = by_two_hops(naming, draws(), described)
        texts |= {phrase.behind for _ in range(300) for row in (1, 2) if (phrase := anchors.phrase(row)) is not None}
    assert any("gift box" in text for text in found[0])
    assert any("mug" in text for text in found[0b0001])
    assert not any("gift box" in text for text in found[0b0001])


def test_materials_behind_is_are_made_of():
    naming = Naming(facts_of([Thing("balloon", features=word) for word in ("latex", "foil")]), all_known=True)
    assert two_words(naming, 0, naming.by_name(0), draws()).behind == "made of latex"
    wooden = Naming(facts_of([Thing("mug", features="wooden")]), all_known=True)
    assert two_words(wooden, 0, wooden.by_name(0), draws()).behind == "wooden"
