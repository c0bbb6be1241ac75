"""Random choices: in range, all of them possible, and the generator's alone."""

from __future__ import annotations

from collections import Counter

from sos_online.refer import Draws
from sos_online.rng import words_generator


def draws(seed: int = 0) -> Draws:
    return Draws(words_generator(seed))


def test_the_same_seed_draws_the_same_over_many_blocks():
    one, other, third = draws(1), draws(1), draws(2)
    numbers = [one.share() for _ in range(1000)]
    assert numbers == [other.share() for _ in range(1000)]
    assert numbers != [third.share() for _ in range(1000)]
    assert all(0 <= number < 1 for number in numbers)
    assert len(set(numbers)) == 1000


def test_every_option_is_as_likely():
    source = draws()
    counts = Counter(source.pick("abcd") for _ in range(4000))
    assert set(counts) == set("abcd")
    assert all(850 < count < 1150 for count in counts.values())
    below = Counter(source.below(3) for _ in range(3000))
    assert set(below) == {0, 1, 2}
    assert all(850 < count < 1150 for count in below.values())


def test_chances():
    source = draws()
    assert not any(source.chance(0) for _ in range(300))
    assert all(source.chance(1) for _ in range(300))
    assert 400 < sum(source.chance(0.25) for _ in range(2000)) < 600


def test_shuffled_is_an_order_of_all_and_leaves_the_options_alone():
    source, options = draws(), (1, 2, 3)
    orders = Counter(tuple(source.shuffled(options)) for _ in range(3000))
    assert options == (1, 2, 3)
    assert len(orders) == 6
    assert all(400 < count < 600 for count in orders.values())
    assert source.shuffled([]) == []
    assert source.shuffled([7]) == [7]
