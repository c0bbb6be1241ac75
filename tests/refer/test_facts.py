"""Statements about the rows of a target: what decides them, and what leaves them open."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import sos_online as sos
from sos_online.refer import Facts, SpokenNames, object_words
from sos_online.refer.lexicon import attribute
from sos_online.types import Words
from tests.refer.made_up import APPLE, BLUE_MUG, FISH, GIFT_BOX, LAMP, RED_MUG, Thing, answers, facts_of, scattered


def called(name: str, *things: Thing, categories: list[str] | None = None) -> list[bool | None]:
    return answers(facts_of(things, categories=categories).is_called(name), len(things))


def test_no_row():
    facts = facts_of([], categories=["mug"])
    assert len(facts) == facts.everything == 0
    assert facts.is_called("mug") == facts.looks(attribute("red")) == (0, 0)
    assert facts.smaller == []


class TestNames:
    @pytest.mark.parametrize(
        ("thing", "answer"),
        [
            (Thing("mug"), True),
            (Thing("Mug"), True),  # case is ignored
            (Thing("car"), False),
            (Thing("coffee_mug"), None),  # shares a word
            (Thing("mugs"), None),
            (Thing("cup", phrase="a coffee mug"), None),  # its words contain the name
            (Thing("cup", description="like mugs"), None),
            (Thing("cup", features="mug handle"), None),
            (Thing("cup", description="smug"), False),
            (Thing("123"), None),  # its name cannot be said
        ],
    )
    def test_is_a_mug(self, thing, answer):
        assert called("mug", thing) == [answer]

    def test_words_with_underscores_contain_it(self):
        assert called("ox", Thing("musk_ox"), categories=["ox", "musk_ox"]) == [None]

    def test_categories_of_the_same_name_are_left_open(self):
        things = Thing("bow_(weapon)"), Thing("bow_(knot)"), Thing("car")
        assert called("bow", *things) == [None, None, False]
        assert called("bow", *things, categories=["bow_(weapon)", "car"]) == [True, True, False]

    def test_kinds(self):
        facts = facts_of([Thing("Apple"), Thing("mug"), Thing("pear"), Thing("quince")])
        assert answers(facts.is_a("fruit"), 4) == [True, False, None, None]
        assert answers(facts.is_a("animal"), 4) == [False, False, False, None]

    @pytest.mark.parametrize(
        ("thing", "tool", "animal"),
        [
            (Thing("saw"), True, False),
            (Thing("saw", features="metal"), True, False),  # as tools are
            (Thing("saw", phrase="a toy saw"), None, None),
            (Thing("saw", description="an animal's head on its handle"), True, None),
            (Thing("goat"), False, True),
            (Thing("goat", features="metal"), None, None),
            (Thing("plate"), None, None),
            (Thing("mug", features="ceramic"), None, False),  # the table knows it
        ],
    )
    def test_kinds_that_the_library_tells(self, thing, tool, animal):
        facts = facts_of([thing], told={"saw": "tool", "goat": "animal", "plate": "kitchen", "mug": "kitchen"})
        assert answers(facts.is_a("tool"), 1) == [tool]
        assert answers(facts.is_a("animal"), 1) == [animal]
        assert [facts.decide(0, "category", kind) for kind in ("tool", "animal")] == [tool, animal]

    @pytest.mark.parametrize(
        ("thing", "answer"),
        [
            (Thing("car"), True),
            (Thing("car", features="plastic"), None),  # made of something: a toy
            (Thing("car", phrase="a toy car"), None),
            (Thing("mug", features="ceramic"), False),
        ],
    )
    def test_toys_may_be_no_members_of_their_kind(self, thing, answer):
        assert answers(facts_of([thing]).is_a("vehicle"), 1) == [answer]


class TestLooks:
    @pytest.mark.parametrize(
        ("word", "visibility", "answer"),
        [
            ("red", 1, True),
            ("red", 0.35, True),
            ("red", 0.349, None),
            ("orange", 0.35, None),  # near red
            ("green", 0.35, False),
            ("green", 0.349, None),
            ("ceramic", 0.35, True),
            ("plain", 0.6, True),
            ("plain", 0.599, None),
            ("striped", 0.6, False),
            ("striped", 0.599, None),
        ],
    )
    def test_enough_must_be_visible(self, word, visibility, answer):
        facts = facts_of([RED_MUG._replace(visibility=visibility)])
        assert answers(facts.looks(attribute(word)), 1) == [answer]

    @pytest.mark.parametrize(("width", "answer"), [(16, True), (15, None)])
    def test_fine_attributes_need_256_pixels(self, width, answer):
        facts = facts_of([RED_MUG._replace(box=(0, 0, width, 16))])
        assert answers(facts.looks(attribute("plain")), 1) == [answer]
        assert answers(facts.looks(attribute("red")), 1) == [True]

    def test_of_several_rows(self):
        things = [RED_MUG, BLUE_MUG, GIFT_BOX, FISH, APPLE, LAMP, Thing("vase")]
        facts = facts_of(things)
        assert answers(facts.looks(attribute("striped")), 7) == [False, True, True, True, None, False, None]
        assert answers(facts.looks(attribute("blue")), 7) == [False, True, True, False, None, False, None]

    @pytest.mark.parametrize(
        ("features", "visibility", "answer"),
        [
            ("white ribbon", 0.8, True),
            ("white ribbon", 0.79, None),
            ("red ribbon", 0.1, False),  # another ribbon
            ("cream ribbon", 1, None),  # a near one
            ("striped ribbon", 1, None),  # another facet
            ("red handle", 1, None),  # no ribbon is spoken of
            ("", 1, None),
        ],
    )
    def test_parts(self, features, visibility, answer):
        facts = facts_of([GIFT_BOX, Thing("gift box", features=features, visibility=visibility)])
        (part,) = facts.words[0].parts
        assert answers(facts.has(part), 2) == [True, answer]

    @pytest.mark.parametrize(
        ("thing", "answer"),
        [
            (Thing("mug", phrase="the red ceramic mug"), True),  # articles aside
            (Thing("mug", phrase="a red ceramic mug", visibility=0.6), True),
            (Thing("mug", phrase="a red ceramic mug", visibility=0.59), None),
            (Thing("mug", phrase="a red ceramic mug", box=(0, 0, 15, 17)), None),  # 255 pixels
            (Thing("mug", phrase="a big red ceramic mug"), None),  # may be what the phrase says
            (BLUE_MUG, False),  # it is blue
            (APPLE, False),  # no mug
            (Thing("cup", phrase="a mug"), None),
        ],
    )
    def test_phrases(self, thing, answer):
        assert answers(facts_of([RED_MUG, thing]).fits_phrase(0), 2) == [True, answer]


class TestRelations:
    things = (Thing("mug", box=(10, 10, 50, 50)), Thing("car", box=(200, 10, 300, 60)))

    def test_what_hides_what_may_not_be_known(self):
        facts = facts_of(self.things)
        assert not facts.knows_occlusion
        for name in ("in front of", "behind", "on", "surrounded by"):
            assert answers(facts.relation(name, 1), 2) == [None, False]
        assert answers(facts.relation("left of", 1), 2) == [True, False]

    def test_what_hides_what(self):
        # 800 of the car's pixels are the mug's
        facts = facts_of(self.things, hidden=np.array([[1600, 0], [800, 5000]]))
        assert facts.knows_occlusion
        assert answers(facts.relation("in front of", 1), 2) == [True, False]
        assert answers(facts.relation("behind", 0), 2) == [False, True]
        assert answers(facts.relation("on", 1), 2) == [None, False]
        assert answers(facts.relation("surrounded by", 1), 2) == [False, False]

    def test_what_goes_all_round(self):
        things = Thing("mug", box=(220, 20, 250, 50)), Thing("car", box=(200, 10, 300, 60))
        around = np.array([[np.nan, np.nan], [1.0, np.nan]])
        facts = facts_of(things, hidden=np.array([[0, 0], [900, 0]]), around=around)
        assert answers(facts.relation("surrounded by", 1), 2) == answers(facts.relation("on", 1), 2) == [True, False]
        assert facts.decide(0, "relation", "surrounded by", 1) is True
        assert facts.decide(1, "relation", "surrounded by", 0) is False

    def test_before_and_smaller(self):
        facts = facts_of(self.things)
        assert facts.before("left", 1) == 0b01
        assert facts.before("right", 0) == 0b10
        assert facts.before("top", 0) == facts.before("top", 1) == 0
        assert facts.smaller == [0b00, 0b01]


class TestDecide:
    facts = facts_of([RED_MUG._replace(box=(10, 10, 50, 50)), FISH._replace(box=(400, 10, 500, 60))])

    @pytest.mark.parametrize(
        ("claim", "answer"),
        [
            ((0, "category", "mug"), True),
            ((0, "category", "  MUG "), True),
            ((0, "category", "fish"), False),
            ((1, "category", "animal"), True),
            ((0, "category", "animal"), False),
            ((0, "category", ""), None),
            ((0, "attribute", "Red"), True),
            ((0, "attribute", "blue"), False),
            ((0, "attribute", "maroon"), None),
            ((0, "attribute", "beautiful"), None),  # no known attribute
            ((0, "place", "left"), True),
            ((0, "place", "top  LEFT"), True),
            ((1, "place", "left"), False),
            ((1, "place", "behind the moon"), None),
            ((0, "relation", "left of", 1), True),
            ((1, "relation", "left of", 0), False),
            ((0, "relation", "left of", 0), False),  # of itself
            ((0, "relation", "left of"), None),  # of what?
            ((0, "relation", "behind", 1), None),  # not known here
            ((0, "relation", "surrounded by", 1), None),
            ((0, "relation", "married to", 1), None),
            ((0, "weight", "heavy"), None),
        ],
    )
    def test_claims(self, claim, answer):
        assert self.facts.decide(*claim) is answer


def test_of_a_target_as_a_stream_gives_it(library):
    _, target = sos.SOSDataset(library, sos.Recipe().replace(light=None), seed=3).sample(0)
    assert isinstance(target["boxes"], torch.Tensor)
    names = SpokenNames(library.category_names)
    words = [object_words(library.category_names[label - 1], Words()) for label in target["labels"].tolist()]
    facts = Facts(target, words, names)
    label = int(target["labels"][0])
    same = [other == label for other in target["labels"].tolist()]
    assert answers(facts.is_called(names.of(label)), len(facts)) == same


def test_three_hundred_rows():
    facts = scattered(300, seed=1)
    assert len(facts) == 300
    mugs = answers(facts.is_called("mug"), 300)
    assert mugs == [words.folded == "mug" for words in facts.words]
    assert sum(answer is True for answer in answers(facts.looks(attribute("red")), 300)) == 100
    assert len(facts.smaller) == 300


def test_a_category_called_like_a_kind_may_be_what_is_of_the_kind():
    facts = facts_of([Thing("animal"), Thing("fish"), Thing("mug"), Thing("fruit"), Thing("apple")])
    assert answers(facts.is_called("animal"), 5) == [True, None, False, None, False]
    assert answers(facts.is_called("apple"), 5) == [False, False, False, None, True]


def test_a_category_called_thing_is_unknown_and_blocks_every_name():
    facts = facts_of([Thing("things"), Thing("mug")])
    assert answers(facts.is_called("things"), 2) == [None, False]
    assert answers(facts.is_called("mug"), 2) == [None, True]


@pytest.mark.parametrize(
    ("name", "other", "answer"),
    [
        ("car", "carrot", False),
        ("cat", "catapult", False),
        ("boat", "sailboat", None),
        ("sailboat", "boat", None),
        ("汽车", "小汽车", None),
        ("bird", "duck", None),
        ("tool", "hammer", None),
        ("bird", "cat", False),
        ("cup", "cupcake", False),
    ],
)
def test_names_that_may_mean_each_other(name: str, other: str, answer: bool | None) -> None:
    facts = facts_of([Thing(other)], categories=sorted({name, other}))
    assert facts.decide(0, "category", name) is answer
