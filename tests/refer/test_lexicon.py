"""Words for looks: the page's table and the code know the same, and agree on what is near what."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from sos_online.refer import lexicon
from sos_online.refer.lexicon import COARSE, FACETS, Attribute, attribute, colours, near, near_words
from tests.refer.page import listed, section, table

PAGE = {facet: (words, nearness) for facet, words, nearness in table("What it looks like", "facet")}
SHADES = ("light", "dark", "pale", "deep", "bright")


def words_on_page(facet: str) -> list[str]:
    words = re.sub(r"X-patterned \(such as (\S+)\)", r"\1", PAGE[facet][0])
    return listed(words.partition(";")[0])


def near_on_page(facet: str) -> set[frozenset[str]]:
    """Pairs of words that do not exclude each other."""
    words, told = words_on_page(facet), PAGE[facet][1]
    if told.startswith("all but "):
        pairs = {frozenset(pair) for pair in combinations(words, 2)}
        for clause in told.removeprefix("all but ").split("; and "):
            one, _, others = clause.partition(" against ")
            pairs -= {frozenset((one, other)) for other in listed(others)}
        return pairs
    groups = [listed(group) for group in told.split(";") if "the same one" not in group]
    return {frozenset(pair) for group in groups for pair in combinations(group, 2)}


def test_the_page_has_all_facets_and_no_other():
    assert set(PAGE) == set(FACETS)


@pytest.mark.parametrize("facet", FACETS)
def test_words_of_the_page_are_known_to_the_code(facet):
    for word in [*words_on_page(facet), *set().union(*near_on_page(facet))]:
        assert attribute(word) == Attribute(facet, word)


@pytest.mark.parametrize("facet", FACETS)
def test_what_is_near_is_what_the_page_says(facet):
    words = {*words_on_page(facet), *set().union(*near_on_page(facet))}
    expected = near_on_page(facet)
    for one, other in combinations(sorted(words), 2):
        pair = Attribute(facet, one), Attribute(facet, other)
        assert near(*pair) == near(*reversed(pair)) == (frozenset((one, other)) in expected), (one, other)


@pytest.mark.parametrize("facet", FACETS)
def test_the_code_knows_no_word_that_the_page_does_not(facet):
    on_page = {*words_on_page(facet), *set().union(*near_on_page(facet))}
    assert {word for word, of in lexicon._FACET_OF.items() if of == facet} <= on_page
    if facet == "colour":
        assert [colour.word for colour in colours()] == words_on_page("colour")


def test_other_ways_to_say_a_word_are_those_of_the_page():
    text = section("What it looks like")
    pairs = re.findall(r"`(\w+)` is said as `(\w+)`|`(\w+)` as `(\w+)`", text)
    synonyms = {one or three: two or four for one, two, three, four in pairs}
    assert synonyms == {"wood": "wooden", "golden": "gold", "gray": "grey", "metallic": "metal"}
    for said, meant in synonyms.items():
        assert attribute(said) == attribute(meant) is not None
        assert said in near_words(attribute(meant))


def test_shades_of_the_page():
    assert all(shade in PAGE["colour"][0] for shade in SHADES)
    for shade in SHADES:
        one = attribute(f"{shade} blue")
        assert one == Attribute("colour", f"{shade} blue")
        assert near(one, Attribute("colour", "blue"))
        assert near(one, Attribute("colour", "dark blue"))
        assert near(one, Attribute("colour", "teal"))
        assert not near(one, Attribute("colour", "red"))
    assert attribute("light gray") == Attribute("colour", "light grey")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "light",  # a shade of nothing
        "light wooden",  # of what is no colour
        "light  blue",  # two blanks
        "very light blue",
        "blue light",
        "-patterned",  # a pattern of nothing
        "star -patterned",
        "red,blue-patterned",  # would be read as two things
        "{0}-patterned",
        "Red",  # callers fold
        "redd",
        "röt",
        "\x00",
    ],
)
def test_what_is_no_attribute(text):
    assert attribute(text) is None


def test_any_pattern_can_be_named():
    assert attribute("star-patterned") == Attribute("pattern", "star-patterned")
    assert attribute("polka-dot-patterned") == Attribute("pattern", "polka-dot-patterned")
    assert not near(attribute("heart-patterned"), attribute("star-patterned"))
    assert near(attribute("heart-patterned"), attribute("heart-patterned"))


def test_near_words_begin_with_the_word_itself():
    assert near_words(Attribute("height", "tall")) == ("tall",)
    grey = near_words(Attribute("colour", "light grey"))
    assert grey[0] == "grey"
    assert set(grey) == {"grey", "gray", "silver", "black", "navy"}
    assert "zigzag-patterned" in near_words(Attribute("pattern", "striped"))


def test_little_of_an_object_shows_its_colour_and_material():
    assert frozenset({"colour", "material"}) == COARSE
