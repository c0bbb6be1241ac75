"""Names as nouns: how English bends them, and which may mean the same thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.refer import SpokenNames
from sos_online.refer.kinds import KINDS
from sos_online.refer.nouns import noun, share_a_word, spoken, with_article, words_in

PLURALS = [
    ("mug", "mugs"),
    ("gift box", "gift boxes"),
    ("bus", "buses"),
    ("wine glass", "wine glasses"),
    ("knife", "knives"),
    ("cherry", "cherries"),
    ("toy", "toys"),
    ("flamingo", "flamingos"),
    ("tomato", "tomatoes"),
    ("fish", "fish"),  # the same
    ("sheep", "sheep"),
    ("mouse", "mice"),
    ("tooth", "teeth"),
    ("map of Japan", "maps of Japan"),  # the head stands before "of"
    ("man in tuxedo", "men in tuxedo"),
    ("face with tongue", "faces with tongue"),
    ("person walking", "person walkings"),  # nothing tells a participle from a noun
    ("T-shirt", "T-shirts"),
    ("SUV", "SUVs"),
    ("UFO", "UFOs"),
    ("BUS", "BUSES"),
    ("of mice", None),  # no head before the preposition: plural itself
]


@pytest.mark.parametrize(("name", "many"), PLURALS)
def test_plurals(name, many):
    bent = noun(name)
    assert (bent.name, bent.folded) == (name, name.lower())
    if many is None:
        assert bent.is_plural
        assert not bent.many
    else:
        assert not bent.is_plural
        assert bent.many == many


@pytest.mark.parametrize("name", ["scissors", "socks", "jeans", "skis", "people", "pair of scissors"])
def test_names_that_are_plural_themselves(name):
    assert noun(name).is_plural == (name not in ("pair of scissors",))


@pytest.mark.parametrize("name", ["bus", "glass", "cactus", "tennis", "lens", "gas", "us", "boss", "chef's"])
def test_names_that_only_look_plural(name):
    assert not noun(name).is_plural


@pytest.mark.parametrize("name", ["rice", "bread", "fork and knife"])
def test_names_without_a_plural(name):
    bent = noun(name)
    assert not bent.is_plural
    assert not bent.many


@pytest.mark.parametrize("name", ["fog", "white bread", "money with wings", "toilet paper", "DNA", "fur"])
def test_names_that_are_not_counted(name):
    assert noun(name).is_uncounted
    assert not noun(name).many


@pytest.mark.parametrize("name", ["mug", "fork and knife", "ice cream", "bread knife", "loaf of bread", "fruit"])
def test_names_that_are_counted(name):
    assert not noun(name).is_uncounted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mug", "a mug"),
        ("apple", "an apple"),
        ("red apple", "a red apple"),
        ("orange fish", "an orange fish"),
        ("hour glass", "an hour glass"),
        ("unicorn", "a unicorn"),
        ("umbrella", "an umbrella"),
        ("X-ray", "an X-ray"),
        ("SUV", "an SUV"),
        ("LED lamp", "an LED lamp"),
        ("led lamp", "a led lamp"),  # read as a word
        ("UFO", "a UFO"),
        ("LEGO brick", "a LEGO brick"),
        ("8 ball", "an 8 ball"),
        ("8-ball", "an 8-ball"),
        ("18 wheeler", "an 18 wheeler"),
        ("180 degree turn", "a 180 degree turn"),
        ("7 ball", "a 7 ball"),
        ("usher", "an usher"),
        ("user", "a user"),
    ],
)
def test_articles(text, said):
    assert with_article(text) == said


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("", ""),  # nothing
        ("12 34", ""),  # no letter
        ("___", ""),
        ("❤", ""),
        ("(mug)", ""),  # all of it in parentheses
        ("mug", "mug"),
        ("wine_glass", "wine glass"),
        ("bow_(decorative_ribbons)", "bow"),
        ("bow (weapon) long", "bow long"),
        (" hot \t dog\n", "hot dog"),
        ("T-Rex", "T-Rex"),
        ("чашка", "чашка"),
        ("x" * 60, "x" * 60),
        ("x" * 61, ""),  # nobody would say it
    ],
)
def test_how_a_category_is_said(category, name):
    assert spoken(category) == name


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("mug", "mug", True),
        ("mug", "mugs", True),  # plural s aside
        ("coffee mug", "mug", True),
        ("teddy bear", "bear", True),
        ("mug", "smug", False),
        ("tv", "tv set", False),  # two letters
        ("cat", "dog", False),
        ("face with tongue", "man with hat", False),  # "with" means nothing
        ("the mug", "the car", False),
        ("", "mug", False),
    ],
)
def test_names_that_may_mean_the_same(one, other, shared):
    assert share_a_word(one, other) is share_a_word(other, one) is shared


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "  "),
        ("A Mug.", " a mug "),
        ("polka-dot", " polka dot "),
        ("wine_glass", " wine glass "),
        ("«été»", " été "),
    ],
)
def test_words_of_a_text(text, words):
    assert words_in(text) == words


class TestSpokenNames:
    names = SpokenNames(["mug", "wine_glass", "bear", "teddy bear", "bow_(weapon)", "bow_(knot)", "12", "car"])

    def test_of(self):
        assert [self.names.of(category) for category in (1, 2, 5, 7)] == ["mug", "wine glass", "bow", ""]
        assert len(self.names) == 8

    def test_kinds_of_a_library(self):
        told = SpokenNames(
            ["saw", "Hammer", "tram", "grapes", "plate"], ["tools", "Tool", "vehicle", "fruit", "kitchen"]
        )
        assert SpokenNames(["saw"]).kinds == KINDS
        assert told.kinds == ("fruit", "vehicle", "tool", "animal", "appliance")
        assert [told.supercategory(name) for name in ("saw", "hammer", "plate", "axe")] == [
            "tool",
            "tool",
            "kitchen",
            "",
        ]
        assert [told.is_kind(name, "tool") for name in ("saw", "tram", "plate")] == [True, None, None]
        assert [told.is_kind("grapes", kind) for kind in ("fruit", "vehicle")] == [None, False]  # not one fruit
        assert told.akin("saw") == [["saw", "Hammer"]]
        assert told.akin("tram") == told.akin("plate") == told.akin("axe") == []

    def test_those_of_one_name_must_agree(self):
        names = SpokenNames(["bow_(weapon)", "bow_(knot)", "bat_(a)", "bat_(b)"], ["weapon", "", "animal", "animal"])
        assert [names.supercategory(name) for name in ("bow", "bat")] == ["", "animal"]

    def test_a_name_that_is_a_kind_here(self):
        names = SpokenNames(["bird", "heron", "plate", "tram"], ["animal", "bird", "kitchen", "vehicle"])
        assert [names.may_be(name, "bird") for name in ("heron", "plate", "tram")] == [True, True, False]
        without = SpokenNames(["bird", "cat", "heron"])  # where birds are a category and no kind
        assert without.may_be("heron", "bird")
        assert not without.may_be("cat", "bird")  # which the table knows
        assert [names.is_for_kind(word) for word in ("bird", "tool", "plate", "kitchen")] == [True, True, False, False]
        assert not SpokenNames(["tool"]).is_for_kind("tool")

    def test_shared_names(self):
        assert self.names.is_shared("bow")
        assert not self.names.is_shared("mug")
        assert not self.names.is_shared("")
        assert not self.names.is_shared("no category")

    @pytest.mark.parametrize(
        ("text", "own", "found"),
        [
            ("", "mug", False),
            ("a red mug", "mug", False),  # its own name
            ("a red mug", "bear", True),
            ("a mug with a bear on it", "mug", True),
            ("two bears", "mug", True),  # in the plural
            ("a wine glass", "mug", True),  # of two words
            ("a glass", "mug", False),  # half a name
            ("a brown teddy bear", "teddy bear", False),  # bear is a part of its own name
            ("a brown teddy bear", "bear", True),
            ("a card", "mug", False),  # no car
            ("a crossbow", "mug", False),
            ("BOW!", "mug", True),
            ("12", "mug", False),  # nobody says that
        ],
    )
    def test_other_names_in_a_text(self, text, own, found):
        assert self.names.other_name_in(text, own) is found
        assert self.names.other_name_in(text, own) is found  # once more, as remembered

    def test_of_no_category(self):
        none = SpokenNames([])
        assert len(none) == 0
        assert not none.other_name_in("a mug", "mug")
        assert not none.is_shared("mug")


@given(st.text(max_size=80))
def test_any_name_can_be_bent(text):
    name = spoken(text)
    if not name:
        return
    bent = noun(name)
    assert bent.name == name
    assert not (bent.is_plural and bent.many)
    assert with_article(name).endswith(f" {name}")
    assert with_article(name).partition(" ")[0] in ("a", "an")
    assert share_a_word(name.lower(), name.lower()) in (True, False)


@pytest.mark.parametrize("name", ["thing", "Objects", "item", "one", "everything", "nothing"])
def test_words_for_anything_are_no_names(name):
    assert spoken(name) == ""
