"""``category/*.png`` and what it shares with the SOS layout: names, depths, files that are none, lists of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import sos_online as sos
from sos_online.library.sources.reading.allowed_images import AllowedImages
from sos_online.ops.names import category_name
from tests.library.conftest import ENCODING, disc, left_out, taken, write_files
from tests.library.sources.made_up import pil_bytes


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
        reason = "its folder's name leaves no name of a category"
        assert left_out(source) == {f"{folder}/{sub_folder}1.png": reason}
        assert [item.category for item in taken(source)] == ["cat"]


def test_a_folder_of_digits_alone_cannot_be_stripped(tmp_path: Path) -> None:
    source = sos.CategoryFolders(write_files(tmp_path, {"12/1.png": disc()}), strip_digits=True)
    assert left_out(source) == {"12/1.png": "its folder's name leaves no name of a category"}
    assert [item.category for item in taken(sos.CategoryFolders(tmp_path))] == ["12"]


@pytest.mark.parametrize("entry", ["folder", "dangling link"])
def test_an_entry_that_is_no_file_does_not_stop_the_others(tmp_path: Path, entry: str) -> None:
    write_files(tmp_path, {"c/good.png": disc()})
    bad = tmp_path / "c/bad.png"
    bad.mkdir() if entry == "folder" else bad.symlink_to(tmp_path / "nowhere.png")
    assert len(taken(sos.CategoryFolders(tmp_path))) == 1
    assert left_out(sos.CategoryFolders(tmp_path)) == {"c/bad.png": "not a file"}


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


def test_pictures_without_alpha_are_left_out_by_name(tmp_path: Path) -> None:
    """Whatever their suffix: nothing that looks like a picture is passed over."""
    photo = pil_bytes(Image.fromarray(disc()[..., :3]), "JPEG")
    files = {f"{folder}/x.{suffix}": photo for folder in ("c", "c/0") for suffix in ("jpg", "jpeg", "png", "bmp")}
    root = write_files(tmp_path, {**files, "c/good.png": disc(), "c/0/good.png": disc()})
    for layout, folder in ((sos.CategoryFolders, "c"), (sos.SOSLayout, "c/0")):
        found = {key: reason for key, reason in left_out(layout(root)).items() if reason == "no alpha channel"}
        assert set(found) == {name for name in files if name.rpartition("/")[0] == folder}
        assert len(taken(layout(root))) == 1


# lists of images


@pytest.mark.parametrize(
    ("file_name", "allowed"),
    [
        ("12.png", True),
        ("12_3.png", True),
        ("12_person_1.png", True),
        ("12-a.png", True),
        ("12.jpg_3.png", True),
        ("12 (2).png", True),
        ("123.png", False),
        ("123_1.png", False),
        ("112_1.png", False),
        ("012_1.png", False),
        ("12a.png", False),
        ("12\u00e9.png", False),  # a letter too
        ("x_12.png", False),  # it begins with its image
        ("COCO_val2014_000000000042_1.png", True),
        ("COCO_val2014_0000000000421.png", False),
        ("a.b.c_1.png", True),
        ("a.b_1.png", False),
        ("caf\u00e9_1.png", True),
        ("cafe\u0301_1.png", True),
    ],
)
def test_which_cut_outs_come_from_an_image(file_name: str, allowed: bool) -> None:
    for names in (
        ["12.jpg", "train/COCO_val2014_000000000042.JPG", "a.b.c.png", "caf\u00e9.jpg"],
        ["12", "COCO_val2014_000000000042", "a.b.c", "cafe\u0301"],
    ):
        assert AllowedImages.of(names).allows(file_name) == allowed


def test_only_images(tmp_path: Path) -> None:
    """The released form: digits behind the category's name, and behind that of the image."""
    files = ("person1/000000000012_0.png", "person1/000000000123_0.png", "cat2/000000000012_7.png", "cat2/1.png")
    root = write_files(tmp_path, {name: disc() for name in files})

    def keys(only: list[str] | None) -> list[str]:
        return [item.key for item in taken(sos.CategoryFolders(root, strip_digits=True, only_images=only))]

    assert keys(None) == sorted(files)
    assert keys(["000000000012.jpg", "unknown.jpg"]) == ["cat2/000000000012_7.png", "person1/000000000012_0.png"]
    for nothing in ([], ["unknown"]):
        with pytest.raises(sos.SourceError, match="that comes from one of the images to be used, found none"):
            keys(nothing)


@pytest.mark.parametrize("one", ["a.png", b"a.png", Path("a.png")], ids=repr)
def test_exception_for_one_name_in_the_place_of_several(tmp_path: Path, one: Any) -> None:
    with pytest.raises(sos.SourceError, match=r"only_images: expected a collection of image names, found one"):
        sos.CategoryFolders(tmp_path, only_images=one)
