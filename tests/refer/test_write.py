"""Expressions of one image: how many, of which kinds, about which rows, and the same every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_online.refer import Draws, ExpressionChoice, Facts, ScopeCounts, write_expressions
from sos_online.rng import words_generator
from sos_online.types import EXPRESSION_KINDS, Expression
from sos_online.types.expression import scope_of
from tests.refer.made_up import APPLE, BLUE_MUG, FISH, GIFT_BOX, RED_MUG, Thing, facts_of, scattered

COUNTS = ScopeCounts(one=6, several=3, none=3)
ALL = ExpressionChoice(attribute=COUNTS, position=COUNTS, mixed=COUNTS)


def write(facts: Facts, choice: ExpressionChoice = ALL, seed: int = 0, *, all_known: bool = True) -> list[Expression]:
    return write_expressions(facts, choice, Draws(words_generator(seed)), all_known=all_known)


def check(expressions: Sequence[Expression], rows: int, choice: ExpressionChoice = ALL) -> None:
    """What holds of any image's expressions."""
    texts = [expression["text"] for expression in expressions]
    assert len(set(texts)) == len(texts)
    for expression in expressions:
        assert list(expression) == ["text", "rows", "kind"]
        assert expression["text"] == " ".join(expression["text"].split()) != ""
        assert expression["text"][-1] not in ".,;"
        assert expression["rows"] == sorted(set(expression["rows"]))
        assert set(expression["rows"]) <= set(range(rows))
        assert all(type(row) is int for row in expression["rows"])
    found = Counter((expression["kind"], scope_of(expression)) for expression in expressions)
    for (kind, scope), count in found.items():
        assert count <= getattr(getattr(choice, kind), scope), (kind, scope)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 12, 40])
@pytest.mark.parametrize("all_known", [True, False])
def test_any_number_of_rows(count, all_known):
    for seed in range(5):
        check(write(scattered(count, seed), seed=seed, all_known=all_known), count)


def test_no_row_has_nothing_said_of_it():
    assert write(facts_of([], categories=["mug"])) == []


def test_three_hundred_rows():
    facts = scattered(300, seed=0)
    expressions = write(facts)
    check(expressions, 300)
    assert max(len(expression["rows"]) for expression in expressions) > 20


def test_a_dozen_objects_have_all_that_was_asked_for():
    found = Counter()
    for seed in range(10):
        for expression in write(
            scattered(12, seed, sorts=(RED_MUG, BLUE_MUG, GIFT_BOX, FISH, APPLE, Thing("car"))), seed=seed
        ):
            found[expression["kind"], scope_of(expression)] += 1
    assert len(found) == 9
    assert sum(found.values()) > 0.8 * 10 * 3 * 12


def test_the_same_numbers_say_the_same():
    facts = scattered(12, seed=0)
    assert write(facts, seed=5) == write(facts, seed=5) == write(scattered(12, seed=0), seed=5)
    assert write(facts, seed=5) != write(facts, seed=6)


@pytest.mark.parametrize("kind", EXPRESSION_KINDS)
@pytest.mark.parametrize("scope", ["one", "several", "none"])
def test_each_kind_alone(kind, scope):
    none = ScopeCounts(one=0, several=0, none=0)
    counts = {"attribute": none, "position": none, "mixed": none, kind: none.model_copy(update={scope: 4})}
    choice = ExpressionChoice(**counts)
    found = [expression for seed in range(4) for expression in write(scattered(12, seed), choice, seed)]
    assert found
    assert {(expression["kind"], scope_of(expression)) for expression in found} == {(kind, scope)}
    for seed in range(4):
        check(write(scattered(12, seed), choice, seed), 12, choice)


def test_nothing_asked_for_is_nothing_said():
    none = ScopeCounts(one=0, several=0, none=0)
    assert write(scattered(12, 0), ExpressionChoice(attribute=none, position=none, mixed=none)) == []


def test_a_hundred_of_each():
    counts = ScopeCounts(one=100, several=100, none=100)
    choice = ExpressionChoice(attribute=counts, position=counts, mixed=counts)
    expressions = write(scattered(12, 0), choice)
    check(expressions, 12, choice)
    assert len(expressions) > 200


