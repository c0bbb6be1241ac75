"""Noun phrases in English: order, number and articles."""

from __future__ import annotations

import pytest

from sos_online.refer import Draws
from sos_online.refer.extent import Extent
from sos_online.refer.lexicon import attribute
from sos_online.refer.nouns import noun
from sos_online.refer.phrase import THINGS, Phrase, core, definite, joined, plural, singular, tail, together
from sos_online.rng import words_generator

MUG = Phrase(Extent(1, 0), noun("mug"))
MUGS = Phrase(Extent(0b11, 0), noun("mug"))
SCISSORS = Phrase(Extent(1, 0), noun("scissors"))
FISH = Phrase(Extent(0b11, 0), noun("fish"))


def said(way, phrase: Phrase, **options) -> set[str]:
    """All that may be said."""
    draws = Draws(words_generator(0))
    return {way(phrase, draws, **options) for _ in range(300)}


def looks(phrase: Phrase, *words: str) -> Phrase:
    return together([attribute(word) for word in words], phrase, phrase.extent)


def test_adjectives_stand_in_their_order():
    phrase = looks(MUG, "ceramic", "red", "tall", "striped")
    assert core(phrase) == "tall red striped ceramic mug"
    assert core(phrase._replace(first="leftmost")) == "leftmost tall red striped ceramic mug"
    assert core(phrase, many=True) == "tall red striped ceramic mugs"
    assert phrase.looks


def test_a_whole_phrase_stands_for_noun_and_adjectives():
    assert core(looks(MUG, "red")._replace(whole="big blue mug")) == "big blue mug"


@pytest.mark.parametrize(
    ("phrase", "texts"),
    [
        (MUG, {"the mug", "a mug", "mug"}),
        (looks(Phrase(Extent(1, 0), noun("apple")), "orange"), {"the orange apple", "an orange apple", "orange apple"}),
        (SCISSORS, {"the scissors", "scissors"}),  # no "a scissors"
        (MUG._replace(first="largest", definite=True), {"the largest mug"}),
        (Phrase(Extent(1, 0), noun("fog")), {"the fog", "fog"}),  # no "a fog"
        (Phrase(Extent(1, 0), noun("money with wings")), {"the money with wings", "money with wings"}),
        (MUG._replace(first="second", behind="from the left", definite=True), {"the second mug from the left"}),
    ],
)
def test_of_one_object(phrase, texts):
    assert said(singular, phrase) == texts


@pytest.mark.parametrize(
    ("phrase", "texts"),
    [
        (MUGS, {"the mugs", "mugs", "all the mugs", "both mugs", "both the mugs", "the two mugs"}),
        (
            MUGS._replace(extent=Extent(0b1110000, 0)),
            {"the mugs", "mugs", "all the mugs", "the three mugs", "all three mugs"},
        ),
        (FISH, {"both fish", "both the fish", "the two fish"}),  # "the fish" might be one
        (SCISSORS._replace(extent=Extent(0b11, 0)), {"the scissors", "all the scissors", "scissors"}),  # not counted
        (MUGS._replace(first="two leftmost", definite=True), {"the two leftmost mugs"}),
    ],
)
def test_of_several_objects(phrase, texts):
    assert said(plural, phrase) == texts


def test_many_are_counted_in_words_up_to_twelve():
    assert "all twelve mugs" in said(plural, MUGS._replace(extent=Extent(2**12 - 1, 0)))
    assert "all 13 mugs" in said(plural, MUGS._replace(extent=Extent(2**13 - 1, 0)))


def test_what_is_not_there_is_not_counted():
    assert said(plural, MUGS._replace(extent=Extent(0, 0)), counted=False) == {"the mugs", "mugs", "all the mugs"}


@pytest.mark.parametrize(
    ("phrase", "many", "texts"),
    [
        (MUG, False, {""}),
        (MUG._replace(behind="on the left"), False, {" on the left"}),
        (
            MUG._replace(behind="on the left", joint="either"),
            False,
            {" on the left", " that is on the left", " which is on the left"},
        ),
        (MUG._replace(behind="red", joint="that is"), False, {" that is red", " which is red"}),
        (MUG._replace(behind="red", joint="that is"), True, {" that are red", " which are red"}),
        (SCISSORS._replace(behind="red", joint="that is"), False, {" that are red", " which are red"}),
        (
            MUG._replace(behind="not red", joint="that is"),
            False,
            {" that is not red", " which is not red", " that isn't red", " which isn't red"},
        ),
    ],
)
def test_what_stands_behind_the_noun(phrase, many, texts):
    assert said(tail, phrase, many=many) == texts


def test_anchors_have_the_definite_article():
    assert said(definite, looks(MUG, "red")) == {"the red mug"}
    draws = Draws(words_generator(0))
    assert joined(looks(MUG, "red"), SCISSORS, draws) == "the red mug and the scissors"


def test_braces_are_no_format():
    phrase = Phrase(Extent(1, 0), noun("{0} %s mug"))
    assert said(definite, phrase) == {"the {0} %s mug"}
    assert "both {0} %s mugs" in said(plural, phrase._replace(extent=Extent(3, 0)))


def test_things_are_nouns():
    assert all(thing == noun(thing.name) for thing in THINGS)
