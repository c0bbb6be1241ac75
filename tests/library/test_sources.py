"""Sources that are folders of pictures: made up, broken, real. (COCO: ``test_coco_source.py``.)"""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import sos_online as sos
from sos_online.library.sources.base import category_name
from sos_online.types import Pixels, Words
from tests.library.conftest import ENCODING, disc, left_out, png, read_all, taken, write_files


def pil_bytes(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png_header_only(width: int, height: int) -> bytes:
    """A well-formed PNG that promises more pixels than it holds."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(50))) + chunk(b"IEND", b"")


def flip_byte(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


# names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cat", "cat"),  # as it is
        ("teddy_bear", "teddy bear"),  # underscores
        ("  a _ b\t\n", "a b"),  # single blanks
        ("T-Rex", "T-Rex"),  # case and hyphen stay
        ("cafe\u0301", "caf\u00e9"),  # composed
        ("1st_place_medal", "1st place medal"),  # digits stay
    ],
)
def test_category_name_table(name: str, shown: str) -> None:
    assert category_name(name) == shown
    assert category_name(shown) == shown


# category/*.png


def test_category_folders_smoke(tmp_path: Path) -> None:
    """Order, keys and names; nothing but pictures, and only one level down: those at another depth are named."""
    root = write_files(
        tmp_path / "my_set",
        {
            "b_c/2.png": disc(),
            "b_c/1.PNG": disc(),
            "b_c/deeper/3.png": disc(),
            "b_c/notes.txt": b"x",
            "a/3.webp": pil_bytes(Image.fromarray(disc()), "WEBP", lossless=True, exact=True),
            "top.png": disc(),
        },
    )
    source = sos.CategoryFolders(root)
    assert source.name == "my_set"
    assert sos.CategoryFolders(root, name="other").name == "other"
    items = taken(source)
    assert [(item.key, item.category) for item in items] == [
        ("a/3.webp", "a"),
        ("b_c/1.PNG", "b c"),
        ("b_c/2.png", "b c"),
    ]
    assert all((item.rgba == disc()).all() and not item.words for item in items)
    assert next((unit.size, unit.segments) for unit in source.units()) == ((root / "a/3.webp").stat().st_size, 1)
    depth = "at another depth than CATEGORY/FILE"
    assert left_out(source) == {"b_c/deeper/3.png": depth, "top.png": depth}


@pytest.mark.parametrize(
    ("folder", "plain", "stripped"),
    [
        ("person1", "person1", "person"),
        ("teddy_bear_12", "teddy bear 12", "teddy bear"),
        ("cat", "cat", "cat"),
        ("3d_printer", "3d printer", "3d printer"),  # only at the end
    ],
)
def test_digits_at_the_end_of_a_folder_are_stripped_on_request(
    tmp_path: Path, folder: str, plain: str, stripped: str
) -> None:
    root = write_files(tmp_path, {f"{folder}/1.png": disc()})
    assert [item.category for item in taken(sos.CategoryFolders(root))] == [plain]
    (item,) = taken(sos.CategoryFolders(root, strip_digits=True))
    assert (item.key, item.category) == (f"{folder}/1.png", stripped)


def test_folders_that_differ_in_their_digits_are_one_category(tmp_path: Path) -> None:
    """And a build that strips them is another one than a build that does not, even where no name ends in digits."""
    root = write_files(tmp_path / "in", {"person1/1.png": disc(), "person2/1.png": disc(), "cat/1.png": disc()})
    sources = [sos.CategoryFolders(root, strip_digits=strip) for strip in (True, False)]
    library = sos.build_library(tmp_path / "out", sources[:1], encoding=ENCODING)
    assert library.category_names == ["cat", "person"]
    assert library.category_starts.tolist() == [0, 1, 3]
    assert sources[0].settings() != sources[1].settings()


@pytest.mark.parametrize("folder", ["_", " ", "__ _"])
def test_a_folder_whose_name_is_none_is_left_out_by_name(tmp_path: Path, folder: str) -> None:
    """It would become a category without a name."""
    for layout, sub_folder in ((sos.CategoryFolders, ""), (sos.SOSLayout, "0/")):
        root = tmp_path / layout.__name__
        write_files(root, {f"{folder}/{sub_folder}1.png": disc(), f"cat/{sub_folder}1.png": disc()})
        source = layout(root)
        reason = f"the folder's name {folder!r} leaves no name of a category"
        assert left_out(source) == {f"{folder}/{sub_folder}1.png": reason}
        assert [item.category for item in taken(source)] == ["cat"]


def test_a_folder_of_digits_alone_cannot_be_stripped(tmp_path: Path) -> None:
    source = sos.CategoryFolders(write_files(tmp_path, {"12/1.png": disc()}), strip_digits=True)
    assert left_out(source) == {"12/1.png": "the folder's name '12' leaves no name of a category"}
    assert [item.category for item in taken(sos.CategoryFolders(tmp_path))] == ["12"]


BROKEN: dict[str, tuple[bytes, str]] = {
    "zero bytes": (b"", "empty file"),
    "no picture": (b"hello", "not a readable image"),
    "truncated": (png(disc())[:-300], "not a readable image"),
    "without its last byte": (png(disc())[:-1], "not a readable image"),
    "one byte flipped": (flip_byte(png(disc()), 400), "not a readable image"),
    "no alpha": (pil_bytes(Image.fromarray(disc()[..., :3]), "PNG"), "no alpha channel"),
    "grey": (pil_bytes(Image.fromarray(disc()[..., 0]), "PNG"), "no alpha channel"),
    "a JPEG named PNG": (pil_bytes(Image.fromarray(disc()[..., :3]), "JPEG"), "no alpha channel"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_pictures_are_left_out_with_a_reason(tmp_path: Path, case: str) -> None:
    """The good one beside it is still taken."""
    data, reason = BROKEN[case]
    for layout, folder in ((sos.CategoryFolders, "a/c"), (sos.SOSLayout, "b/c/0")):
        root = write_files(tmp_path, {f"{folder}/bad.png": data, f"{folder}/good.png": disc()}) / folder[0]
        assert left_out(layout(root)) == {f"{folder[2:]}/bad.png": reason}
        assert len(taken(layout(root))) == 1


def test_a_picture_that_promises_too_many_pixels_is_left_out(tmp_path: Path) -> None:
    write_files(tmp_path, {"c/bad.png": png_header_only(40_000, 40_000), "c/good.png": disc()})
    assert left_out(sos.CategoryFolders(tmp_path)) == {"c/bad.png": "more than 268435456 pixels"}
    (tmp_path / "c/bad.png").write_bytes(png_header_only(16384, 16384))  # just as many: decoded, and found to be cut
    assert left_out(sos.CategoryFolders(tmp_path)) == {"c/bad.png": "not a readable image"}


@pytest.mark.parametrize("entry", ["folder", "dangling link"])
def test_an_entry_that_is_no_file_does_not_stop_the_others(tmp_path: Path, entry: str) -> None:
    write_files(tmp_path, {"c/good.png": disc()})
    bad = tmp_path / "c/bad.png"
    bad.mkdir() if entry == "folder" else bad.symlink_to(tmp_path / "nowhere.png")
    assert len(taken(sos.CategoryFolders(tmp_path))) == 1
    assert left_out(sos.CategoryFolders(tmp_path)) == {"c/bad.png": "not a file"}


def rgba_variants() -> dict[str, tuple[bytes, Pixels]]:
    """Ways to write the same picture."""
    rgba = disc()
    deep = rgba.astype(np.uint16) * 257
    grey = np.dstack([rgba[..., :1]] * 3 + [rgba[..., 3:]])
    few = np.dstack([rgba[..., :3] // 128 * 255, rgba[..., 3:] // 128 * 255])  # 16 colours at most
    palette = Image.fromarray(few).quantize(16)
    return {
        "16 bit": (bytes(cv2.imencode(".png", cv2.cvtColor(deep, cv2.COLOR_RGBA2BGRA))[1]), rgba),
        "grey with alpha": (pil_bytes(Image.fromarray(grey).convert("LA"), "PNG"), grey),
        "palette": (pil_bytes(palette, "PNG"), np.asarray(palette.convert("RGBA"))),
    }


@pytest.mark.parametrize("case", ["16 bit", "grey with alpha", "palette"])
def test_other_ways_to_write_rgba(tmp_path: Path, case: str) -> None:
    data, expected = rgba_variants()[case]
    (item,) = taken(sos.CategoryFolders(write_files(tmp_path, {"c/x.png": data})))
    assert item.rgba.dtype == np.uint8
    assert (item.rgba[..., 3] == expected[..., 3]).all()
    assert (item.rgba[expected[..., 3] > 0] == expected[expected[..., 3] > 0]).all()


@pytest.mark.parametrize("layout", [sos.CategoryFolders, sos.SOSLayout])
@pytest.mark.parametrize("case", ["empty", "absent", "a file", "too shallow"])
def test_exception_for_a_folder_with_nothing_to_take(tmp_path: Path, layout: type[Any], case: str) -> None:
    root = tmp_path / "root"
    if case == "a file":
        root.write_bytes(b"")
    elif case != "absent":
        write_files(root, {"top.png": disc()} if case == "too shallow" else {"cat/notes.txt": b""})
    with pytest.raises(sos.SourceError, match="root"):
        list(layout(root).units())


@pytest.mark.parametrize("make", [sos.CategoryFolders, sos.SOSLayout, lambda path: sos.CocoInstances(path, path)])
def test_a_source_takes_a_path_as_text(tmp_path: Path, make: Any) -> None:
    assert make(str(tmp_path)) == make(tmp_path)


# category/sub_category/ID.png


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, Words("old red")),  # the metadata does not know it
        ({}, Words("old red")),
        ({"description": " A mug. ", "short_phrase": "mug"}, Words("old red", "A mug.", "mug")),
        ({"features": [" red", "", "round "]}, Words("old red", features=("red", "round"))),
        ({"features": "red, round,"}, Words("old red", features=("red", "round"))),  # a list written as text
        ({"features": []}, Words("old red")),
        ({"prompt": "ignored"}, Words("old red")),
    ],
)
def test_words_of_the_sos_layout(tmp_path: Path, entry: dict[str, Any] | None, words: Words) -> None:
    metadata = json.dumps({} if entry is None else {"coffee_mug_old_red": entry}).encode()
    write_files(tmp_path, {"coffee_mug/old_red/5.png": disc(), "object_segments_metadata.json": metadata})
    (item,) = taken(sos.SOSLayout(tmp_path))
    assert (item.key, item.category, item.words) == ("coffee_mug/old_red/5.png", "coffee mug", words)


def test_a_sub_category_that_is_a_number_says_nothing(tmp_path: Path) -> None:
    """And without metadata nothing is known."""
    (item,) = taken(sos.SOSLayout(write_files(tmp_path, {"mug/017/5.png": disc()})))
    assert item.words == Words()


@pytest.mark.parametrize("field", ["description", "short_phrase", "features"])
def test_null_in_the_metadata_is_no_word(tmp_path: Path, field: str) -> None:
    metadata = json.dumps({"mug_0": {field: None}}).encode()
    write_files(tmp_path, {"mug/0/5.png": disc(), "object_segments_metadata.json": metadata})
    assert taken(sos.SOSLayout(tmp_path))[0].words == Words()


def test_null_among_the_features_is_no_word(tmp_path: Path) -> None:
    metadata = json.dumps({"mug_0": {"features": ["red", None]}}).encode()
    write_files(tmp_path, {"mug/0/5.png": disc(), "object_segments_metadata.json": metadata})
    assert taken(sos.SOSLayout(tmp_path))[0].words == Words(features=("red",))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"mug_0": 5}', b'{"mug_0": {"features": 5}}', b"\xff"])
def test_exception_for_metadata_that_is_none(tmp_path: Path, content: bytes) -> None:
    write_files(tmp_path, {"mug/0/5.png": disc(), "words.json": content})
    with pytest.raises(sos.SourceError, match=r"words\.json"):
        read_all(sos.SOSLayout(tmp_path, metadata=tmp_path / "words.json"))


def test_exception_for_named_metadata_that_is_absent(tmp_path: Path) -> None:
    write_files(tmp_path, {"mug/0/5.png": disc()})
    with pytest.raises(sos.SourceError, match=r"absent\.json"):
        read_all(sos.SOSLayout(tmp_path, metadata=tmp_path / "absent.json"))


def test_emoji3d(real_data: Path) -> None:
    """409 segments in 409 categories, names with hyphens and digits, soft alpha, words for all, features for some."""
    items = taken(sos.SOSLayout(real_data / "emoji3d"))
    by_category = {item.category: item for item in items}
    assert (len(items), len(by_category)) == (409, 409)
    assert {"T-Rex", "1st place medal", "eleven-thirty", "pool 8 ball", "globe showing Asia-Australia"} <= set(
        by_category
    )
    assert all(item.words.description and item.words.short_phrase and not item.words.sub_category for item in items)
    assert 100 < sum(bool(item.words.features) for item in items) < 200
    assert by_category["globe showing Americas"].words.features == ("globe", "world", "international")
    assert all(item.rgba.shape == (256, 256, 4) for item in items)
    assert all((item.rgba[..., 3] % 255).any() for item in items)
