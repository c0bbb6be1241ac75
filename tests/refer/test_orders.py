"""Phrases by order and by size: the second from the left, the largest, the larger of the two."""

from __future__ import annotations

import pytest

from sos_online.refer import Draws
from sos_online.refer.attribute_phrases import by_size, not_like, two_words
from sos_online.refer.extent import Extent
from sos_online.refer.lexicon import attribute
from sos_online.refer.naming import Naming
from sos_online.refer.orders import by_order, first_ones, number_from, too_far
from sos_online.refer.phrase import Phrase
from sos_online.rng import words_generator
from tests.refer.made_up import BLUE_MUG, FISH, RED_MUG, Thing, facts_of


def draws(seed: int = 0) -> Draws:
    return Draws(words_generator(seed))


class TestOrders:
    # mugs at 10, 100, 200 and 203; the last two are not decidedly in order
    naming = Naming(
        facts_of(
            [Thing("mug", box=(x, 10, x + 40, 50)) for x in (100, 10, 200, 203)]
            + [Thing("car", box=(300, 300, 350, 350))]
        ),
        all_known=True,
    )
    three = 0b0111

    @pytest.mark.parametrize(
        ("rows", "row", "side", "number"),
        [
            (0b0111, 1, "left", 1),
            (0b0111, 0, "left", 2),
            (0b0111, 2, "left", 3),
            (0b0111, 2, "right", 1),
            (0b0111, 0, "top", None),  # all at the same height
            (0b1111, 1, "left", 1),
            (0b1111, 2, "left", None),  # not decided
            (0b1111, 3, "right", None),
            (0b1111, 0, "left", 2),
            (0b0001, 0, "left", 1),
        ],
    )
    def test_places_in_the_order(self, rows, row, side, number):
        assert number_from(self.naming.facts, rows, row, side) == number

    def base(self, rows: int) -> Phrase:
        return self.naming.by_name(0)._replace(extent=Extent(rows, 0))

    def test_of_one_and_of_undecided_ones_there_is_no_order(self):
        assert by_order(self.naming, self.base(0b1), 0, draws()) is None
        doubtful = self.base(0b111)._replace(extent=Extent(0b111, 0b1000))
        assert by_order(self.naming, doubtful, 0, draws()) is None

    def test_by_order(self):
        source = draws()
        texts = set()
        for _ in range(200):
            phrase = by_order(self.naming, self.base(0b0111), 0, source)
            assert phrase.extent.means(0b1)
            texts.add((phrase.first, phrase.behind))
        assert texts == {("second", "from the left"), ("second", "from the right")}

    def test_the_first_from_an_end_is_the_outermost(self):
        source = draws()
        found = [by_order(self.naming, self.base(0b0111), 1, source).first for _ in range(300)]
        assert found.count("leftmost") > 60  # it is the third from the right as well
        assert found.count("first") < 0.06 * len(found)

    def test_what_is_not_counted_has_no_order(self):
        breads = [Thing("bread", box=(x, 10, x + 40, 50)) for x in (10, 100, 200)]
        naming = Naming(facts_of(breads), all_known=True)
        assert by_order(naming, naming.by_name(0), 0, draws()) is None

    def test_the_two_leftmost(self):
        source = draws()
        found = {
            phrase for _ in range(200) if (phrase := first_ones(self.naming, self.base(0b0111), source)) is not None
        }
        assert {(phrase.first.split()[0], phrase.extent.true) for phrase in found} == {("two", 0b011), ("two", 0b101)}

    def test_one_too_many(self):
        phrase = too_far(self.naming, self.base(0b0111), draws())
        assert phrase.first == "fourth"
        assert phrase.extent.means(0)
        assert too_far(self.naming, self.base(0b1111), draws()) is None  # nobody counts that far


class TestSizes:
    naming = Naming(facts_of([Thing("mug", box=(0, 0, side, side)) for side in (20, 40, 80)]), all_known=True)

    @pytest.mark.parametrize(
        ("row", "rows", "words"),
        [
            (2, 0b111, {"largest", "biggest"}),
            (0, 0b111, {"smallest"}),
            (1, 0b111, set()),
            (1, 0b011, {"larger", "bigger"}),
            (0, 0b011, {"smaller"}),
            (0, 0b001, set()),
        ],
    )
    def test_superlatives(self, row, rows, words):
        base = self.naming.by_name(0)._replace(extent=Extent(rows, 0))
        source, found = draws(), set()
        for _ in range(100):
            phrase = by_size(self.naming, row, base, source)
            if phrase is not None:
                assert phrase.extent.means(1 << row)
                assert phrase.definite  # no "smaller car" without an article
                found.add(phrase.first or phrase.whole.split()[0])
        assert found == words

    def test_two_words_and_not(self):
        naming = Naming(facts_of([RED_MUG, BLUE_MUG, FISH]), all_known=True)
        phrase = two_words(naming, 0, naming.by_name(0), draws())
        assert phrase.extent.true & 1
        assert phrase.joint == "that is"
        assert not_like(naming, naming.by_name(0), attribute("striped")).extent == (0b001, 0)
        duck = Thing("rubber duck", features="yellow, rubber")
        ducks = Naming(facts_of([duck, duck._replace(features="red, latex")]), all_known=True)
        assert not_like(ducks, ducks.by_name(0), attribute("rubber")) is None  # no rubber duck is not rubber
        assert not_like(ducks, ducks.by_name(0), attribute("yellow")).behind == "not yellow"
        assert not_like(ducks, ducks.by_name(0), attribute("latex")).behind == "not made of latex"
        nothing_said = Naming(facts_of([Thing("mug")]), all_known=True)
        assert two_words(nothing_said, 0, nothing_said.by_name(0), draws()) is None


def test_a_name_that_counts_is_not_counted():
    facts = facts_of([Thing("first quarter moon", (10 + 90 * n, 10, 50 + 90 * n, 50)) for n in range(4)])
    naming, draws = Naming(facts, all_known=True), Draws(words_generator(1))
    assert all(by_order(naming, naming.by_name(row), row, draws) is None for row in range(4))
    assert first_ones(naming, naming.by_name(0), draws) is None
