"""One picture alone: going on, its objects, and back."""

from __future__ import annotations

import pytest

from tests.cli.gallery.conftest import BRICKS, PETS, drawn, overlay, pets, point_at


def test_the_large_view_opens_goes_on_and_closes(open_page) -> None:
    page = open_page()
    dialog, title = page.locator("#large"), page.locator("#large-title")
    frame = drawn(page, PETS)
    frame.click()
    assert dialog.is_visible()
    page.locator("#large-frame[data-state=drawn]").wait_for()
    assert title.text_content() == "pets"
    assert page.locator("#large-facts").text_content() == "140 \u00d7 90 px, 3 objects"
    assert page.locator("#large-previous").is_disabled()
    box = page.locator("#large-frame").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(140 / 90, rel=0.01)
    assert box["height"] > 1.5 * frame.bounding_box()["height"]
    for expected in ("empty", "bricks", "</title><b>&amp;", "</title><b>&amp;"):
        page.keyboard.press("ArrowRight")
        assert title.text_content() == expected
    assert page.locator("#large-next").is_disabled()
    page.keyboard.press("ArrowLeft")
    assert title.text_content() == "bricks"
    assert page.locator("#large-objects li").count() == 300
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.locator(".tile").nth(BRICKS).locator(".frame:focus").wait_for()


def test_the_large_view_has_cards_switches_and_a_list_of_objects(open_page) -> None:
    page = open_page()
    drawn(page, PETS).click()
    large, card = page.locator("#large-frame"), page.locator("#card")
    page.locator("#large-frame[data-state=drawn]").wait_for()
    page.mouse.move(2, 400)
    before = overlay(large)
    point_at(page, large, pets(), 30.5, 40.5)
    assert card.is_visible()
    assert card.locator(".category").text_content() == "cat"
    assert page.locator("#large-objects .highlighted .name").all_text_contents() == ["cat"]
    page.mouse.move(2, 400)
    assert overlay(large) == before
    rows = page.locator("#large-objects button")
    rows.nth(1).focus()
    assert card.locator(".category").text_content() == "dog"
    assert overlay(large) != before
    picture, words = large.bounding_box(), card.bounding_box()
    dog = [edge * picture["width"] / 140 for edge in pets().objects[1].box]
    is_beside = words["x"] > picture["x"] + dog[2] or words["x"] + words["width"] < picture["x"] + dog[0]
    is_above_or_below = words["y"] > picture["y"] + dog[3] or words["y"] + words["height"] < picture["y"] + dog[1]
    assert is_beside or is_above_or_below, "the card leaves the object free"
    rows.nth(2).hover()
    assert card.locator(".visibility").text_content() == "0%"
    assert card.locator(".box").text_content() == "none"
    rows.nth(1).evaluate("row => row.blur()")
    page.mouse.move(2, 400)
    assert not card.is_visible()
    page.keyboard.press("m")
    assert overlay(large) != before
    page.locator("#large [data-switch=masks]").click()
    page.mouse.move(2, 400)
    assert overlay(large) == before
    page.locator("#large-close").click()
    assert not page.locator("#large").is_visible()


def test_the_large_view_goes_through_filtered_pictures_only(open_page) -> None:
    page = open_page()
    page.locator("#filter").fill("r")  # "<script>" and "brick"
    drawn(page, BRICKS).click()
    assert page.locator("#large-previous").is_disabled()
    page.keyboard.press("ArrowRight")
    assert page.locator("#large-title").text_content() == "</title><b>&amp;"
