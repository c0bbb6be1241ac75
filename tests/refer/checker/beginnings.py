"""How a plural may begin."""

from __future__ import annotations

from tests.refer.checker.words import NUMBERS


def _plural_beginnings() -> list[tuple[tuple[str, ...], int]]:
    """How a plural may begin, and the number that it names."""
    plain = ["the", "all the", "all", ""]
    both = ["both", "both the"]
    numbered = []
    for number in range(2, 100):
        for word in {str(number), *NUMBERS[number - 1 : number]}:
            numbered += [(start + word, number) for start in ("the ", "all ", "all the ", "")]
    texts = [(text, 0) for text in plain] + [(text, 2) for text in both] + numbered
    return [(tuple(text.split()), number) for text, number in texts]


PLURAL_BEGINNINGS = _plural_beginnings()
