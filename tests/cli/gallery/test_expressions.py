"""Expressions on the page: what pointing at them, the keyboard and a click light up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sos_online.cli.gallery import write_gallery
from tests.cli.gallery.conftest import (
    HOSTILE,
    ROOM,
    ROWS_OF,
    drawn,
    highlighted,
    lit,
    open_large,
    option,
    options,
    overlay,
    point_at,
    room,
)


def test_pointing_at_an_expression_lights_exactly_its_objects(open_worded) -> None:
    page = open_worded()
    frame = drawn(page, ROOM)
    assert lit(frame) is None
    for text, rows in ROWS_OF.items():
        option(page, text, ROOM).hover()
        assert lit(frame) == rows, text
        page.mouse.move(0, 0)
        assert lit(frame) is None, text
    other = overlay(drawn(page, HOSTILE))
    option(page, "the jar", ROOM).hover()
    assert overlay(drawn(page, HOSTILE)) == other, "only the picture that the expression is about"


def test_the_large_view_lights_the_objects_and_their_rows(open_worded) -> None:
    page = open_worded()
    frame = open_large(page, ROOM)
    for text, rows in ROWS_OF.items():
        option(page, text).hover()
        assert lit(frame) == rows, text
        assert set(highlighted(page)) == rows, text
    page.mouse.move(0, 0)
    assert lit(frame) is None
    assert highlighted(page) == []


@pytest.mark.parametrize("in_grid", [True, False])
def test_the_keyboard_reaches_every_expression_by_one_stop(open_worded, in_grid: bool) -> None:
    page = open_worded()
    number = ROOM if in_grid else None
    frame = drawn(page, ROOM) if in_grid else open_large(page, ROOM)
    texts = options(page, number).locator(".words").all_text_contents()
    (frame if in_grid else page.locator("#large-close")).focus()
    assert lit(frame) is None
    page.keyboard.press("Tab")
    for text in texts:
        assert page.evaluate("document.activeElement.querySelector('.words').textContent") == text
        assert lit(frame) == ROWS_OF[text], text
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    assert lit(frame) == ROWS_OF[texts[0]]
    page.keyboard.press("End")
    assert lit(frame) == ROWS_OF[texts[-1]]
    page.keyboard.press("Tab")
    assert lit(frame) == (None if in_grid else {0}), "in the large view, the row of the first object is next"
    assert not page.evaluate("document.activeElement.matches('[role=option]')")
    page.keyboard.press("Shift+Tab")
    assert lit(frame) == ROWS_OF[texts[-1]], "back where the list was left"


def test_a_click_keeps_the_objects_lit_until_the_next(open_worded) -> None:
    page = open_worded()
    frame = open_large(page, ROOM)
    ends, jar = option(page, "the two things at the ends"), option(page, "the jar")
    ends.click()
    page.mouse.move(0, 0)
    assert lit(frame) == {0, 3}
    assert ends.get_attribute("aria-selected") == "true"
    jar.hover()
    assert lit(frame) == {2}
    page.mouse.move(0, 0)
    assert lit(frame) == {0, 3}
    point_at(page, frame, room(), 75, 35)
    assert lit(frame) == {1}
    point_at(page, frame, room(), 100, 70)
    assert lit(frame) == {0, 3}
    jar.click()
    page.mouse.move(0, 0)
    assert (lit(frame), ends.get_attribute("aria-selected")) == ({2}, "false")
    jar.click()
    page.mouse.move(0, 0)
    assert lit(frame) is None
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator("[aria-selected=true]").count() == 1
    assert lit(frame) is not None


def test_an_expression_that_means_nothing_says_so(open_worded) -> None:
    page = open_worded()
    frame = open_large(page, ROOM)
    zebra = option(page, "the zebra")
    assert zebra.locator(".scope").inner_text() == "nothing here"
    assert zebra.locator(".colours span").count() == 0
    zebra.hover()
    assert lit(frame) == set()
    assert highlighted(page) == []
    assert page.get_by_text("nothing here").count() == 3  # here, and the same in the grid with that of another picture


def test_pointing_at_an_object_marks_the_expressions_that_mean_it(open_worded) -> None:
    page = open_worded()
    frame = drawn(page, ROOM)
    point_at(page, frame, room(), 75, 35)
    marked = page.locator(".tile .marked .words")
    assert marked.all_text_contents() == ["all of the cups", "whatever stands here"]
    page.mouse.move(0, 0)
    assert marked.count() == 0
    open_large(page, ROOM)
    page.locator("#large-objects button").nth(2).hover()
    assert page.locator("#large .marked .words").all_text_contents() == ["the jar", "whatever stands here"]


def test_what_a_click_keeps_lit_is_so_again_after_scrolling_away(open_page, tmp_path: Path) -> None:
    path = tmp_path / "many.html"
    write_gallery(path, (replace(room(), title=f"sample {index}") for index in range(60)), "many")
    page = open_page(path, width=800)
    frame = drawn(page, 0)
    for key in "bml":
        page.keyboard.press(key)
    option(page, "the jar", 0).click()
    page.locator(".tile").last.scroll_into_view_if_needed()
    page.locator(".tile .frame").first.and_(page.locator(":not([data-state=drawn])")).wait_for()
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    drawn(page, 0)
    assert lit(frame) == {2}
