"""The page as it opens: head, grid of pictures, filter, and how it fits a screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sos_online.cli.gallery import Entry, write_gallery
from tests.cli.gallery.conftest import PETS, drawn, empty, overlay, visible_titles


def test_the_head_says_what_there_is(open_page) -> None:
    page = open_page()
    assert page.title() == page.locator("h1").text_content() == "A <title> & more {{script}}"
    counts = page.locator("#counts div").all_text_contents()
    assert counts == ["images4", "objects304", "categories8"]
    assert visible_titles(page) == ["pets", "empty", "bricks", "</title><b>&amp;"]
    assert "cat, dog, mouse" in page.locator(".tile img").first.get_attribute("alt")


def test_the_filter_leaves_pictures_that_have_the_category(open_page) -> None:
    page = open_page()
    drawn(page, PETS)
    field, outcome = page.locator("#filter"), page.locator("#outcome")
    field.fill("DOG")
    assert visible_titles(page) == ["pets"]
    assert outcome.text_content() == "1 of 4 images"
    assert page.locator("#categories button:visible .number").all_text_contents() == ["1"]
    field.fill("brick")
    assert visible_titles(page) == ["bricks"]
    field.fill("no such thing")
    assert visible_titles(page) == []
    assert page.locator("#nothing").is_visible()
    field.fill("")
    assert len(visible_titles(page)) == 4
    assert outcome.text_content() == ""


def test_a_click_on_a_category_filters_and_marks_only_its_objects(open_page) -> None:
    page = open_page()
    frame = drawn(page, PETS)
    before = overlay(frame)
    cat = page.locator("#categories button").filter(has_text="cat")
    cat.click()
    assert cat.get_attribute("aria-pressed") == "true"
    assert visible_titles(page) == ["pets"]
    drawn(page, PETS)
    page.wait_for_timeout(100)
    assert overlay(frame) != before
    cat.click()
    assert cat.get_attribute("aria-pressed") == "false"
    assert len(visible_titles(page)) == 4


def test_only_pictures_near_the_screen_are_held_decoded(open_page, tmp_path: Path) -> None:
    path = tmp_path / "many.html"
    write_gallery(path, (replace(empty(), title=f"sample {index}") for index in range(120)), "many")
    page = open_page(path)
    drawn(page, 0)
    page.wait_for_timeout(200)
    held = page.locator(".tile .frame[data-state=drawn]")
    assert 3 <= held.count() < 40
    page.locator(".tile").last.scroll_into_view_if_needed()
    drawn(page, 119)
    page.locator(".tile .frame").first.and_(page.locator(":not([data-state=drawn])")).wait_for()
    assert held.count() < 40
    assert page.locator(".tile img[src]").count() < 40


def test_rows_of_the_grid_are_even(open_page, tmp_path: Path) -> None:
    path = tmp_path / "rows.html"
    sizes = [(60, 90), (90, 60), (50, 50), (30, 120), (80, 60), (60, 90), (100, 40), (70, 70), (60, 90)]
    blanks = [
        Entry("blank", np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.int32), ())
        for height, width in sizes
    ]
    write_gallery(path, blanks, "rows")
    page = open_page(path)
    room = page.locator("#grid").bounding_box()
    rows: dict[float, list[dict[str, float]]] = {}
    for frame in page.locator(".tile .frame").all():
        box = frame.bounding_box()
        rows.setdefault(round(box["y"]), []).append(box)
    *full_rows, _ = rows.values()
    assert full_rows
    for row in full_rows:
        assert max(box["height"] for box in row) - min(box["height"] for box in row) < 1
        assert row[-1]["x"] + row[-1]["width"] == pytest.approx(room["x"] + room["width"], abs=1.5)


def test_a_narrow_window_needs_no_sideways_scrolling(open_page) -> None:
    page = open_page(width=400)
    drawn(page, PETS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    drawn(page, PETS).click()
    assert page.locator("#large-frame").bounding_box()["width"] > 300
    assert page.locator("#large [data-switch=amodal]").is_visible()


def test_both_colour_schemes(open_page) -> None:
    brightness = "Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number))"
    assert open_page(color_scheme="light").evaluate(brightness) > 200
    assert open_page(color_scheme="dark").evaluate(brightness) < 50


def test_buttons_are_named_and_the_focus_is_seen(open_page) -> None:
    page = open_page()
    drawn(page, PETS)
    nameless = "all => all.filter(b => !(b.innerText.trim() || b.ariaLabel || b.querySelector('img')?.alt)).length"
    assert page.locator("button").evaluate_all(nameless) == 0
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("document.activeElement.dataset.switch") == "boxes"


def test_a_gallery_without_pictures_says_so(open_page, tmp_path: Path) -> None:
    path = tmp_path / "nothing.html"
    write_gallery(path, [], "nothing")
    assert open_page(path).locator("#nothing").text_content() == "There are no pictures here."