class TestMeagreWords:
    """What can be said where little is known."""

    boxes = ((10, 10, 60, 60), (300, 40, 380, 120), (500, 300, 600, 400))

    def said(self, things: Sequence[Thing], **options: Any) -> list[Expression]:
        found = [expression for seed in range(6) for expression in write(facts_of(things), seed=seed, **options)]
        for seed in range(6):
            check(write(facts_of(things), seed=seed, **options), len(things))
        return found

    def test_all_the_same_noun(self):
        found = self.said([Thing("mug", box=box) for box in self.boxes])
        assert {expression["kind"] for expression in found if len(expression["rows"]) == 1} >= {"position"}

    def test_all_the_same_in_every_way(self):
        found = self.said([RED_MUG] * 3)
        assert all(len(expression["rows"]) != 1 for expression in found)

    def test_no_words_but_names(self):
        found = self.said([Thing(name, box=box) for name, box in zip(("mug", "car", "vase"), self.boxes, strict=True)])
        assert {scope_of(expression) for expression in found} == {"one", "several", "none"}

    def test_names_that_cannot_be_said(self):
        assert self.said([Thing("12", box=box) for box in self.boxes]) == []

    def test_one_name_that_cannot_be_said_puts_all_others_in_doubt(self):
        found = self.said([RED_MUG._replace(box=self.boxes[0]), Thing("12", box=self.boxes[1])], all_known=False)
        assert all(1 not in expression["rows"] for expression in found)
        assert "the mug" not in {expression["text"] for expression in found}

    def test_two_categories_of_one_name(self):
        assert self.said([Thing("bow_(weapon)", box=self.boxes[0]), Thing("bow_(knot)", box=self.boxes[1])]) == []

    def test_plural_names(self):
        found = self.said([Thing("scissors", box=box) for box in self.boxes])
        assert not [text for expression in found if " scissors" in (text := expression["text"]) and "two" in text]

    def test_names_and_words_with_braces(self):
        things = [
            Thing("{0} mug", box=box, features="red, {1} ribbon", phrase="a red {0} mug %s {}") for box in self.boxes
        ]
        assert any("{0} mug" in expression["text"] for expression in self.said(things))


def test_things_are_not_said_where_a_photo_may_show_more():
    for seed in range(10):
        for expression in write(scattered(12, seed), seed=seed, all_known=False):
            words = set(expression["text"].split())
            assert not words & {"thing", "things", "object", "objects", "item", "items", "everything"}


@settings(max_examples=30)
@given(st.data())
def test_any_objects_at_all(data: Any):
    names = st.sampled_from(
        ["mug", "mugs", "coffee mug", "fish", "scissors", "fork and knife", "", "12", "Äpfel", "x(y)"]
    )
    words = st.sampled_from(["", "red", "red, striped", "dark blue, white ribbon", "{}, \x00", "mug", "cherry on top"])
    phrases = st.sampled_from(["", "a mug", "red mug", "the blue mug with dots", "mug. mug", "{mug}"])
    boxes = st.tuples(st.integers(0, 300), st.integers(0, 200), st.integers(1, 300), st.integers(1, 200)).map(
        lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
    )
    visible = st.sampled_from([0.01, 0.35, 0.6, 0.8, 1.0])
    thing = st.tuples(names, boxes, phrases, words, st.just(""), visible).map(lambda given: Thing(*given))
    things = data.draw(st.lists(thing, max_size=10))
    check(
        write(facts_of(things), seed=data.draw(st.integers(0, 2**62)), all_known=data.draw(st.booleans())), len(things)
    )


def test_counts_are_checked():
    assert ExpressionChoice().attribute == ScopeCounts(one=6, several=3, none=0)
    for wrong in (-1, 101, "many"):
        with pytest.raises(pydantic.ValidationError):
            ScopeCounts(one=wrong)
    with pytest.raises(pydantic.ValidationError):
        ExpressionChoice(colour=ScopeCounts())
