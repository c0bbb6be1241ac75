"""The gallery page, opened in a real browser, and the file that carries it."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_online.cli.gallery import Entry, GalleryObject, write_gallery
from sos_online.cli.gallery.embedding import instance_map_png

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NASTY = "<script>alert(1)</script></script>"
SWITCHES = {"boxes": "b", "masks": "m", "labels": "l", "visibility": "v", "amodal": "a"}
PETS, EMPTY, BRICKS, NASTY_PICTURE = range(4)


def pets() -> Entry:
    """A cat partly behind a dog, and a mouse that is not seen at all."""
    instance_map = np.zeros((90, 140), np.int32)
    instance_map[20:70, 10:60] = 1
    instance_map[30:80, 50:120] = 2
    cat = GalleryObject(
        "cat", (10, 20, 60, 70), (10, 20, 70, 70), 0.8, 2100, "a sleepy cat", "It lies on a mat.", ("furry", "grey")
    )
    dog = GalleryObject("dog", (50, 30, 120, 80), (50, 30, 120, 80), 1.0, 3500)
    mouse = GalleryObject("mouse", (0, 0, 0, 0), (70, 40, 90, 60), 0.0, 0)
    return Entry("pets", np.full((90, 140, 3), 128, np.uint8), instance_map, (cat, dog, mouse))


def bricks() -> Entry:
    """A wall of 300 objects, so that ids above 255 occur; the description of each is its number."""
    rows, columns = np.mgrid[:120, :160] // 8
    objects = tuple(
        GalleryObject(
            f"brick {index % 4}",
            box := (float(index % 20 * 8), float(index // 20 * 8), index % 20 * 8 + 8.0, index // 20 * 8 + 8.0),
            box,
            index / 300,
            64,
            description=f"number {index}",
        )
        for index in range(300)
    )
    return Entry("bricks", np.full((120, 160, 3), 60, np.uint8), (rows * 20 + columns + 1).astype(np.int32), objects)


def nasty() -> Entry:
    """A portrait whose every word is markup."""
    instance_map = np.zeros((120, 70), np.int32)
    instance_map[20:100, 10:60] = 1
    box = (10.0, 20.0, 60.0, 100.0)
    item = GalleryObject(
        NASTY, box, box, 0.999, 4000, "</script <img src=x onerror=alert(2)>", "<!--<script>", ("<b>bold</b>",)
    )
    return Entry("</title><b>&amp;", np.full((120, 70, 3), 200, np.uint8), instance_map, (item,))


def empty() -> Entry:
    return Entry("empty", np.zeros((60, 90, 3), np.uint8), np.zeros((60, 90), np.int32), ())


@pytest.fixture(scope="module")
def gallery_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gallery") / "preview.html"
    write_gallery(path, (entry for entry in (pets(), empty(), bricks(), nasty())), "A <title> & more {{script}}")
    return path


@pytest.fixture(scope="module")
def browser_page() -> Iterator[object]:
    """One page of one browser for all tests: starting either takes longer than most tests."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = os.environ.get("SOS_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium or Chrome found; SOS_CHROMIUM can name one")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_default_timeout(5000)
        yield page
        browser.close()


@pytest.fixture
def open_page(browser_page, gallery_file: Path) -> Iterator[Callable[..., object]]:
    """Opens a gallery afresh; in the end it must not have complained, run foreign script, or asked for a thing."""
    page, opened, troubles = browser_page, set(), []

    def note_request(request) -> None:
        if request.url not in opened and not request.url.startswith(("data:", "blob:")):
            troubles.append(f"request: {request.url[:200]}")

    def note_dialog(dialog) -> None:
        troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    listeners = {
        "console": lambda message: troubles.append(f"console: {message.text}"),
        "pageerror": lambda error: troubles.append(f"error: {error}"),
        "dialog": note_dialog,
        "request": note_request,
    }
    for event, listener in listeners.items():
        page.on(event, listener)

    def open_page(path: Path = gallery_file, width: int = 1200, color_scheme: str = "light"):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=color_scheme)
        page.mouse.move(0, 0)
        opened.add(path.as_uri())
        page.goto(path.as_uri())
        return page

    yield open_page
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert troubles == []


def drawn(page, number: int):
    """The frame of a picture in the grid, once its overlay is there."""
    frame = page.locator(".tile .frame").nth(number)
    frame.and_(page.locator("[data-state=drawn]")).wait_for()
    return frame


def overlay(frame) -> str:
    """All pixels of the overlay, as text to compare."""
    return frame.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def point_at(page, frame, entry: Entry, x: float, y: float) -> None:
    """Moves the pointer to a place in pixels of the picture."""
    box = frame.bounding_box()
    height, width = entry.instance_map.shape
    page.mouse.move(box["x"] + x * box["width"] / width, box["y"] + y * box["height"] / height)


def visible_titles(page) -> list[str]:
    return page.locator(".tile:visible .title").all_text_contents()


def test_the_head_says_what_there_is(open_page) -> None:
    page = open_page()
    assert page.title() == page.locator("h1").text_content() == "A <title> & more {{script}}"
    counts = page.locator("#counts div").all_text_contents()
    assert counts == ["images4", "objects304", "categories8"]
    assert visible_titles(page) == ["pets", "empty", "bricks", "</title><b>&amp;"]
    assert "cat, dog, mouse" in page.locator(".tile img").first.get_attribute("alt")


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
    assert page.locator("#large-objects .lit .name").all_text_contents() == ["cat"]
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


def test_the_file_refers_to_nothing_outside_itself(gallery_file: Path) -> None:
    text = gallery_file.read_text(encoding="utf-8")
    assert not re.search(
        r"""(?:src|href)\s*=\s*["']?\s*(?!data:)\w""", re.sub(r"<script.*?</script>", "", text, flags=re.S)
    )
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_instance_map_is_stored_without_loss_and_without_colour_profile() -> None:
    ids = np.array([[0, 1, 255], [256, 65535, 65536]], np.int32)
    with Image.open(io.BytesIO(instance_map_png(ids))) as image:
        channels = np.asarray(image).astype(np.int64)
        assert image.mode == "RGB"
        assert not {"icc_profile", "gamma", "srgb"} & set(image.info)
    np.testing.assert_array_equal(channels @ [1, 256, 65536], ids)
    with pytest.raises(ValueError, match="ids up to 16777215"):
        instance_map_png(np.array([[2**24]], np.int32))


def test_a_failure_leaves_the_earlier_page_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "preview.html"
    path.write_text("earlier")

    def failing() -> Iterator[Entry]:
        yield pets()
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_gallery(path, failing(), "preview")
    not_a_number = replace(pets(), objects=(replace(pets().objects[0], visibility=float("nan")), *pets().objects[1:]))
    with pytest.raises(ValueError, match="JSON"):
        write_gallery(path, [not_a_number], "preview")
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]
    write_gallery(path, [pets()], "preview \udcff")
    assert "preview ?" in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]
