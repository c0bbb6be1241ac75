"""Listing folders: order, links, odd names; and names that files state."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.library.sources.reading.folders import file_or_folder, files_below, path_inside

SUFFIXES = (".png", ".webp")


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))
    return root


def listed(root: Path) -> list[tuple[str, str]]:
    return [(file.name, file.problem) for file in files_below(root, SUFFIXES)]


def good(root: Path) -> list[str]:
    return [name for name, problem in listed(root) if not problem]


names = st.text("ab.B1-_ é", min_size=1, max_size=4).filter(lambda name: name.strip(".") and not name.endswith(" "))


@given(paths=st.lists(st.lists(names, min_size=1, max_size=3), max_size=12))
def test_order_is_that_of_sorted_paths(tmp_path_factory: pytest.TempPathFactory, paths: list[list[str]]) -> None:
    """What ``sorted(root.rglob("*"))`` gives, of which a build's order is made, without holding it."""
    root = tmp_path_factory.mktemp("order")
    for parts in paths:
        folder = root.joinpath(*(f"d{part}" for part in parts[:-1]))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{parts[-1]}.png").write_bytes(b"")
    expected = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.suffix == ".png"]
    assert [file.name for file in files_below(root, SUFFIXES)] == expected


def test_only_one_folder_is_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, *(f"{folder}/{number}.png" for folder in "abc" for number in range(3)))
    opened: list[str] = []
    scandir = os.scandir

    def counting(path: Path) -> object:
        opened.append(Path(path).name)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counting)
    listing = files_below(tmp_path, SUFFIXES)
    assert [next(listing).name for _ in range(4)] == ["a/0.png", "a/1.png", "a/2.png", "b/0.png"]
    assert opened == [tmp_path.name, "a", "b"]


def test_suffixes_in_any_case_and_files_that_differ_in_case_alone(tmp_path: Path) -> None:
    touch(tmp_path, "c/a.PNG", "c/a.png", "c/A.png", "C/a.png", "c/notes.txt", "c/a.webp")
    assert good(tmp_path) == ["C/a.png", "c/A.png", "c/a.PNG", "c/a.png", "c/a.webp"]


def test_a_units_file_is_described(tmp_path: Path) -> None:
    touch(tmp_path, "c/a.png")
    (unit,) = (file.unit(3, {"k": 1}) for file in files_below(tmp_path, SUFFIXES))
    status = (tmp_path / "c/a.png").stat()
    assert (unit.name, unit.size, unit.segments) == ("c/a.png", status.st_size, 3)
    assert (unit.mtime_ns, unit.payload) == (status.st_mtime_ns, {"k": 1})


# links


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    """Files and folders, by a direct way or by several."""
    root, outside = touch(tmp_path / "in", "c/a.png"), touch(tmp_path / "in too", "x/1.png")
    (root / "c/b.png").symlink_to(outside / "x/1.png")
    (root / "d").symlink_to(outside / "x")
    (root / "e").symlink_to(root / "d")
    (root / "f").symlink_to(root / "c" / ".." / ".." / "in too")
    (root / "g.png").symlink_to(tmp_path / "nowhere.png")
    out = "leads out of its folder"
    assert listed(root) == [("c/a.png", ""), ("c/b.png", out), ("d", out), ("e", out), ("f", out), ("g.png", out)]


def test_links_that_stay_are_followed(tmp_path: Path) -> None:
    root = touch(tmp_path / "in", "c/a.png")
    (root / "c/b.png").symlink_to("a.png")
    (root / "d").symlink_to("c")
    (tmp_path / "link").symlink_to(root)
    for one in (root, tmp_path / "link"):
        assert good(one) == ["c/a.png", "c/b.png", "d/a.png", "d/b.png"]


def test_links_in_circles_end(tmp_path: Path) -> None:
    root = touch(tmp_path, "a/1.png", "c/2.png")
    (root / "a/b").symlink_to("../c")
    (root / "c/d").symlink_to("../a")
    (root / "a/up").symlink_to("..")
    assert good(root) == ["a/1.png", "a/b/2.png", "c/2.png", "c/d/1.png"]
    assert {problem for _, problem in listed(root)} == {"", "a link to a folder that it is in"}


@pytest.mark.parametrize("kind", ["folder", "dangling", "pipe"])
def test_what_is_no_file_is_named(tmp_path: Path, kind: str) -> None:
    """A pipe would be waited for."""
    touch(tmp_path, "c/a.png")
    bad = tmp_path / "c/b.png"
    {"folder": bad.mkdir, "dangling": lambda: bad.symlink_to("none.png"), "pipe": lambda: os.mkfifo(bad)}[kind]()
    assert listed(tmp_path) == [("c/a.png", ""), ("c/b.png", "not a file")]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch(tmp_path, "a/1.png", "b/1.png", "c/1.png")
    scandir = os.scandir

    def refusing(path: Path) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert listed(root) == [("a/1.png", ""), ("b", "folder cannot be listed: Permission denied"), ("c/1.png", "")]
    with pytest.raises(sos.SourceError, match=r"b: cannot be listed: Permission denied"):
        list(files_below(root / "b", SUFFIXES))


# names


@pytest.mark.parametrize("name", ["café.png", "cafe\u0301.png", "🐱 cat.png", "a\nb.png", "日本.png", "--x.png"])
def test_odd_names_are_kept(tmp_path: Path, name: str) -> None:
    assert good(touch(tmp_path, f"c/{name}")) == [f"c/{name}"]


def test_bytes_that_are_no_unicode_are_named(tmp_path: Path) -> None:
    """As files from old disks have them."""
    touch(tmp_path, "c/" + os.fsdecode(b"caf\xe9.png"), os.fsdecode(b"d\xff") + "/1.png", "e/1.png")
    reason = "its name is not Unicode"
    assert listed(tmp_path) == [("c/caf\\xe9.png", reason), ("d\\xff", reason), ("e/1.png", "")]


def test_a_file_or_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "c/a.png", "c/b.dat")
    assert [file.name for file in file_or_folder(tmp_path / "c", SUFFIXES)] == ["a.png"]
    assert [file.name for file in file_or_folder(tmp_path / "c/b.dat", SUFFIXES)] == ["b.dat"]
    with pytest.raises(sos.SourceError, match=r"nothing: a source that is no file must be a folder; it is not there"):
        list(file_or_folder(tmp_path / "nothing", SUFFIXES))


@pytest.mark.parametrize("name", ["a.png", "x/a.png", "./a.png", "x/./a.png", "..png", "a..png", "stays/a.png"])
def test_a_stated_name_that_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "stays").symlink_to("x")
    assert path_inside(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    ["", "..", "../a.png", "x/../../a.png", "x/../a.png", "/etc/hostname", "leaves/a.png", "a\0b", "\ud800.png", "."],
)
def test_a_stated_name_that_leaves(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/leaves").symlink_to(tmp_path)
    assert path_inside(tmp_path / "in", name) is None


def test_a_link_to_itself_is_left_out_alone(tmp_path: Path) -> None:
    """What is sorted after it is taken."""
    (tmp_path / "aloop").symlink_to("aloop")
    (tmp_path / "z.png").write_bytes(b"x")
    found = {item.parts: item.problem for item in files_below(tmp_path, (".png",))}
    assert found == {("aloop",): "a link that leads nowhere", ("z.png",): ""}
