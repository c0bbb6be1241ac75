"""The lists of expressions: their order, switch and filter, and how they fit the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sos_online.cli.gallery import GalleryExpression, write_gallery
from tests.cli.gallery.conftest import (
    HOSTILE,
    MARKUP,
    NASTY,
    ROOM,
    WORDLESS,
    drawn,
    lit,
    opacity,
    open_large,
    option,
    options,
    overlay,
    room,
    visible_titles,
)


def test_expressions_stand_by_kind_with_their_number_and_the_colours_of_their_objects(open_worded) -> None:
    page = open_worded()
    for host in (page.locator(".tile").nth(ROOM), page.locator("#large-said")):
        kinds = host.locator(".kind").evaluate_all("all => all.map(kind => kind.textContent)")
        assert kinds == ["attribute3", "position2", "mixed1"]
        attributes = host.locator("[role=group]").first.locator(".words").all_text_contents()
        assert attributes == ["all of the cups", "the zebra", "the jar"]
        if host.get_attribute("id") != "large-said":
            frame = open_large(page, ROOM)
            assert frame.is_visible()
    assert page.locator("#large-expression-count").text_content() == "6"
    colour = "all => all.map(part => getComputedStyle(part).backgroundColor)"
    swatches = page.locator("#large-objects .swatch").evaluate_all(colour)
    bar = option(page, "the two things at the ends").locator(".colours span").evaluate_all(colour)
    assert bar == [swatches[0], swatches[3]]
    assert option(page, "the two things at the ends").locator(".scope").inner_text() == "2 objects"
    assert option(page, "the jar").locator(".scope").count() == 0


def test_the_switch_hides_expressions_and_what_they_lit(open_worded) -> None:
    page = open_worded()
    frame = drawn(page, ROOM)
    option(page, "the jar", ROOM).click()
    page.mouse.move(0, 0)
    assert lit(frame) == {2}
    switch = page.locator(".panel [data-switch=expressions]")
    for act in (switch.click, lambda: page.keyboard.press("e")):
        act()
        assert switch.get_attribute("aria-pressed") == "false"
        assert page.locator("[role=option]:visible").count() == 0
        assert lit(frame) is None
        act()
        assert switch.get_attribute("aria-pressed") == "true"
        assert options(page, ROOM).and_(page.locator(":visible")).count() == 6
    frame = open_large(page, ROOM)
    page.keyboard.press("Tab")
    option(page, "the jar").focus()
    assert lit(frame) == {2}
    page.keyboard.press("e")
    assert lit(frame) is None
    assert page.locator("#large [role=option]:visible").count() == 0
    assert page.locator("#large-objects button:visible").count() == 4


def test_a_picture_without_expressions_is_as_it_was(open_worded, open_page) -> None:
    page = open_worded()
    assert options(page, WORDLESS).count() == 0
    assert page.locator(".tile").nth(WORDLESS).locator(".tally").text_content() == "3 objects"
    open_large(page, WORDLESS)
    assert page.locator("#large h3:visible").count() == 0
    page = open_page()  # of pictures without any
    assert page.locator("[data-switch=expressions]").count() == 0
    assert page.locator(".expressions").count() == 0
    assert page.locator("#filter").get_attribute("placeholder") == "Filter by category"
    page.keyboard.press("e")
    assert not page.evaluate("document.body.classList.contains('expressions-off')")


def test_the_filter_finds_words_of_expressions(open_worded) -> None:
    page = open_worded()
    frame, field = drawn(page, ROOM), page.locator("#filter")
    page.keyboard.press("m")
    field.fill("the ENDS")
    assert visible_titles(page) == ["room"]
    shown = options(page, ROOM).and_(page.locator(":visible")).locator(".words")
    assert shown.all_text_contents() == ["the two things at the ends"]
    assert page.locator(".tile .kind:visible .number").all_text_contents() == ["1 of 2"]
    assert [alpha > 0 for alpha in opacity(frame)] == [False, True, False, False, True], "what it means is marked"
    field.fill("zebra")
    assert visible_titles(page) == ["room"], "though nothing in it is meant"
    field.fill("jar")
    assert shown.all_text_contents() == ["the jar", "whatever stands here"], "also those that mean a jar"
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    field.fill("ends")
    assert visible_titles(page) == [], "what is hidden is not searched"
    field.fill("")
    page.locator("#filter").blur()
    page.keyboard.press("e")
    page.locator("#categories button").filter(has_text="pot").click()
    assert shown.all_text_contents() == ["the two things at the ends", "whatever stands here"]


def test_an_expression_that_the_filter_takes_away_lights_nothing(open_worded) -> None:
    page = open_worded()
    frame = drawn(page, ROOM)
    option(page, "the jar", ROOM).click()
    page.mouse.move(0, 0)
    page.locator("#filter").fill("cup")
    assert lit(frame) is None
    page.locator("#filter").fill("")
    assert lit(frame) is None
    assert page.locator("[aria-selected=true]").count() == 0


def test_expressions_are_text_and_never_markup(open_worded) -> None:
    page = open_worded()
    assert options(page, HOSTILE).locator(".words").all_text_contents() == [MARKUP, NASTY]
    before = overlay(drawn(page, HOSTILE))
    options(page, HOSTILE).first.hover()
    assert overlay(drawn(page, HOSTILE)) != before
    open_large(page, HOSTILE)
    assert options(page).locator(".words").all_text_contents() == [MARKUP, NASTY]
    assert page.locator("body b, main img[src=x], dialog img[src=x], main script").count() == 0


@pytest.mark.parametrize("width", [1200, 390])
def test_long_lists_scroll_in_their_own_place(open_page, tmp_path: Path, width: int) -> None:
    path = tmp_path / "long.html"
    long = [GalleryExpression(f"the jar number {index} " + "x" * 200, (2,), "attribute") for index in range(299)]
    last = GalleryExpression("the first cup", (0,), "mixed")
    write_gallery(path, [replace(room(), expressions=(*long, last))], "long")
    page = open_page(path, width=width)
    frame = drawn(page, 0)
    assert page.locator(".tile").bounding_box()["height"] < frame.bounding_box()["height"] + 190
    options(page, 0).first.focus()
    page.keyboard.press("End")
    tile_list = page.locator(".tile .expressions").bounding_box()
    at = option(page, "the first cup", 0).bounding_box()
    assert tile_list["y"] <= at["y"] <= tile_list["y"] + tile_list["height"] - at["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    open_large(page, 0)
    option(page, "the first cup").scroll_into_view_if_needed()
    box = option(page, "the first cup").bounding_box()
    option(page, "the first cup").click()
    assert option(page, "the first cup").bounding_box() == box, "what is pressed stays under the pointer"
    assert page.locator("#large .side").evaluate("side => side.scrollWidth <= side.clientWidth")
    assert page.locator("#large-frame").is_visible()
