"""WebDataset tars: samples, where the category is from, and archives that are not as they should be."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

import sos_online as sos
from sos_online.library.sources import WebDatasetTars
from sos_online.types import Words
from tests.library.conftest import disc, left_out, png, read_all, taken
from tests.library.sources.made_up import tar_members, write_tar

IMAGE = png(disc())


def one(root: Path, settings: dict[str, Any] | None = None, **members: bytes) -> WebDatasetTars:
    """An archive of one sample."""
    path = write_tar(root / "s.tar", [("k.png", IMAGE), *((f"k.{suffix}", data) for suffix, data in members.items())])
    return WebDatasetTars(path, **(settings or {}))


def test_smoke(tmp_path: Path) -> None:
    source = WebDatasetTars(write_tar(tmp_path / "shard.tar", tar_members(3)))
    items = taken(source)
    assert source.name == "shard"
    assert [(item.key, item.category) for item in items] == [(f"shard.tar#{number:03d}", "mug") for number in range(3)]
    assert all((item.rgba == disc(seed=number)).all() for number, item in enumerate(items))
    assert left_out(source) == {}


def test_a_folder_of_archives_and_folders_in_them(tmp_path: Path) -> None:
    """A sample is named by all before the first dot of its file's name."""
    members = [("./a/1.rgba.png", IMAGE), ("./a/1.json", b"{}"), ("b.c/1.PNG", IMAGE), ("b.c/1.cls", b"x")]
    write_tar(tmp_path / "set/2.tar", tar_members(1))
    write_tar(tmp_path / "set/deep/1.tar", members)
    source = WebDatasetTars(tmp_path / "set", category="thing")
    assert [(item.key, item.category) for item in taken(source)] == [("2.tar#000", "mug"), ("deep/1.tar#b.c/1", "x")]
    assert left_out(source) == {"deep/1.tar#./a/1": "no png or webp in the sample"}


@pytest.mark.parametrize(
    ("members", "category", "description"),
    [
        ({"json": b'{"category": "red_mug"}', "cls": b"cup", "txt": b"A mug."}, "red mug", "A mug."),
        ({"json": b"{}", "cls": b" cup\n", "txt": b"A mug."}, "cup", "A mug."),
        ({"json": b'{"category": "mug", "description": "D"}', "txt": b"A mug."}, "mug", "D"),
        ({"txt": b"coffee mug"}, "coffee mug", ""),
        ({"json": b'{"category": 5}', "cls": b"cup"}, "cup", ""),
        ({"cls": b"17"}, "17", ""),
    ],
)
def test_where_the_category_is_from(tmp_path: Path, members: dict[str, bytes], category: str, description: str) -> None:
    (item,) = taken(one(tmp_path, **members))
    assert (item.category, item.words.description) == (category, description)


def test_one_category_for_those_that_name_none(tmp_path: Path) -> None:
    (item,) = taken(one(tmp_path, {"category": "mug"}, txt=b"A red mug."))
    assert (item.category, item.words.description) == ("mug", "A red mug.")


def test_names_of_classes(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("cat\n\ndog\n")
    settings = {"class_names": tmp_path / "names.txt"}
    assert taken(one(tmp_path, settings, cls=b"2"))[0].category == "dog"
    assert left_out(one(tmp_path, settings, cls=b"1")) == {"s.tar#k": "no category"}
    for number in (b"3", b"-1", b"cat", "²".encode(), b"9" * 10_000):
        assert left_out(one(tmp_path, settings, cls=number)) == {
            "s.tar#k": "cls has no name in the file of class names"
        }


def test_words_and_flags(tmp_path: Path) -> None:
    record = {"category": "mug", "sub_category": "red", "short_phrase": "a mug", "features": "['old', 'red']"}
    (item,) = taken(one(tmp_path, json=json.dumps({**record, "Integrity": "no", "width": 7}).encode()))
    assert item.words == Words("red", "", "a mug", ("old", "red"))
    assert item.flags == {"Integrity": False}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "no category"),
        ({"json": b"{"}, "json, cls or txt not readable"),
        ({"json": b"[" * 100_000}, "json, cls or txt not readable"),
        ({"json": b"[]"}, "json is no object"),
        ({"cls": b"\xff"}, "json, cls or txt not readable"),
        ({"json": b'{"category": "a", "Integrity": 7}'}, "flag Integrity: expected true, false, 1, 0, yes or no"),
        ({"json": b'{"category": "a", "features": 7}'}, "features: expected a list of texts or one text"),
        ({"cls": b"a", "png": IMAGE}, "two members of one name"),
        ({"cls": b"a" * (1 << 20) + b"a"}, "a member is too large"),
    ],
)
def test_a_broken_sample_does_not_stop_the_others(tmp_path: Path, members: dict[str, bytes], reason: str) -> None:
    broken = [("a.png", IMAGE), *((f"a.{suffix}", data) for suffix, data in members.items())]
    source = WebDatasetTars(write_tar(tmp_path / "s.tar", [*broken, *tar_members(1)]))
    assert left_out(source) == {"s.tar#a": reason}
    assert [item.key for item in taken(source)] == ["s.tar#000"]


