"""What a library's words say of one object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_online.refer import object_words
from sos_online.refer.lexicon import Attribute, attribute
from sos_online.types import Words


def words_of(category: str = "mug", phrase: str = "", features: str = "", description: str = "") -> object:
    given = tuple(feature.strip() for feature in features.split(",") if feature.strip())
    return object_words(category, Words(short_phrase=phrase, features=given, description=description))


def looks(*words: str) -> tuple[Attribute | None, ...]:
    return tuple(map(attribute, words))


def test_no_words_at_all():
    words = object_words("mug", Words())
    assert (words.name, words.folded, words.phrase) == ("mug", "mug", "")
    assert words.stated == {}
    assert words.parts == words.before_noun == ()
    assert words.mentions == " mug "
    assert words.says_of(attribute("red")) is None


def test_attributes_come_from_features_and_from_before_the_noun():
    words = words_of(phrase="A large dark blue mug with red dots", features="Striped, glossy,  light  grey ,nonsense")
    assert words.stated == {
        "pattern": looks("striped"),
        "surface": looks("glossy"),
        "colour": looks("light grey", "dark blue", "blue"),
    }
    assert words.before_noun == looks("dark blue", "blue")  # red stands behind the noun
    assert words.phrase == "large dark blue mug with red dots"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("red", True),
        ("glossy", True),
        ("yellow", False),
        ("green", None),  # near blue, which is mentioned
        ("dark red", None),  # a shade of what it is
        ("maroon", None),  # near
        ("blue", None),  # the description mentions it
        ("navy", None),  # near what is mentioned
        ("wooden", None),  # nothing is said of its material
        ("matte", False),
        ("tall", None),
    ],
)
def test_what_is_said_of_an_attribute(asked, answer):
    words = words_of(features="red, glossy", description="It has a blue handle.")
    assert words.says_of(attribute(asked)) is answer
    assert words.says_of(attribute(asked)) is answer  # as remembered


def test_another_way_to_say_it_is_a_mention_too():
    assert words_of(features="wooden", description="looks golden and woodish").says_of(attribute("metal")) is False
    assert words_of(features="red", description="gray inside").says_of(attribute("grey")) is None
    assert words_of(features="red", description="silvery").says_of(attribute("silver")) is None  # it begins like that


@pytest.mark.parametrize(
    ("feature", "head", "first"),
    [
        ("white ribbon", "ribbon", "white"),
        ("White  Ribbon", "ribbon", "white"),
        ("small white ribbon", None, None),  # size is no attribute
        ("white silk ribbon", "ribbon", "white"),
        ("cherry on top", "cherry", None),
        ("red cherry on top", "cherry", "red"),
        ("ribbon", None, None),  # one word
        ("light blue", None, None),  # an attribute
        ("white and red", None, None),  # ends in an attribute
        ("white ribbon with small red dots", None, None),  # too long
        ("white r1bbon", None, None),  # not letters alone
        ("on top", None, None),
        ("{white} ribbon", None, None),
    ],
)
def test_parts(feature, head, first):
    parts = words_of(features=feature).parts
    if head is None:
        assert parts == ()
        return
    (part,) = parts
    assert (part.text, part.head) == (" ".join(feature.lower().split()), head)
    assert part.first == (None if first is None else attribute(first))


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("", ""),
        ("a red mug", "red mug"),
        ("The Red Mug", "Red Mug"),
        ("red mug", "red mug"),
        ("a cup", ""),  # does not name its category
        ("a smug cup", ""),
        ("a red mug.", ""),  # would end an expression
        ("a red mug, blue", ""),
        ("a mug " + "very " * 20, ""),  # too long to be said
        ("a\nred\tmug", "red mug"),
        ("an", ""),
    ],
)
def test_phrases(phrase, said):
    assert words_of(phrase=phrase).phrase == said


def test_every_word_is_a_mention_of_the_category_too():
    words = object_words(
        "musk_ox (big)",
        Words(sub_category="Bull", short_phrase="a T-Rex", description="50% wool!", features=("horns",)),
    )
    assert words.mentions == " musk ox big bull a t rex 50 wool horns "


text = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("{}%\\\x00\n a,;")), max_size=60)


@given(
    text,
    st.builds(
        Words, sub_category=text, description=text, short_phrase=text, features=st.lists(text, max_size=4).map(tuple)
    ),
)
def test_any_words_can_be_taken_apart(category, words):
    known = object_words(category, words)
    assert known.folded == known.name.lower()
    assert all(one.facet == facet for facet, stated in known.stated.items() for one in stated)
    assert set(known.before_noun) <= {one for stated in known.stated.values() for one in stated}
    assert known.says_of(attribute("red")) in (True, False, None)


def test_huge_words():
    huge = Words(description="blue " * 200_000, short_phrase="red " * 100_000 + "mug", features=("x" * 1_000_000,) * 3)
    known = object_words("mug", huge)
    assert known.phrase == ""
    assert known.parts == ()
    assert known.says_of(attribute("red")) is None


@pytest.mark.parametrize(
    ("phrase", "name", "stated"),
    [
        ("a white dog on a chair", "chair", set()),  # the dog is white
        ("a not red mug", "mug", set()),  # denied
        ("an orange juice stand next to a red car", "car", {"red"}),  # the stand is orange
        ("a red and white ball", "ball", {"red", "white"}),
        ("a red and striped ball", "ball", {"red", "striped"}),
        ("a dog on a red and striped ball", "ball", {"red", "striped"}),
        ("a tan and white dog", "dog", set()),  # tan may be a colour
        ("a tan and striped white dog", "dog", {"striped"}),
        ("a red or white ball", "ball", set()),  # of neither is it known
        ("a saucer and a white mug", "mug", {"white"}),
        ("a light blue frosted cupcake", "cupcake", {"light blue", "blue"}),  # a word that says nothing between
        ("a glossy red mug", "mug", {"glossy", "red"}),
    ],
)
def test_only_what_is_said_of_the_noun_counts(phrase: str, name: str, stated: set[str]) -> None:
    words = object_words(name, Words(short_phrase=phrase))
    assert {one.word for facet in words.stated.values() for one in facet} == stated
    assert bool(words.phrase) == (phrase in ("a light blue frosted cupcake", "a glossy red mug"))


@pytest.mark.parametrize(
    ("phrase", "features", "undecided"),
    [
        ("a black and white mug", "", {"black", "white"}),
        ("a black and white mug", "white", {"black", "white"}),
        ("a black white mug", "", {"black", "white"}),
        ("a mug", "black, white", {"black", "white"}),
        ("a blue and green mug", "", {"blue", "green"}),  # though they are near each other
        ("a tan and white mug", "white", {"white", "brown", "beige", "red"}),
        ("a black or white mug", "black", {"black", "white", "red"}),
    ],
)
def test_of_two_colours_neither_is_decided(phrase: str, features: str, undecided: set[str]) -> None:
    words = words_of(phrase=phrase, features=features)
    assert {word: words.says_of(attribute(word)) for word in undecided} == dict.fromkeys(undecided)


def test_a_shade_is_no_second_colour() -> None:
    words = words_of(phrase="a light blue mug", features="dark blue")
    assert words.says_of(attribute("blue")) is True
    assert words_of(phrase="a black and white mug").says_of(attribute("yellow")) is False
