"""The embedded demo library: its drawings keep their contract and its words are true of the pixels."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sos_online.library.demo import Drawing, catalogue, draw
from sos_online.library.demo.drawings import _sitting

MARGIN = 4  # clear pixels promised round every object
TRANSLUCENT = ("glass", "latex")

# degrees of hue that people call by the name
HUES = {
    "red": (345, 12),
    "orange": (14, 38),
    "yellow": (40, 62),
    "green": (95, 160),
    "teal": (165, 192),
    "light blue": (195, 215),
    "blue": (212, 242),
    "purple": (255, 292),
    "pink": (325, 352),
    "brown": (12, 38),
    "gold": (32, 50),
    "copper": (8, 28),
}
GREYS = {"black", "grey", "silver", "white"}
OF_ONE_COLOUR = ("ball", "balloon", "vase", "teapot", "rubber duck")
QUICK = (*OF_ONE_COLOUR, "lamp", "cactus")  # the kinds whose shapes are soon found


def _one_per_quick_kind() -> list[Drawing]:
    first: dict[str, Drawing] = {}
    for drawing in catalogue():
        first.setdefault(drawing.category, drawing)
    return [first[category] for category in QUICK]


def _plain() -> list[Drawing]:
    return [d for d in catalogue() if "plain" in d.features and d.category in OF_ONE_COLOUR]


def _by_key(key: str) -> Drawing:
    return next(drawing for drawing in catalogue() if drawing.key == key)


def _solid_colour(picture: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Hue in degrees, saturation and value of the mean colour of the solid pixels."""
    mean = picture[..., :3][picture[..., 3] >= 140].mean(axis=0) / 255
    hue, saturation, value = cv2.cvtColor(mean.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_RGB2HSV)[0, 0]
    return float(hue), float(saturation), float(value)


def test_the_catalogue_is_wide_and_its_keys_unique() -> None:
    drawings = catalogue()
    assert drawings == catalogue()
    assert 150 <= len(drawings) <= 200
    assert len({drawing.key for drawing in drawings}) == len(drawings)
    assert len({drawing.category for drawing in drawings}) >= 12


def test_words_are_natural() -> None:
    for drawing in catalogue():
        article, noun = drawing.short_phrase.split(" ", 1)
        assert article == ("an" if noun[0] in "aeiou" else "a"), drawing.key
        texts = (drawing.category, drawing.sub_category, drawing.short_phrase, drawing.description, *drawing.features)
        for text in texts:
            assert text, drawing.key
            assert text == " ".join(text.split()), drawing.key
        assert drawing.features, drawing.key
        assert len(set(drawing.features)) == len(drawing.features), drawing.key
        assert drawing.description[0].isupper(), drawing.key
        assert drawing.description.endswith("."), drawing.key
        assert drawing.key.startswith(drawing.category.replace(" ", "_") + "/")


def _check_cutout(drawing: Drawing) -> None:
    picture = draw(drawing)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 4
    assert 320 <= max(picture.shape[:2]) <= 384

    alpha = picture[..., 3]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    gaps = (rows[0], columns[0], alpha.shape[0] - 1 - rows[-1], alpha.shape[1] - 1 - columns[-1])
    assert min(gaps) >= MARGIN
    assert max(gaps) <= 3 * MARGIN

    solid, seen = alpha >= 128, alpha > 0
    assert solid.sum() > 0.2 * alpha.size
    edge = seen & ~cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    assert alpha[edge].mean() < 160, "the outline fades out"
    inside = cv2.erode(solid.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    if not set(TRANSLUCENT) & set(drawing.features):
        assert (alpha[inside] == 255).all()


@pytest.mark.parametrize("drawing", _one_per_quick_kind(), ids=lambda drawing: drawing.category)
def test_a_picture_is_a_tight_cutout_with_soft_edges(drawing: Drawing) -> None:
    _check_cutout(drawing)


@pytest.mark.slow
@pytest.mark.parametrize("drawing", catalogue(), ids=lambda drawing: drawing.key)
def test_every_picture_is_a_tight_cutout_with_soft_edges(drawing: Drawing) -> None:
    _check_cutout(drawing)


@pytest.mark.parametrize("key", ["vase/green_tall_glass", "balloon/red_latex"])
def test_glass_and_latex_let_the_background_through(key: str) -> None:
    alpha = draw(_by_key(key))[..., 3]
    inside = cv2.erode((alpha >= 128).astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
    assert np.median(alpha[inside]) < 240
    assert (alpha[inside] >= 140).mean() > 0.98


def test_the_same_drawing_gives_the_same_bytes() -> None:
    drawing, sister = _by_key("balloon/red_latex"), _by_key("balloon/blue_dotted_latex")
    first = draw(drawing)
    draw(sister)
    _sitting.cache_clear()
    assert draw(drawing).tobytes() == first.tobytes()


@pytest.mark.parametrize("drawing", _plain(), ids=lambda drawing: drawing.key)
def test_a_plain_object_has_the_colour_it_is_said_to_have(drawing: Drawing) -> None:
    colour = drawing.features[0]
    hue, saturation, value = _solid_colour(draw(drawing))
    if colour in GREYS:
        assert saturation < 0.12
        return
    assert saturation > 0.25
    low, high = HUES[colour]
    assert (hue - low) % 360 <= (high - low) % 360
    if colour == "brown":
        assert value < 0.6


def test_a_stranger_is_refused() -> None:
    stranger = dataclasses.replace(catalogue()[0], key="mug/of_nowhere")
    with pytest.raises(ValueError, match="of_nowhere"):
        draw(stranger)
