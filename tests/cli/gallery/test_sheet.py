"""The contact sheet, its labels and colours, and what an entry refuses."""

from __future__ import annotations

import random

import numpy as np
import pytest

from sos_online.cli.gallery import Entry, GalleryObject, contact_sheet
from sos_online.cli.gallery.colours import instance_colours
from sos_online.cli.gallery.labels import LabelWish, place_labels

GREY = 90


def square_object(
    left: int, top: int, side: int, category: str = "thing", visibility: float = 1.0, area: int | None = None
) -> GalleryObject:
    box = (float(left), float(top), float(left + side), float(top + side))
    return GalleryObject(category, box, box, visibility, side * side if area is None else area)


def entry_of_squares(width: int, height: int, squares: list[tuple[int, int, int]], title: str = "sample 0") -> Entry:
    instance_map = np.zeros((height, width), np.int32)
    for index, (left, top, side) in enumerate(squares):
        instance_map[top : top + side, left : left + side] = index + 1
    objects = tuple(
        square_object(left, top, side, f"thing {index}", area=int((instance_map == index + 1).sum()))
        for index, (left, top, side) in enumerate(squares)
    )
    return Entry(title, np.full((height, width, 3), GREY, np.uint8), instance_map, objects)


def picture_in(sheet: np.ndarray, tile: int, height: int) -> np.ndarray:
    """The picture of a sheet with a single tile, which a set of one size fills exactly."""
    left = (sheet.shape[1] - tile) // 2
    margin = max(8, tile // 20) + max(4, tile // 40)
    return sheet[margin : margin + height, left : left + tile]


def test_a_sheet_has_a_column_for_each_picture_asked_for() -> None:
    entries = [entry_of_squares(80, 60, [(10, 10, 20)], f"sample {index}") for index in range(5)]
    one_column = contact_sheet(entries, columns=1, tile=80)
    five_columns = contact_sheet(entries, columns=5, tile=80)
    assert one_column.dtype == five_columns.dtype == np.uint8
    assert one_column.shape[2] == five_columns.shape[2] == 3
    assert five_columns.shape[1] > 4 * one_column.shape[1] // 1.5
    assert one_column.shape[0] > 4 * five_columns.shape[0] // 1.5


def test_columns_not_asked_for_make_a_sheet_of_pleasant_proportions() -> None:
    for count in (4, 9, 16, 30):
        height, width, _ = contact_sheet([entry_of_squares(80, 60, [])] * count, tile=64).shape
        assert 0.9 < width / height < 2.8, count


def test_more_columns_than_pictures_leave_no_empty_paper() -> None:
    entries = [entry_of_squares(80, 60, [])]
    assert contact_sheet(entries, columns=7, tile=80).shape == contact_sheet(entries, columns=1, tile=80).shape


def test_entries_of_a_group_stand_closer_than_groups_do() -> None:
    entries = [entry_of_squares(80, 60, [])] * 8
    spaced, paired = (contact_sheet(entries, columns=4, tile=80, overlay=False, group=group) for group in (1, 2))
    assert paired.shape[0] == spaced.shape[0]
    for sheet, is_even in ((spaced, True), (paired, False)):
        is_picture = (sheet[40] == GREY).all(axis=1)
        starts = np.flatnonzero(is_picture[1:] & ~is_picture[:-1])
        first, second, third = np.diff(starts)
        assert first == third and (first == second if is_even else first < second)


def test_without_overlay_the_picture_is_untouched() -> None:
    generator = np.random.default_rng(0)
    plain = entry_of_squares(160, 120, [(30, 30, 40)])
    image = generator.integers(0, 256, plain.image.shape, dtype=np.uint8)
    entry = Entry(plain.title, image, plain.instance_map, plain.objects)
    shown = picture_in(contact_sheet([entry], tile=160, overlay=False), 160, 120)
    inner = (slice(8, -8), slice(8, -8))  # the corners are round
    np.testing.assert_array_equal(shown[inner], image[inner])


def test_the_overlay_tints_the_object_and_leaves_the_rest() -> None:
    entry = entry_of_squares(160, 120, [(60, 50, 40)])
    colour = instance_colours(1)[0].astype(float)
    shown = picture_in(contact_sheet([entry], tile=160), 160, 120).astype(float)
    inside, outside = shown[70, 80], shown[110, 20]
    towards = np.full(3, GREY) + (colour - GREY) * 0.36
    np.testing.assert_allclose(inside, towards, atol=2)
    np.testing.assert_allclose(outside, GREY, atol=0)
    np.testing.assert_allclose(shown[89, 80], colour, atol=6)  # its lowest row is the line of the box


def test_the_contour_follows_the_object_not_its_box() -> None:
    side = 200
    rows, columns = np.mgrid[:side, :side]
    disk = (rows - 100) ** 2 + (columns - 100) ** 2 < 80**2
    box = (21.0, 21.0, 180.0, 180.0)
    item = GalleryObject("disk", box, box, 1.0, int(disk.sum()))
    entry = Entry("disk", np.zeros((side, side, 3), np.uint8), disk.astype(np.int32), (item,))
    shown = picture_in(contact_sheet([entry], tile=side), side, side).astype(float)
    brightness = shown.max(axis=2)
    rim = round(100 + 80 / np.sqrt(2))
    assert brightness[rim - 3 : rim + 3, rim - 3 : rim + 3].max() > 200, "a bright line at the rim"
    assert brightness[rim + 8, rim + 8] == 0, "nothing between the rim and the corner of the box"


def test_an_object_of_which_nothing_is_seen_leaves_no_trace() -> None:
    bare = entry_of_squares(100, 80, [])
    hidden = GalleryObject("ghost", (0.0, 0.0, 0.0, 0.0), (10.0, 10.0, 60.0, 60.0), 0.0, 0)
    with_hidden = Entry(bare.title, bare.image, bare.instance_map, (hidden,))
    shown = [picture_in(contact_sheet([entry], tile=100), 100, 80) for entry in (bare, with_hidden)]
    np.testing.assert_array_equal(*shown)


def test_entries_are_only_read() -> None:
    entry = entry_of_squares(100, 80, [(10, 10, 30)])
    entry.image.setflags(write=False)
    entry.instance_map.setflags(write=False)
    contact_sheet([entry], tile=100)
    assert (entry.image == GREY).all()


@pytest.mark.parametrize("size", [(1, 1), (600, 2), (2, 600), (1000, 700)])
def test_any_size_fits(size: tuple[int, int]) -> None:
    assert contact_sheet([entry_of_squares(*size, [(0, 0, 1)])], tile=96).shape[2] == 3


def test_hundreds_of_objects_and_strange_names() -> None:
    squares = [(x, y, 7) for y in range(0, 160, 8) for x in range(0, 160, 8)]
    crowded = entry_of_squares(160, 160, squares)
    names = ("", "two\nlines", "a name that goes on and on " * 9, "</script>", "猫", "\ud800")
    named = tuple(square_object(20 * index, 20, 16, name) for index, name in enumerate(names))
    strange = Entry("strange\ttitle", crowded.image, crowded.instance_map * 0, named)
    sheet = contact_sheet([crowded, strange], tile=160)
    assert sheet.std() > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": 0}, "columns must be at least 1"),
        ({"group": 0}, "group must be at least 1"),
        ({"tile": 10}, "tile must be at least 64"),
    ],
)
def test_a_sheet_that_cannot_be_laid_out_is_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        contact_sheet([entry_of_squares(80, 60, [])], **arguments)


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one entry"):
        contact_sheet([])