def test_two_samples_of_one_name(tmp_path: Path) -> None:
    """Apart from each other: a segment's key must be its own."""
    again = ("000.png", IMAGE), ("000.cls", b"cat")
    source = WebDatasetTars(write_tar(tmp_path / "s.tar", [*tar_members(2), *again]))
    assert left_out(source) == {"s.tar#000": "two samples of one name"}
    assert [item.category for item in taken(source)] == ["mug", "mug"]


def test_an_image_without_alpha_is_left_out(tmp_path: Path) -> None:
    source = WebDatasetTars(
        write_tar(tmp_path / "s.tar", [("a.png", b""), ("a.cls", b"a"), ("b.jpg", b""), *tar_members(1)])
    )
    assert left_out(source) == {"s.tar#a": "empty file", "s.tar#b": "no png or webp in the sample"}


def special(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (special("x.png", tarfile.SYMTYPE, "/etc/hostname"), "a link or another member that is no plain file"),
        (special("x.png", tarfile.LNKTYPE, "000.png"), "a link or another member that is no plain file"),
        (special("x.png", tarfile.FIFOTYPE), "a link or another member that is no plain file"),
        (special("../x.png"), "its name leads out of the archive"),
        (special("/etc/x.png"), "its name leads out of the archive"),
        (special("a/../../x.png"), "its name leads out of the archive"),
    ],
)
@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_members_that_lead_elsewhere_are_left_out(
    tmp_path: Path, entry: tarfile.TarInfo, reason: str, format: int
) -> None:
    write_tar(tmp_path / "s.tar", tar_members(1))
    with tarfile.open(tmp_path / "s.tar", "a", format=format) as archive:
        archive.addfile(entry, io.BytesIO())
    source = WebDatasetTars(tmp_path / "s.tar")
    assert left_out(source) == {f"s.tar#{entry.name.removesuffix('.png')}": reason}
    assert len(taken(source)) == 1


def test_a_sample_of_which_a_part_leads_elsewhere_is_left_out(tmp_path: Path) -> None:
    """Without its class it would be taken for one of another category."""
    write_tar(tmp_path / "s.tar", [*tar_members(1), ("x.png", IMAGE)])
    with tarfile.open(tmp_path / "s.tar", "a") as archive:
        archive.addfile(special("x.cls", tarfile.SYMTYPE, "000.cls"))
    reason = "a link or another member that is no plain file"
    assert left_out(WebDatasetTars(tmp_path / "s.tar", category="thing")) == {"s.tar#x": reason}


@pytest.mark.parametrize("sample", range(4))
def test_of_a_cut_archive_the_whole_samples_are_taken(tmp_path: Path, sample: int) -> None:
    """And the one in which it is cut is not taken for one without a category."""
    path = write_tar(tmp_path / "s.tar", tar_members(4))
    content = path.read_bytes()
    with tarfile.open(path) as archive:
        entry = archive.getmembers()[2 * sample + 1]  # its class
    for cut in (entry.offset, entry.offset_data, entry.offset - 600):
        path.write_bytes(content[:cut])
        source = WebDatasetTars(path, category="thing")
        if sample == 0:
            with pytest.raises(
                sos.SourceError, match=r"s\.tar: expected samples in \*\.tar \(not compressed\), found none"
            ):
                read_all(source)
            continue
        assert [item.key for item in taken(source)] == [f"s.tar#{number:03d}" for number in range(sample)]
        found = left_out(source)
        assert found.pop("s.tar") == "archive is cut off"
        assert found in ({}, {f"s.tar#{sample:03d}": "archive is cut off"})


def test_what_is_no_archive(tmp_path: Path) -> None:
    """Compressed ones cannot be read from the middle."""
    write_tar(tmp_path / "good.tar", tar_members(1))
    with tarfile.open(tmp_path / "packed.tar", "w:gz"):
        pass
    (tmp_path / "empty.tar").write_bytes(b"")
    (tmp_path / "text.tar").write_bytes(b"no archive " * 100)
    assert left_out(WebDatasetTars(tmp_path)) == {
        "empty.tar": "archive is cut off",
        "packed.tar": "archive is cut off",
        "text.tar": "damaged archive header",
    }
    with pytest.raises(sos.SourceError, match=r"text\.tar: expected samples"):
        read_all(WebDatasetTars(tmp_path / "text.tar"))


def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "s.tar", tar_members(1))
    with tarfile.open(path, "a", format=tarfile.GNU_FORMAT, encoding="iso-8859-1") as archive:
        archive.addfile(tarfile.TarInfo("café.png"), io.BytesIO())
    assert left_out(WebDatasetTars(path)) == {"s.tar#caf\\xe9": "its name is not Unicode"}
