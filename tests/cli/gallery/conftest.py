"""Pictures of a gallery, its page in a real browser, and what the tests do with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sos_online.cli.gallery import Entry, GalleryExpression, GalleryObject, write_gallery

NASTY = "<script>alert(1)</script></script>"
PETS, EMPTY, BRICKS, NASTY_PICTURE = range(4)
ROOM, WORDLESS, HOSTILE = range(3)
MARKUP = "</script><img src=x onerror=alert(3)><b>bold</b>\u202e{{script}}"  # of the page with expressions


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


def room() -> Entry:
    """Four squares in a row, and expressions that mean one of them, several, all and none."""
    instance_map = np.zeros((80, 200), np.int32)
    boxes = [(10.0 + 50 * index, 20.0, 40.0 + 50 * index, 50.0) for index in range(4)]
    for index in range(4):
        instance_map[20:50, 10 + 50 * index : 40 + 50 * index] = index + 1
    objects = tuple(
        GalleryObject(category, box, box, 1.0, 900)
        for category, box in zip(("cup", "cup", "jar", "pot"), boxes, strict=True)
    )
    expressions = (
        GalleryExpression("the leftmost cup", (0,), "position"),
        GalleryExpression("all of the cups", (0, 1), "attribute"),
        GalleryExpression("the zebra", (), "attribute"),
        GalleryExpression("whatever stands here", (0, 1, 2, 3), "mixed"),
        GalleryExpression("the two things at the ends", (0, 3), "position"),
        GalleryExpression("the jar", (2,), "attribute"),
    )
    return Entry("room", np.full((80, 200, 3), 128, np.uint8), instance_map, objects, expressions=expressions)


ROWS_OF = {expression.text: set(expression.rows) for expression in room().expressions}


def hostile() -> Entry:
    expressions = (GalleryExpression(MARKUP, (0,), "mixed"), GalleryExpression(NASTY, (), "mixed"))
    return replace(pets(), title="hostile", expressions=expressions)


@pytest.fixture(scope="package")
def gallery_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gallery") / "preview.html"
    write_gallery(path, (entry for entry in (pets(), empty(), bricks(), nasty())), "A <title> & more {{script}}")
    return path


@pytest.fixture(scope="package")
def browser_page() -> Iterator[object]:
    """One page of one browser for all tests: starting either takes longer than most tests."""
    playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
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


@pytest.fixture(scope="package")
def worded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("expressions") / "worded.html"
    write_gallery(path, [room(), pets(), hostile()], "worded")
    return path


@pytest.fixture
def open_worded(open_page, worded_file: Path):
    """The page with bare pictures: what is drawn on them tells what is lit, and nothing else."""

    def open_worded(width: int = 1200):
        page = open_page(worded_file, width=width)
        for number in (ROOM, WORDLESS, HOSTILE):
            drawn(page, number)
        for key in "bml":
            page.keyboard.press(key)
        return page

    return open_worded


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


def opacity(frame) -> list[int]:
    """What is drawn over a bare place of the room and over the middle of each object, 0..255."""
    places = [(100, 70), *((25 + 50 * index, 35) for index in range(4))]
    return frame.locator("canvas").evaluate(
        """(canvas, places) => {
          const copy = new OffscreenCanvas(canvas.width, canvas.height);
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(canvas, 0, 0);
          const pixel = (place) => Math.round((place * canvas.width) / 200);
          return places.map(([x, y]) => context.getImageData(pixel(x), pixel(y), 1, 1).data[3]);
        }""",
        places,
    )


def lit(frame) -> set[int] | None:
    """The objects of the room that are lit, all else being dimmed; None if nothing is dimmed."""
    background, *objects = opacity(frame)
    assert {background, *objects} <= {0, 140}
    return {index for index, alpha in enumerate(objects) if alpha == 0} if background else None


def options(page, number: int | None = None):
    """The expressions under a picture in the grid, or of the large view."""
    host = page.locator("#large-said") if number is None else page.locator(".tile").nth(number)
    return host.locator("[role=option]")


def option(page, text: str, number: int | None = None):
    return options(page, number).filter(has=page.get_by_text(text, exact=True))


def open_large(page, number: int):
    drawn(page, number).click()
    page.locator("#large-frame[data-state=drawn]").wait_for()
    page.mouse.move(0, 0)
    return page.locator("#large-frame")


def highlighted(page) -> list[int]:
    return page.locator("#large-objects li").evaluate_all(
        "rows => rows.flatMap((row, index) => row.classList.contains('highlighted') ? [index] : [])"
    )