@pytest.mark.parametrize(
    ("image", "instance_map", "message"),
    [
        (np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.int32), "image must be"),
        (np.zeros((4, 5, 3), np.float32), np.zeros((4, 5), np.int32), "uint8"),
        (np.zeros((0, 5, 3), np.uint8), np.zeros((0, 5), np.int32), "non-empty"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4), np.int32), "does not fit"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.float32), "integers"),
        (np.zeros((4, 5, 3), np.uint8), np.full((4, 5), 2, np.int32), "ids 2..2"),
        (np.zeros((4, 5, 3), np.uint8), np.full((4, 5), -1, np.int32), "ids -1..-1"),
    ],
)
def test_an_entry_whose_parts_do_not_fit_is_refused(image: np.ndarray, instance_map: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Entry("sample 7", image, instance_map, (square_object(0, 0, 2),))


@pytest.mark.parametrize("unlit", [np.zeros((4, 6, 3), np.uint8), np.zeros((4, 5, 3), np.float32)])
def test_a_picture_without_light_that_does_not_fit_the_lit_one_is_refused(unlit: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"sample 7: unlit \[4, \d, 3\] \w+ does not fit"):
        Entry("sample 7", np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.int32), (), unlit)


def test_labels_stay_in_the_frame_and_off_each_other() -> None:
    chance = random.Random(5)
    for _ in range(30):
        wishes = []
        for _ in range(60):
            left, top = chance.uniform(-5, 300), chance.uniform(-5, 200)
            box = (left, top, left + chance.uniform(1, 120), top + chance.uniform(1, 90))
            wishes.append(LabelWish(box, chance.randint(10, 90), 14))
        covered = np.zeros((200, 300), int)
        for wish, corner in zip(wishes, place_labels(wishes, 300, 200), strict=True):
            if corner is not None:
                x, y = corner
                assert x >= 0
                assert y >= 0
                assert x + wish.width <= 300
                assert y + wish.height <= 200
                covered[y : y + wish.height, x : x + wish.width] += 1
        assert covered.max() == 1
        assert 0.05 < covered.mean() < 0.25, "most of a crowded picture stays bare"


def test_a_lone_label_rests_on_its_box_and_one_larger_than_the_picture_is_left_out() -> None:
    assert place_labels([LabelWish((40.0, 50.0, 80.0, 90.0), 30, 12)], 200, 100) == [(40, 38)]
    assert place_labels([LabelWish((0.0, 0.0, 9.0, 9.0), 30, 4)], 20, 100) == [None]


def test_colours_are_stable_distinct_and_light_enough_for_dark_letters() -> None:
    colours = instance_colours(500)
    np.testing.assert_array_equal(colours[:7], instance_colours(7))
    assert instance_colours(0).shape == (0, 3)
    first = colours[:12].astype(float)
    distances = np.linalg.norm(first[:, None] - first[None], axis=2)
    assert distances[~np.eye(12, dtype=bool)].min() > 35
    shares = colours / 255.0
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    assert ((luminance + 0.05) / (0.007 + 0.05)).min() > 4.5  # the ratio that WCAG asks for
