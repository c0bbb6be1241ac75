"""Expressions of an entry: what it refuses, and which stand on the contact sheet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sos_online.cli.gallery import GalleryExpression, contact_sheet
from sos_online.cli.gallery.colours import instance_colours
from sos_online.cli.gallery.entry import EXPRESSION_KINDS
from sos_online.cli.gallery.sheet_expressions import shown_expressions
from sos_online.types import expression as contract
from tests.cli.gallery.test_sheet import entry_of_squares


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (GalleryExpression(" \n", (0,), "mixed"), r"text must be words, not ' \\n'"),
        (GalleryExpression("the cup", (0,), "colour"), "kind must be one of attribute, position, mixed, not 'colour'"),
        (GalleryExpression("the cup", (2,), "mixed"), r"rows are \[2\], but there are 2 objects, numbered from 0"),
        (GalleryExpression("the cup", (-1, 0), "mixed"), r"rows are \[-1, 0\]"),
        (GalleryExpression("the cups", (1, 0), "mixed"), r"ascending, each once, not \[1, 0\]"),
        (GalleryExpression("the cups", (1, 1), "mixed"), r"ascending, each once, not \[1, 1\]"),
        (GalleryExpression("the cup", (1.0,), "mixed"), r"whole numbers, ascending, each once, not \[1.0\]"),
        (GalleryExpression("the cup", (True,), "mixed"), r"whole numbers, ascending, each once, not \[True\]"),
    ],
)
def test_an_expression_that_does_not_fit_its_picture_is_refused(expression: GalleryExpression, message: str) -> None:
    entry = entry_of_squares(80, 60, [(0, 0, 20), (40, 0, 20)])
    good = GalleryExpression("the cups", (0, 1), "attribute")
    assert replace(entry, expressions=(good, GalleryExpression("no cup", (), "mixed"))).expressions[0] is good
    with pytest.raises(ValueError, match=rf"sample 0: expressions\[1\]: .*{message}"):
        replace(entry, expressions=(good, expression))


def test_kinds_are_those_of_the_contract() -> None:
    assert EXPRESSION_KINDS == contract.EXPRESSION_KINDS


def test_a_sheet_says_two_expressions_beside_the_colours_of_their_objects() -> None:
    plain = entry_of_squares(80, 60, [(5, 5, 20), (30, 30, 20), (55, 5, 20)])
    expressions = (
        GalleryExpression("no zebra", (), "attribute"),
        GalleryExpression("the first two", (0, 1), "attribute"),
        GalleryExpression("the third", (2,), "attribute"),
    )
    entry = replace(plain, expressions=expressions)
    assert shown_expressions(entry) == [expressions[1], expressions[2]]
    bare, worded = (contact_sheet([each], tile=160) for each in (plain, entry))
    lines = worded[-(worded.shape[0] - bare.shape[0]) - 16 : -8]
    colours = [tuple(map(int, colour)) for colour in instance_colours(3)]
    found = [colour for row in lines[:, 17] if (colour := tuple(map(int, row))) in colours]
    assert list(dict.fromkeys(found)) == colours, "down the left edge, in the order of the lines"
    shares = [found.count(colour) for colour in colours]
    assert abs(shares[0] - shares[1]) <= 1
    assert abs(shares[0] + shares[1] - shares[2]) <= 1
    np.testing.assert_array_equal(worded[: bare.shape[0] - 30], bare[:-30])


def test_a_sheet_prefers_expressions_that_mean_something_and_of_different_kinds() -> None:
    plain = entry_of_squares(80, 60, [(5, 5, 20)])
    texts = {"none": ((), "position"), "one": ((0,), "mixed"), "two": ((0,), "mixed"), "three": ((0,), "attribute")}
    worded = [GalleryExpression(text, rows, kind) for text, (rows, kind) in texts.items()]

    def chosen(*numbers: int) -> list[str]:
        return [each.text for each in shown_expressions(replace(plain, expressions=tuple(worded[n] for n in numbers)))]

    assert chosen() == []
    assert chosen(0) == ["none"]
    assert chosen(0, 1) == ["one", "none"]
    assert chosen(0, 1, 2) == ["one", "two"]
    assert chosen(0, 1, 2, 3) == ["three", "one"]


def test_expressions_change_nothing_where_objects_are_not_marked_or_there_are_none() -> None:
    plain = entry_of_squares(80, 60, [(5, 5, 20)])
    worded = replace(plain, expressions=(GalleryExpression("the square", (0,), "attribute"),))
    sheets = [contact_sheet([entry], tile=160, overlay=False) for entry in (plain, worded)]
    np.testing.assert_array_equal(*sheets)
    beside = contact_sheet([plain, worded], tile=160, columns=2)
    assert beside.shape[0] > contact_sheet([plain, plain], tile=160, columns=2).shape[0], "cards stay of one height"


@pytest.mark.parametrize("tile", [64, 320])
def test_expressions_of_any_length_stay_on_their_card(tile: int) -> None:
    plain = entry_of_squares(160, 160, [(x, y, 7) for y in range(0, 160, 8) for x in range(0, 160, 8)])
    texts = ("a phrase that goes on and on " * 50, "two\nlines\t</script>\ud800")
    everything = tuple(range(len(plain.objects)))
    entry = replace(plain, expressions=tuple(GalleryExpression(text, everything, "mixed") for text in texts))
    sheet = contact_sheet([entry], tile=tile)
    margin = max(8, tile // 20)
    paper = np.unique(sheet[:, : margin - 1].reshape(-1, 3), axis=0)
    for edge in (sheet[:, -margin + 1 :], sheet[-margin + 1 :]):
        np.testing.assert_array_equal(np.unique(edge.reshape(-1, 3), axis=0), paper)
