"""What is drawn over a picture, its switches, and the object under the pointer."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np

from sos_online.cli.gallery import write_gallery
from sos_online.cli.gallery.embedding import instance_map_png
from tests.cli.gallery.conftest import BRICKS, NASTY, NASTY_PICTURE, PETS, bricks, drawn, nasty, overlay, pets, point_at

SWITCHES = {"boxes": "b", "masks": "m", "labels": "l", "visibility": "v", "amodal": "a"}


def test_a_switch_changes_all_pictures_and_changes_them_back(open_page) -> None:
    page = open_page()
    frames = [drawn(page, number) for number in (PETS, BRICKS)]
    before = [overlay(frame) for frame in frames]
    for name, key in SWITCHES.items():
        button = page.locator(f".panel [data-switch={name}]")
        pressed = button.get_attribute("aria-pressed")
        button.click()
        changed = [overlay(frame) for frame in frames]
        assert changed[0] != before[0], name
        if name != "amodal":  # bricks hide nothing of each other: both boxes are the same line
            assert changed[1] != before[1], name
        assert {pressed, button.get_attribute("aria-pressed")} == {"true", "false"}
        button.click()
        assert [overlay(frame) for frame in frames] == before, name
        assert button.get_attribute("aria-pressed") == pressed
        page.keyboard.press(key)
        assert [overlay(frame) for frame in frames] == changed, name
        page.keyboard.press(key)
        assert [overlay(frame) for frame in frames] == before, name


def test_with_all_switched_off_nothing_is_drawn(open_page) -> None:
    page = open_page()
    frame = drawn(page, PETS)
    blank = frame.locator("canvas").evaluate(
        """canvas => {
          const blank = document.createElement("canvas");
          blank.width = canvas.width;
          blank.height = canvas.height;
          return blank.toDataURL();
        }"""
    )
    for key in "bml":
        assert overlay(frame) != blank
        page.keyboard.press(key)
    assert overlay(frame) == blank


def test_letters_typed_into_the_filter_and_browser_shortcuts_switch_nothing(open_page) -> None:
    page = open_page()
    states = page.locator(".panel [data-switch]").evaluate_all("all => all.map(b => b.ariaPressed)")
    page.keyboard.press("/")
    page.keyboard.type("bmlva")
    page.locator("#filter").fill("")
    page.locator("#filter").blur()
    page.keyboard.press("Control+b")
    assert page.locator(".panel [data-switch]").evaluate_all("all => all.map(b => b.ariaPressed)") == states


def test_pointing_at_an_object_lights_it_up_and_shows_its_card(open_page) -> None:
    page = open_page()
    frame, card = drawn(page, PETS), page.locator("#card")
    before = overlay(frame)
    assert not card.is_visible()
    point_at(page, frame, pets(), 30.5, 40.5)
    assert card.is_visible()
    assert card.locator(".category").text_content() == "cat"
    assert card.locator(".phrase").text_content() == "a sleepy cat"
    assert card.locator(".description").text_content() == "It lies on a mat."
    assert card.locator(".features li").all_text_contents() == ["furry", "grey"]
    assert card.locator(".visibility").text_content() == "80%"
    assert card.locator(".area").text_content() == "2,100 px"
    assert card.locator(".box").text_content() == "10, 20 → 60, 70"
    lit = overlay(frame)
    assert lit != before
    point_at(page, frame, pets(), 100.5, 60.5)
    assert card.locator(".category").text_content() == "dog"
    assert card.locator(".visibility").text_content() == "100%"
    assert not card.locator(".phrase").is_visible()
    assert overlay(frame) not in (before, lit)
    point_at(page, frame, pets(), 130.5, 5.5)
    assert not card.is_visible()
    assert overlay(frame) == before


def test_the_right_one_of_300_objects_is_found_under_the_pointer(open_page) -> None:
    page = open_page()
    frame = drawn(page, BRICKS)
    for index in (1, 18, 254, 255, 256, 298):
        # Close to the corners of the brick: a map shifted by a single pixel would give its neighbour.
        for offset in (0.3, 7.7):
            point_at(page, frame, bricks(), index % 20 * 8 + offset, index // 20 * 8 + offset)
            assert page.locator("#card .description").text_content() == f"number {index}"
        assert page.locator("#card .category").text_content() == f"brick {index % 4}"


def test_ids_come_back_exactly(open_page) -> None:
    page = open_page()
    generator = np.random.default_rng(1)
    ids = generator.integers(0, 2**24, (64, 50)).astype(np.int32)
    ids[0, :8] = [0, 1, 255, 256, 257, 65535, 65536, 2**24 - 1]
    png = base64.b64encode(instance_map_png(ids)).decode()
    decoded = page.evaluate("async png => Array.from(await decodeInstanceMap(png, 50, 64))", png)
    np.testing.assert_array_equal(np.array(decoded).reshape(ids.shape), ids)


def test_every_outline_covers_exactly_the_pixels_of_its_object(open_page) -> None:
    page = open_page()
    generator = np.random.default_rng(2)
    ids = generator.integers(0, 4, (24, 31)).astype(np.int32)  # diagonal neighbours, holes, single pixels, edges
    ids[3:12, 5:20] = 1
    ids[5:9, 8:14] = 2
    owners = page.evaluate(
        """([ids, width, height]) => {
          const context = new OffscreenCanvas(1, 1).getContext("2d");
          const outlines = traceOutlines(Int32Array.from(ids), width, height, 3);
          return ids.map((_, pixel) => {
            const [x, y] = [pixel % width + 0.5, Math.floor(pixel / width) + 0.5];
            return outlines.map((outline) => context.isPointInPath(outline, x, y)).indexOf(true) + 1;
          });
        }""",
        [ids.ravel().tolist(), 31, 24],
    )
    np.testing.assert_array_equal(np.array(owners).reshape(ids.shape), ids)


def test_a_browser_that_changes_canvas_pixels_is_found_out(open_page, tmp_path: Path) -> None:
    path = tmp_path / "tampered.html"
    write_gallery(path, [pets()], "tampered")
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"idSum":\d+', '"idSum":1', text), encoding="utf-8")
    page = open_page(path)
    frame = drawn(page, 0)
    assert "Boxes and labels are right" in page.locator("#notice").text_content()
    point_at(page, frame, pets(), 30.5, 40.5)
    assert not page.locator("#card").is_visible()
    with_boxes = overlay(frame)
    page.keyboard.press("b")
    assert overlay(frame) != with_boxes


def test_words_of_a_library_are_text_and_never_markup(open_page) -> None:
    page = open_page()
    frame = drawn(page, NASTY_PICTURE)
    point_at(page, frame, nasty(), 35.5, 60.5)
    card = page.locator("#card")
    assert card.locator(".category").text_content() == NASTY
    assert card.locator(".phrase").text_content() == "</script <img src=x onerror=alert(2)>"
    assert card.locator(".description").text_content() == "<!--<script>"
    assert card.locator(".features li").all_text_contents() == ["<b>bold</b>"]
    assert card.locator(".visibility").text_content() == ">99%"
    frame.click()
    assert page.locator("#large-objects .name").all_text_contents() == [NASTY]
    assert page.locator("#large-title").text_content() == "</title><b>&amp;"
    assert page.locator("#categories button").filter(has_text="alert(1)").count() == 1
    assert page.locator("body b, body i, main script").count() == 0
