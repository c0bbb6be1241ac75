"""A picture with its light and without: the switch, and the line between the two."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_online.cli.gallery import Entry, write_gallery
from tests.cli.gallery.conftest import drawn, overlay, pets

LIT, PLAIN, LIT_TOO = range(3)
BRIGHT, DARK, GREY = 220, 30, 128


def lit_pets() -> Entry:
    shape = pets().image.shape
    return replace(pets(), image=np.full(shape, BRIGHT, np.uint8), unlit=np.full(shape, DARK, np.uint8))


@pytest.fixture
def light_page(open_page, tmp_path: Path):
    """The page of a lit picture, one that knows no light, and another lit one; only pictures, nothing drawn on them."""
    path = tmp_path / "light.html"
    write_gallery(path, [lit_pets(), pets(), lit_pets()], "light")
    page = open_page(path)
    for number in (LIT, PLAIN, LIT_TOO):
        drawn(page, number)
    for key in "bml":
        page.keyboard.press(key)
    return page


def brightness(page, frame, x: float = 0.5, y: float = 0.2) -> int:
    """What the screen shows at a place in shares of the picture; without the pointer on it."""
    page.mouse.move(0, 0)
    box = frame.bounding_box()
    clip = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "width": 2, "height": 2}
    with Image.open(io.BytesIO(page.screenshot(clip=clip))) as image:
        return int(np.asarray(image.convert("L"))[0, 0])


def open_large(page, number: int):
    drawn(page, number).click()
    page.locator("#large-frame[data-state=drawn]").wait_for()
    return page.locator("#large-frame")


def test_the_switch_shows_every_picture_without_its_light_and_with_it_again(light_page) -> None:
    page = light_page
    button = page.locator(".panel [data-switch=light]")
    frames = [drawn(page, number) for number in (LIT, PLAIN, LIT_TOO)]
    with_light, without = [BRIGHT, GREY, BRIGHT], [DARK, GREY, DARK]
    assert button.get_attribute("aria-pressed") == "true"
    assert [brightness(page, frame) for frame in frames] == pytest.approx(with_light, abs=2)
    for act in (button.click, lambda: page.keyboard.press("i")):
        act()
        assert button.get_attribute("aria-pressed") == "false"
        assert [brightness(page, frame) for frame in frames] == pytest.approx(without, abs=2)
        act()
        assert button.get_attribute("aria-pressed") == "true"
        assert [brightness(page, frame) for frame in frames] == pytest.approx(with_light, abs=2)


def test_the_switch_holds_in_the_large_view_too(light_page) -> None:
    page = light_page
    large = open_large(page, LIT)
    assert brightness(page, large) == pytest.approx(BRIGHT, abs=2)
    page.locator("#large [data-switch=light]").click()
    assert brightness(page, large) == pytest.approx(DARK, abs=2)
    page.keyboard.press("i")
    assert brightness(page, large) == pytest.approx(BRIGHT, abs=2)


@pytest.mark.parametrize("lights_off", [False, True])
def test_the_line_parts_the_picture_without_light_from_that_with_it(light_page, lights_off: bool) -> None:
    page = light_page
    if lights_off:
        page.keyboard.press("i")
    large = open_large(page, LIT)
    before = brightness(page, large)
    compare, slider = page.locator("#large-compare"), page.locator("#large-comparison input")
    assert not slider.is_visible()
    compare.click()
    assert compare.get_attribute("aria-pressed") == "true"
    assert [brightness(page, large, x) for x in (0.1, 0.4, 0.6, 0.9)] == pytest.approx([DARK] * 2 + [BRIGHT] * 2, abs=2)

    box = large.bounding_box()
    height = box["y"] + 0.7 * box["height"]
    page.mouse.move(box["x"] + 0.5 * box["width"], height)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * box["width"], height, steps=3)
    page.mouse.up()
    line = page.locator("#large-comparison .divider").bounding_box()
    assert line["x"] + line["width"] / 2 == pytest.approx(box["x"] + 0.25 * box["width"], abs=1.5)
    assert [brightness(page, large, x) for x in (0.2, 0.3, 0.6)] == pytest.approx([DARK, BRIGHT, BRIGHT], abs=2)
    page.mouse.click(box["x"] + 0.8 * box["width"], height)  # the line comes to where the picture is pressed
    assert [brightness(page, large, x) for x in (0.3, 0.75, 0.85)] == pytest.approx([DARK, DARK, BRIGHT], abs=2)

    page.keyboard.press("c")
    assert not slider.is_visible()
    assert brightness(page, large) == before


def test_the_keyboard_moves_the_line_and_not_on_to_the_next_picture(light_page) -> None:
    page = light_page
    large = open_large(page, LIT)
    page.keyboard.press("c")
    slider = page.locator("#large-comparison input")
    slider.focus()
    assert slider.get_attribute("aria-valuetext") == "50% without light"
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "55% without light"
    page.keyboard.press("Home")
    assert brightness(page, large, 0.1) == pytest.approx(BRIGHT, abs=2)
    page.keyboard.press("End")
    assert brightness(page, large, 0.9) == pytest.approx(DARK, abs=2)
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    assert page.locator("#large-facts").text_content().endswith("3 objects")
    assert not page.locator("#large-previous").is_disabled(), "without the line, the arrows go on again"


def test_what_is_compared_is_bare_and_the_marks_come_back(light_page) -> None:
    page = light_page
    large = open_large(page, LIT)
    bare = overlay(large)
    page.keyboard.press("b")
    boxes = overlay(large)
    assert boxes != bare
    page.keyboard.press("c")
    assert overlay(large) == bare
    page.keyboard.press("m")  # switched off together with its button
    box = large.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])  # the cat
    assert overlay(large) == bare
    assert not page.locator("#card").is_visible()
    page.locator("#large-objects button").first.hover()
    assert overlay(large) != bare, "the list still shows where an object is"
    page.mouse.move(0, 0)
    page.keyboard.press("c")
    assert overlay(large) == boxes


def test_comparing_ends_with_a_picture_that_has_no_light_and_with_the_view(light_page) -> None:
    page = light_page
    large, slider = open_large(page, LIT), page.locator("#large-comparison input")
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    assert not page.locator("#large-compare").is_visible()
    page.keyboard.press("c")
    assert not slider.is_visible()
    assert page.locator("#large [data-switch=boxes]").is_enabled()
    page.locator("#large-frame[data-state=drawn]").wait_for()
    assert brightness(page, large, 0.1) == pytest.approx(GREY, abs=2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    assert slider.is_visible()
    page.keyboard.press("Escape")
    open_large(page, LIT)
    assert not slider.is_visible()
    assert brightness(page, large, 0.1) == pytest.approx(BRIGHT, abs=2)


def test_a_page_without_light_has_no_switch_for_it(open_page) -> None:
    page = open_page()
    frame = drawn(page, 0)
    assert page.locator("[data-switch=boxes]").count() == 2
    assert page.locator("[data-switch=light]").count() == 0
    before = brightness(page, frame)
    page.keyboard.press("i")
    assert brightness(page, frame) == before
    frame.click()
    assert page.locator("#large").is_visible()
    assert not page.locator("#large-compare").is_visible()
    page.keyboard.press("c")
    assert not page.locator("#large-comparison").is_visible()


def test_the_header_of_the_large_view_fits_narrow_windows(open_page, tmp_path: Path) -> None:
    path = tmp_path / "light.html"
    write_gallery(path, [replace(lit_pets(), title="sample 12345")], "light")
    for width in (880, 400):
        page = open_page(path, width=width)
        open_large(page, 0)
        right_edges = page.locator("#large header button:visible").evaluate_all(
            "all => all.map(button => button.getBoundingClientRect().right)"
        )
        assert max(right_edges) <= width
        assert page.locator("#large-title").evaluate("title => title.scrollWidth <= title.clientWidth")


def test_only_a_lit_picture_costs_a_second_one(tmp_path: Path) -> None:
    path = tmp_path / "light.html"
    write_gallery(path, [lit_pets(), pets()], "light")
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(r'"unlitJpeg":"', text)) == len(re.findall(r'"unlitJpeg":null', text)) == 1
